"""Shortens private names at build time, as every distinct name costs RAM on the device for ever.

MicroPython interns each identifier once, so `_a` in forty modules costs as much as in one. What
starts with a single underscore belongs to its module, by the rules of this code; such a name is
replaced when the module itself defines it. Lines stay where they are, so tracebacks stay true.
"""

import ast
import io
import itertools
import string
import tokenize


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


def short_names(taken):
    """Yield _a, _b, … _aa, … but for those that are taken."""
    for length in itertools.count(1):
        for letters in itertools.product(string.ascii_lowercase, repeat=length):
            name = "_" + "".join(letters)
            if name not in taken:
                yield name


def shorten(source):
    """Return the source of a module with its private names shortened.

    Raises ValueError when a private name also stands in a string, where a lookup by name
    (`getattr`) would miss it.
    """
    names = private_names(ast.parse(source))
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    used = {token.string for token in tokens if token.type == tokenize.NAME}
    replacement = dict(zip(names, short_names(used), strict=False))
    for token in tokens:
        if token.type == tokenize.STRING and token.string.strip("\"'") in replacement:
            raise ValueError("%s is looked up by name" % token.string)
    lines = source.splitlines(keepends=True)
    for token in reversed(tokens):
        if token.type == tokenize.NAME and token.string in replacement:
            row, column = token.start
            line = lines[row - 1]
            end = column + len(token.string)
            lines[row - 1] = line[:column] + replacement[token.string] + line[end:]
    return "".join(lines)
