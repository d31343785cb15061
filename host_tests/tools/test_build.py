"""tools/shorten.py, trim.py, tree.py, image.py: from the sources to what is on the flash."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from shorten import forget_class_names, private_names, shorten
from trim import UNUSED, trim

import image
import tree

ROOT = Path(__file__).resolve().parent.parent.parent

SOURCE = '''\
"""A module."""
_LIMIT = 3  # a comment about _LIMIT


class Thing:
    def __init__(self, core):
        self._inner_value = core._io_queue

    def _private_method(self):
        return self._inner_value + _LIMIT
'''


def test_shorten_private_names_keeps_lines_and_meaning():
    short = shorten(SOURCE)
    assert short.count("\n") == SOURCE.count("\n")
    assert "_inner_value" not in short
    assert "def _private_method" not in short
    names = {}
    exec(short + "\nresult = Thing(type('C', (), {'_io_queue': 4}))", names)
    method = next(n for n in vars(names["Thing"]) if n.startswith("_") and n[1] != "_")
    assert getattr(names["result"], method)() == 7


ARGUMENTS = """\
limit = 10


def outer(first_value, limit, *more_values, named_one=limit):
    total = "Ω" and first_value + sum(more_values) + named_one
    return [inner(value, total) for inner in (lambda total, extra=limit: total + extra,)
            for value in (total,)]


def counter(start_value):
    def step():
        nonlocal start_value
        start_value += 1
        return start_value
    return step
"""


def run_source(source):
    names = {}
    exec(source, names)
    step = names["counter"](4)
    return names["outer"](1, 2, 3, 4), names["outer"](1, 2, named_one=5), step(), step()


def test_shorten_arguments_keeps_scopes_and_keywords():
    short = shorten(ARGUMENTS, {"named_one"})
    assert run_source(short) == run_source(ARGUMENTS)
    assert "first_value" not in short
    assert "more_values" not in short
    assert "named_one" in short
    assert short.count("\n") == ARGUMENTS.count("\n")


def test_shorten_names_of_other_modules_stay():
    assert "._io_queue" in shorten(SOURCE)


def test_shorten_name_looked_up_by_string_is_refused():
    with pytest.raises(ValueError, match="looked up by name"):
        shorten(SOURCE + '\nx = getattr(Thing, "_private_method")\n')


def test_shorten_no_class_inherits_private_names_of_another_module():
    """Modules are shortened one by one, so such names would no longer meet."""
    classes = {}
    for path in (ROOT / "firmware").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                classes.setdefault(node.name, []).append((path, node))
    for path, node in (entry for entries in classes.values() for entry in entries):
        for base in (b.id for b in node.bases if isinstance(b, ast.Name)):
            for base_path, base_node in classes.get(base, ()):
                assert base_path == path or not private_names(base_node), node.name


CLASSES = """\
class Documented:
    \"\"\"Says what it is,
    in two lines.\"\"\"

    def value(self):
        return 1


class Error(Exception):
    \"\"\"Nothing else.\"\"\"


class Silent:
    value = 2
"""


def test_forget_class_names_takes_the_place_of_the_docstring():
    code = forget_class_names(CLASSES)
    assert code.count("del __module__, __qualname__") == 1
    assert code.splitlines()[1] == "    del __module__, __qualname__"
    assert code.count("\n") == CLASSES.count("\n")
    names = {"__name__": "m"}
    exec(code, names)
    assert names["Documented"]().value() == 1


def test_forget_class_names_that_are_read_is_refused():
    with pytest.raises(ValueError, match="are read"):
        forget_class_names("class A:\n    'x'\n    name = __qualname__\n")


def test_trim_missing_method_is_refused():
    source = "class Microdot:\n    def put(self):\n        pass\n    def get(self):\n        pass\n"
    assert "def put" not in trim(source, {"Microdot": ("put",)})
    assert trim(source, {"Microdot": ("put",)}).count("\n") == source.count("\n")
    with pytest.raises(ValueError, match="has no post"):
        trim(source, {"Microdot": ("post",)})


def test_trim_of_the_module_itself_takes_functions_classes_and_names():
    source = (
        "def a():\n    pass\n\n\nclass B:\n    def c(self):\n        pass\n\n\nd = B.c\nE = 1\n"
    )
    assert trim(source, {"": ("a", "B", "d")}).split() == ["E", "=", "1"]
    with pytest.raises(ValueError, match="the module has no f"):
        trim(source, {"": ("f",)})


def test_trim_what_is_left_out_is_called_nowhere():
    called = "\n".join(p.read_text() for p in (ROOT / "firmware").rglob("*.py"))
    for name in UNUSED["Microdot"]:
        assert "app.%s(" % name not in called
    imported = re.findall(r"from microdot\.microdot import (.*)", called)
    assert imported
    for name in UNUSED[""]:
        assert name not in " ".join(imported).replace(",", " ").split()
    for name in ("json", "form", "files"):
        assert "request.%s" % name not in called


def test_image_update_keeps_the_data_of_the_device(tmp_path):
    from littlefs import LittleFS, UserContextFile

    flash = tmp_path / "flash.img"
    tree = tmp_path / "tree"
    (tree / "lib").mkdir(parents=True)
    (tree / "lib" / "old.mpy").write_bytes(b"old")
    image.update_image(flash, tree, {"tokens/smtp": b"token", "trust/ca.der": b"ca"})
    (tree / "lib" / "old.mpy").rename(tree / "lib" / "new.mpy")
    image.update_image(flash, tree, {})
    fs = LittleFS(
        context=UserContextFile(str(flash)),
        block_size=image.BLOCK_BYTES,
        block_count=image.IMAGE_BLOCKS["HOST"],
    )
    assert fs.open("tokens/smtp", "rb").read() == b"token"
    assert fs.open("trust/ca.der", "rb").read() == b"ca"
    assert fs.listdir("lib") == ["new.mpy"]


@pytest.fixture
def copied_sources(tmp_path, monkeypatch):
    """The folder of a copy of the firmware, from which the trees are built instead."""
    for folder in ("firmware", "boards", "tools"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "host_tests").mkdir()
    monkeypatch.setattr(tree, "ROOT", tmp_path)
    monkeypatch.setattr(tree, "BUILD", tmp_path / "build")
    return tmp_path


def times_of(folder):
    """Return when each file below was written last, `{path: ns}`."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in files}


def written_by(build):
    """Return the paths of what `build` writes anew in the folder that it makes."""
    folder = tree.BUILD / "HOST" / {tree.build_tree: "root", tree.build_modules: "modules"}[build]
    before = times_of(folder)
    after = times_of(build())
    return sorted(name for name in after if after[name] != before.get(name))


def test_tree_modules_are_compiled_again_when_a_constant_of_another_changes(copied_sources):
    built = tree.build_modules()
    before = times_of(built).keys()
    limits = copied_sources / "firmware" / "mfpmail" / "core" / "limits.py"
    limits.write_text(limits.read_text().replace("REPLY_LINES = 64", "REPLY_LINES = 63"))
    assert written_by(tree.build_modules) == ["lib/mfpmail/core/smtp.mpy"]
    assert times_of(built).keys() == before


def test_tree_modules_that_are_missing_or_were_cut_short_are_compiled_again(copied_sources):
    core = tree.build_modules() / "lib" / "mfpmail" / "core"
    whole = (core / "smtp.mpy").read_bytes()
    (core / "smtp.mpy").unlink()
    tree.build_modules()
    assert (core / "smtp.mpy").read_bytes() == whole
    (core / "smtp.mpy").write_bytes(b"")
    (copied_sources / "build" / "HOST" / "modules.json").unlink()
    tree.build_modules()
    assert (core / "smtp.mpy").read_bytes() == whole


@pytest.mark.parametrize("build", [tree.build_modules, tree.build_tree])
def test_tree_up_to_date_modules_are_left_alone(copied_sources, monkeypatch, build):
    build()
    (copied_sources / "tools" / "story.py").write_text("")
    monkeypatch.setattr(tree, "compile_module", None)
    assert written_by(build) == []


def test_tree_main_is_written_again_when_it_is_missing_or_changes(copied_sources):
    built = tree.build_tree()
    whole = (built / "main.py").read_text()
    (built / "main.py").unlink()
    assert written_by(tree.build_tree) == ["main.py"]
    assert (built / "main.py").read_text() == whole
    main = copied_sources / "firmware" / "main.py"
    main.write_text(main.read_text().replace("Run on this board", "Run here"))
    assert written_by(tree.build_tree) == ["main.py"]
    assert "Run here" in (built / "main.py").read_text()


def test_tree_files_that_no_source_has_any_more_are_removed(copied_sources):
    built = tree.build_tree()
    before = times_of(built)
    (built / "lib" / "mfpmail" / "old.mpy").write_bytes(b"old")
    tree.build_tree()
    assert times_of(built) == before


@pytest.mark.parametrize("build", [tree.build_modules, tree.build_tree])
def test_tree_leaves_out_packages_that_say_nothing(build):
    package = build() / "lib" / "mfpmail"
    assert (package / "__init__.mpy").exists()  # tells the version
    assert (package / "web" / "__init__.mpy").exists()  # tells where its files are
    assert not (package / "core" / "__init__.mpy").exists()
    assert not (package / "hal" / "unix" / "__init__.mpy").exists()


def test_tree_is_what_the_pinned_micropython_loads():
    built = tree.build_tree()
    micropython = Path(sys.executable).with_name("micropython")
    code = "import sys; sys.path[:] = ['', '.frozen', %r, %r]; import main; print(main.main)"
    command = [micropython, "-X", "heapsize=256K", "-c", code % (str(built), str(built / "lib"))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.startswith("<function main"), done.stderr


def test_trust_anchors_file_without_a_certificate_is_refused(tmp_path):
    (tmp_path / "x.pem").write_text("nothing")
    with pytest.raises(SystemExit, match="no certificate"):
        image.trust_anchors(tmp_path / "x.pem")


def test_truststore_has_every_root_it_names():
    from truststore import LABELS, provider_roots

    assert provider_roots().count("BEGIN CERTIFICATE") == len(LABELS)


def test_readme_state_diagram_is_the_table():
    from pictures.states import diagram

    assert diagram() in (ROOT / "README.md").read_text()
