"""boards/: what each folder must have, and that its parts agree."""

import ast
import re

import pytest

import boards
import tree

CHIPS = [name for name in boards.names() if boards.load(name).chip]
OFFSETS = {"esp32": 0x1000, "esp32s3": 0, "esp32c3": 0}  # where the ROM of a chip starts to read


@pytest.mark.parametrize("name", boards.names())
def test_board_says_its_own_name(name):
    values = {}
    for node in ast.parse((boards.FOLDER / name / "board.py").read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            values[node.targets[0].id] = node.value.value
    assert values["NAME"] == name
    if name in CHIPS:
        assert values["LED_PIN"] != values["BUTTON_PIN"]


@pytest.mark.parametrize("name", CHIPS)
def test_board_firmware_is_where_its_chip_looks(name):
    board = boards.load(name)
    assert board.firmware_offset == OFFSETS[board.chip]


@pytest.mark.parametrize("name", CHIPS)
def test_board_files_of_a_custom_firmware_name_chip_and_modules(name):
    folder, board = boards.FOLDER / name, boards.load(name)
    cmake = (folder / "mpconfigboard.cmake").read_text()
    assert "boards/mpconfigboard_%s_common.cmake" % board.chip in cmake
    assert "${MICROPY_BOARD_DIR}/manifest.py" in cmake
    assert "MICROPY_HW_BOARD_NAME" in (folder / "mpconfigboard.h").read_text()
    for line in (folder / "sdkconfig.board").read_text().splitlines():
        assert re.match(r"(#.*|CONFIG_[A-Z0-9_]+=[\w\"]+|)$", line), line


@pytest.mark.parametrize("name", CHIPS)
def test_board_manifest_freezes_the_modules_of_the_flash(name):
    said = []
    manifest = (boards.FOLDER / name / "manifest.py").read_text()
    exec(manifest, {"include": said.append, "freeze": said.append})
    assert said[0] == "$(PORT_DIR)/boards/manifest.py"
    frozen, lib = tree.build_frozen(name), tree.build_tree(name) / "lib"
    assert said[1] == "$(BOARD_DIR)/../../" + str(frozen.relative_to(tree.ROOT))
    modules = {path.relative_to(lib): path.read_bytes() for path in lib.rglob("*.mpy")}
    found = {path.relative_to(frozen): path.read_bytes() for path in frozen.rglob("*.mpy")}
    assert {str(p) for p in modules if modules[p] != found.pop(p)} == {"mfpmail/web/__init__.mpy"}
    assert found == {}


def test_board_pages_package_says_nothing_that_freezing_would_lose():
    source = (tree.ROOT / "firmware" / "mfpmail" / "web" / "__init__.py").read_text()
    assert len(ast.parse(source).body) <= 1


@pytest.mark.parametrize(("name", "has"), [("HOST", False), ("ESP32_GENERIC", True)])
def test_board_tree_has_the_adapters_of_its_machine_alone(name, has):
    hal = tree.build_tree(name) / "lib" / "mfpmail" / "hal"
    assert (hal / "micropython" / "net.mpy").exists()
    assert (hal / "esp32").exists() == has
    assert not (hal / "cpython").exists()


def test_board_unknown_is_refused_with_the_names_there_are():
    with pytest.raises(SystemExit, match=r"no board X\. Boards: ESP32_GENERIC, "):
        boards.load("X")
