"""Leaves out of microdot, at build time, what the firmware never calls: it would cost RAM for ever.

Lines stay where they are, so tracebacks stay true. A name that is gone from a newer microdot stops
the build, so that this list is looked at again.
"""

import ast

UNUSED = {
    "Microdot": (
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
    "Response": ("set_cookie", "delete_cookie"),
    "Request": ("json", "form", "files", "after_request", "_parse_urlencoded"),
}


def trim(source, unused):
    """Return the source without the methods in `unused`, `{class: (method, ...)}`.

    Raises ValueError when one of them is not there.
    """
    lines = source.splitlines(keepends=True)
    for node in ast.parse(source).body:
        if not isinstance(node, ast.ClassDef) or node.name not in unused:
            continue
        missing = set(unused[node.name])
        for method in node.body:
            name = getattr(method, "name", None)
            if name in unused[node.name]:
                missing.discard(name)
                _blank(lines, method)
        if missing:
            raise ValueError("%s has no %s" % (node.name, ", ".join(sorted(missing))))
    return "".join(lines)


def _blank(lines, node):
    first = min([node.lineno] + [decorator.lineno for decorator in node.decorator_list])
    for number in range(first - 1, node.end_lineno):
        lines[number] = "\n"
