"""The layer rules, checked by reading the imports of the firmware."""

import ast
import sys
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).resolve().parent.parent / "firmware"
PACKAGE = FIRMWARE / "mfpmail"

PURE_MODULES = {"binascii", "json", "hashlib", "struct", "re"}

# layer → (layers it may import from, modules it may import besides)
RULES = {
    "core": ({"core"}, PURE_MODULES),
    "session": ({"core", "session"}, {"asyncio"}),
    "service": (
        {"core", "session", "service"},
        PURE_MODULES | {"asyncio", "gc", "sys", "mfpmail"},
    ),
    "web": (
        {"core", "session", "service", "web"},
        PURE_MODULES | {"asyncio", "gc", "microdot", "mfpmail"},
    ),
}
HAL_MAY_IMPORT_OF_US = {"mfpmail.core.errors"}


def imports_of(path):
    """Yield the full name of every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            yield from _imported_from(node)


def _imported_from(node):
    for alias in node.names:
        full = "%s.%s" % (node.module, alias.name)
        as_path = FIRMWARE / full.replace(".", "/")
        is_module = as_path.with_suffix(".py").exists() or as_path.is_dir()
        yield full if is_module else node.module


def breaches(layer, path):
    """Return what a file of a layer imports against the rules."""
    layers, modules = RULES[layer]
    found = []
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] == "mfpmail" and len(parts) > 1:
            if parts[1] not in layers and name != "mfpmail.web":
                found.append(name)
        elif parts[0] not in modules:
            found.append(name)
    return found


@pytest.mark.parametrize("layer", sorted(RULES))
def test_layer_imports_only_what_the_architecture_allows(layer):
    files = sorted((PACKAGE / layer).rglob("*.py"))
    assert len(files) > 1
    assert {str(f): breaches(layer, f) for f in files if breaches(layer, f)} == {}


def test_hal_imports_nothing_of_the_package_but_errors_and_itself():
    for path in sorted((PACKAGE / "hal").rglob("*.py")):
        ours = {n for n in imports_of(path) if n.startswith("mfpmail")}
        allowed = {n for n in ours if n in HAL_MAY_IMPORT_OF_US or n.startswith("mfpmail.hal")}
        assert ours == allowed, path


def test_core_calls_no_clock_file_or_console():
    for path in sorted((PACKAGE / "core").rglob("*.py")):
        names = {n.id for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Name)}
        assert not names & {"print", "open", "input", "__import__", "exec", "eval"}, path


def test_a_breach_is_found_when_there_is_one(tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text("def f():\n    import socket\n    from mfpmail.hal import files\n")
    assert breaches("core", bad) == ["socket", "mfpmail.hal.files"]


def test_main_and_board_hold_no_logic():
    for path in (FIRMWARE / "main.py", FIRMWARE / "boot.py"):
        tree = ast.parse(path.read_text())
        assert not any(isinstance(n, ast.For | ast.While) for n in ast.walk(tree)), path
        assert sys.getsizeof(path.read_text()) < 2500
