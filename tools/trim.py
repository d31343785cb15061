"""Leaves out of microdot, at build time, what the firmware never calls: it would cost RAM for ever.

Lines stay where they are, so tracebacks stay true. A name that is gone from a newer microdot stops
the build, so that this list is looked at again.
"""

import ast

UNUSED = {
    "": ("urldecode", "urlencode", "MultiDict", "abort", "redirect"),
    "NoCaseDict": ("__delitem__",),
    "AsyncBytesIO": ("readline", "readexactly", "readuntil", "awrite", "aclose"),
    "URLPattern": ("register_type", "__repr__"),
    "HTTPException": ("__repr__",),
    "Microdot": (
        "query",
        "abort",
        "post",
        "put",
        "patch",
        "delete",
        "before_request",
        "after_error_request",
        "mount",
        "run",
        "start_server",
        "shutdown",
    ),
    "Response": ("set_cookie", "delete_cookie", "redirect"),
    "Request": ("json", "form", "files", "after_request", "_parse_urlencoded"),
}


def trim(source, unused):
    """Return the source without the names in `unused`, `{class: (method, ...)}`, where the class
    "" is the module itself.

    Raises ValueError when one of them is not there.
    """
    lines = source.splitlines(keepends=True)
    module = ast.parse(source)
    bodies = {node.name: node.body for node in module.body if isinstance(node, ast.ClassDef)}
    bodies[""] = module.body
    for owner, names in unused.items():
        found = {_name_of(node): node for node in bodies.get(owner, ())}
        missing = [name for name in names if name not in found]
        if missing:
            raise ValueError("%s has no %s" % (owner or "the module", ", ".join(missing)))
        for name in names:
            _blank(lines, found[name])
    return "".join(lines)


def _name_of(node):
    """Return the name that a statement defines, None when it is no definition."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return getattr(node, "name", None)


def _blank(lines, node):
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno] + [decorator.lineno for decorator in decorators])
    for number in range(first - 1, node.end_lineno):
        lines[number] = "\n"
