"""Gives methods and attributes short names at build time, the same ones in all modules.

Every distinct name costs RAM on the device for ever, and the 620th and the 1,260th let a table
grow by 7 and 14 KB. What is called short here is what our own classes define. A name stays as it
is where something else may mean it: adapters and microdot use it, a type or a module of Python
has it, or a string says it, which may then be looked up.
"""

import ast
import asyncio
import binascii
import builtins
import collections
import errno
import gc
import hashlib
import io
import json
import os
import re
import struct
import sys
import time

from names import Module, name_of
from shorten import short_names

_MODULES = (
    *(asyncio, binascii, builtins, collections, errno, gc, hashlib, io, json, os, re, struct, sys),
    time,
)
# What MicroPython has beside CPython, on any board: asyncio, gc, os, requests, sys, time.
_MICROPYTHON = {
    *("aclose", "awrite", "const", "cur_task", "get_extra_info", "ilistdir", "implementation"),
    *("ioctl", "mem_alloc", "mem_free", "mount", "print_exception", "readblocks", "readinto"),
    *("sleep_ms", "sleep_us", "statvfs", "threshold", "ticks_add", "ticks_diff", "ticks_ms"),
    *(
        "delete",
        "get",
        "head",
        "patch",
        "post",
        "put",
        "request",
        "ticks_us",
        "umount",
        "value",
        "wait_closed",
        "wait_for_ms",
        "writeblocks",
    ),
}
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def shorten_members(sources, foreign):
    """Return `{"package.module": source}` with the members of all classes shortened.

    `foreign` are sources whose words must stay. Raises ValueError for a lookup by a name that is
    put together, which cannot be followed.
    """
    short = short_names_of(sources, foreign)
    modules = [Module(name, source, sources) for name, source in sources.items()]
    return {m.name: ast.unparse(_Renamer(m, short).visit(m.tree)) + "\n" for m in modules}


def short_names_of(sources, foreign):
    """Return `{member: short name}`, see `shorten_members`."""
    modules = [Module(name, source, sources) for name, source in sources.items()]
    fixed = _words_of_python().union(*(_words(ast.parse(source)) for source in foreign))
    objects = set().union(*(module.opaque for module in modules))
    for module in modules:
        _check_lookups(module)
        fixed.update(_strings(module.tree), _read_from_outside(module))
        if module.name in objects:  # what is taken of it looks like a member
            fixed.update(map(name_of, module.written))
    found = sorted(set().union(*(_members(module) for module in modules)) - fixed)
    taken = fixed.union(*(_words_beside(module) for module in modules))
    return dict(zip(found, short_names("", taken), strict=False))


def _words_of_python():
    """Return the attributes of modules that our code may use, and of all that is in them."""
    found = _MICROPYTHON.copy()
    for module in _MODULES:
        found.update(dir(module))
        for name in dir(module):
            found.update(dir(getattr(module, name)))
    return found


def _words(tree):
    for node in ast.walk(tree):
        for kind in ("attr", "id", "name", "arg", "asname"):
            word = getattr(node, kind, None)
            if word:
                yield word
        yield from _strings(node)


def _strings(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _check_lookups(module):
    for node in ast.walk(module.tree):
        is_lookup = isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("attr")
        if is_lookup and not isinstance([*node.args, None, None][1], ast.Constant | ast.Name):
            raise ValueError("%s: %s is not read" % (module.name, ast.unparse(node)))


def _members(module):
    """Yield the public names of what classes define and of attributes that are set."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            for statement in node.body:
                yield from filter(_may_change, _defined_by(statement))
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield from filter(_may_change, [node.attr] if node not in module.targets else [])


def _read_from_outside(module):
    """Yield what a class reads before it defines the same name, as in `limit = limit`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            own = set()
            for statement in node.body:
                new = set(_defined_by(statement)) - own
                yield from (name for name in _read_by(statement) if name in new)
                own |= new


def _words_beside(module):
    """Yield the names that stand where the new ones will: attributes, and words in classes."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ClassDef):
            for statement in node.body:
                yield from (*_defined_by(statement), *_read_by(statement))


def _defined_by(statement):
    for node in _in_class(statement):
        if isinstance(node, _DEFINITIONS):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _read_by(statement):
    for node in _in_class(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id


def _in_class(node):
    """Yield the nodes whose names are those of the class that a statement stands in."""
    yield node
    if isinstance(node, _COMPREHENSIONS):
        inside = [node.generators[0].iter]
    elif isinstance(node, ast.ClassDef):
        inside = [*node.decorator_list, *node.bases, *node.keywords]
    elif isinstance(node, (*_DEFINITIONS, ast.Lambda)):
        defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        inside = [*getattr(node, "decorator_list", []), *defaults]
    else:
        inside = ast.iter_child_nodes(node)
    for inner in inside:
        yield from _in_class(inner)


def _may_change(name):
    return len(name) > 2 and not name.startswith("_")


class _Renamer(ast.NodeTransformer):
    """Writes the short names into one module."""

    def __init__(self, module, short):
        self._targets = module.targets
        self._short = short

    def visit_Attribute(self, node):
        if node not in self._targets:  # else it is a name of another module
            node.attr = self._short.get(node.attr, node.attr)
        return self.generic_visit(node)

    def visit_ClassDef(self, node):
        """What stands in a class may name what it defined before."""
        inside = [inner for statement in node.body for inner in _in_class(statement)]
        own = {name for statement in node.body for name in _defined_by(statement)}
        for inner in inside:
            if isinstance(inner, _DEFINITIONS):
                inner.name = self._short.get(inner.name, inner.name)
            elif isinstance(inner, ast.Name) and inner.id in own:
                inner.id = self._short.get(inner.id, inner.id)
        return self.generic_visit(node)
