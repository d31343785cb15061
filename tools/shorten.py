"""Shortens names at build time, as every distinct name costs RAM on the device for ever.

MicroPython interns each identifier once, so `_a` in forty modules costs as much as in one. Two
kinds of names can be replaced without looking at other modules: what starts with a single
underscore and is defined in the module itself, and arguments that nobody passes by keyword. What
each class keeps to tell its own name can go. Lines stay where they are, so tracebacks stay true.
"""

import ast
import io
import itertools
import keyword
import string
import tokenize

from names import replace as replace_nodes

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def private_names(tree):
    """Return the private names that a module defines, in a stable order."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = None
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id] = None
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found[node.attr] = None
    return [n for n in found if n.startswith("_") and not n.startswith("__") and len(n) > 3]


def keywords_in(sources):
    """Return every name that is passed as a keyword somewhere in these sources."""
    calls = (node for source in sources for node in ast.walk(ast.parse(source)))
    return {node.arg for node in calls if isinstance(node, ast.keyword) and node.arg}


def short_names(prefix, taken):
    """Yield prefix + a, b, … aa, … but for those that are taken."""
    for length in itertools.count(1):
        for letters in itertools.product(string.ascii_lowercase, repeat=length):
            name = prefix + "".join(letters)
            if name not in taken and not keyword.iskeyword(name):
                yield name


def shorten(source, keywords=frozenset()):
    """Return the source of a module with its private names and its arguments shortened.

    `keywords` are the names of arguments that must stay. Raises ValueError when a private name
    also stands in a string, where a lookup by name (`getattr`) would miss it.
    """
    tree = ast.parse(source)
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    used = {token.string for token in tokens if token.type == tokenize.NAME}
    private = dict(zip(private_names(tree), short_names("_", used), strict=False))
    changes = Arguments(source, used, keywords).changes_in(tree)
    for token in tokens:
        if token.type == tokenize.STRING and token.string.strip("\"'") in private:
            raise ValueError("%s is looked up by name" % token.string)
        if token.type == tokenize.NAME and token.string in private:
            changes[token.start] = (token.string, private[token.string])
    return replace(source, changes)


def forget_class_names(source):
    """Return the source with classes that forget `__module__` and `__qualname__`.

    MicroPython keeps both in the dict of every class. They are deleted in place of the docstring,
    so a class without one keeps them, as does one with nothing else to use their room.
    """
    if "__module__" in source or "__qualname__" in source:
        raise ValueError("the names that classes keep are read")
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    docs = [node.body[0] for node in nodes if len(node.body) > 1 and ast.get_docstring(node, False)]
    return replace_nodes(source, [(doc, "del __module__, __qualname__\n") for doc in docs])


def replace(source, changes):
    """Return the source with `{(row, column): (old, new)}` replaced."""
    lines = source.splitlines(keepends=True)
    for (row, column), (old, new) in sorted(changes.items(), reverse=True):
        line = lines[row - 1]
        if line[column : column + len(old)] != old:
            raise ValueError("line %d: %s is not where it should be" % (row, old))
        lines[row - 1] = line[:column] + new + line[column + len(old) :]
    return "".join(lines)


class Arguments:
    """Finds where the arguments of each function stand, and what they can be called instead."""

    def __init__(self, source, used, keywords):
        self._lines = source.splitlines()
        self._used = used
        self._keywords = keywords
        self._changes = {}

    def changes_in(self, tree):
        """Return `{(row, column): (old, new)}`."""
        fixed = (ast.Global, ast.Nonlocal)
        self._fixed = {n for s in ast.walk(tree) if isinstance(s, fixed) for n in s.names}
        self._visit(tree, {})
        return self._changes

    def _visit(self, node, names):
        if isinstance(node, _FUNCTIONS):
            self._visit_function(node, names)
            return
        if isinstance(node, ast.Name) and node.id in names:
            self._note(node, node.id, names[node.id])
        for child in ast.iter_child_nodes(node):
            self._visit(child, names)

    def _visit_function(self, node, outer):
        """Defaults and decorators belong to the scope around the function."""
        around = node.args.defaults + node.args.kw_defaults + getattr(node, "decorator_list", [])
        for child in around:
            if child is not None:
                self._visit(child, outer)
        names = dict(outer)
        fresh = short_names("", self._used | set(outer.values()))
        for argument in self._arguments(node):
            names.pop(argument.arg, None)
            if self._may_change(argument.arg):
                names[argument.arg] = next(fresh)
                self._note(argument, argument.arg, names[argument.arg])
        body = node.body if isinstance(node.body, list) else [node.body]
        for child in body:
            self._visit(child, names)

    def _arguments(self, node):
        every = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
        return every + [a for a in (node.args.vararg, node.args.kwarg) if a]

    def _may_change(self, name):
        return len(name) > 2 and name != "self" and name not in self._keywords | self._fixed

    def _note(self, node, old, new):
        prefix = self._lines[node.lineno - 1].encode()[: node.col_offset].decode()
        self._changes[(node.lineno, len(prefix))] = (old, new)
