"""build/BOARD/flash.img: what is in it, and that it is the same every time."""

import datetime
import re

import make_image
import pytest
import truststore
from littlefs import LittleFS, UserContext

import boards
import image
import tree

LEAN = "ESP32_GENERIC_C3"


def mounted(content):
    """Return the file system in an image."""
    context = UserContext(len(content))
    context.buffer[:] = content
    return LittleFS(
        context=context,
        block_size=image.BLOCK_BYTES,
        block_count=len(content) // image.BLOCK_BYTES,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The path of the image of a board."""
    target = tmp_path_factory.mktemp("image") / "flash.img"
    make_image.make_image(boards.load(LEAN), {}, target)
    return target


def test_image_of_the_same_sources_is_the_same(made, tmp_path, monkeypatch):
    monkeypatch.setattr(tree, "BUILD", tmp_path)
    make_image.make_image(boards.load(LEAN), {}, tmp_path / "again.img")
    assert (tmp_path / "again.img").read_bytes() == made.read_bytes()


def test_image_has_the_tree_and_the_roots_and_fills_the_partition(made):
    content = made.read_bytes()
    assert len(content) == 2 * boards.MIB
    assert content.count(b"\xff" * image.BLOCK_BYTES) > 200  # flash that need not be written
    fs = mounted(content)
    assert {"boot.py", "main.py", "lib", "trust"} == set(fs.listdir("/"))
    assert len(fs.listdir("trust")) == len(truststore.LABELS)
    root = tree.build_tree(LEAN)
    for path in (path for path in root.rglob("*") if path.is_file()):
        with fs.open(str(path.relative_to(root)), "rb") as file:
            assert file.read() == path.read_bytes()


def test_image_that_does_not_fit_is_refused(tmp_path):
    (tmp_path / "large").write_bytes(bytes(70000))
    with pytest.raises(SystemExit, match="do not fit into 65536 bytes"):
        image.whole_image(tmp_path, {}, 65536)


def test_image_written_to_later_keeps_the_other_files(tmp_path):
    flash = tmp_path / "flash.img"
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "main.py").write_bytes(b"main")
    flash.write_bytes(image.whole_image(tmp_path / "tree", {"trust/a.der": b"a"}, 65536))
    image.write_data_files(flash, {"trust/b.der": b"b"})
    image.write_data_files(flash, {"admin": b"password"})
    fs = mounted(flash.read_bytes())
    assert sorted(fs.listdir("/")) == ["admin", "main.py", "trust"]
    assert fs.listdir("trust") == ["b.der"]


@pytest.mark.parametrize(("mib", "files_mib"), [(4, 2), (8, 6), (16, 14), (32, 30)])
def test_board_files_take_all_above_two_mib(mib, files_mib):
    assert boards.load(LEAN).with_flash(mib).files_bytes == files_mib * boards.MIB


def test_board_flash_of_unknown_size_is_refused():
    with pytest.raises(SystemExit, match="a flash of 5 MiB is not supported"):
        boards.load(LEAN).with_flash(5)
    with pytest.raises(SystemExit, match="HOST"):
        boards.load("HOST").with_flash(8)


@pytest.mark.parametrize("content", [None, "", "[]", "{}", "nonsense"])
def test_wifi_file_that_names_no_network_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "wifi").write_text(content)
    with pytest.raises(SystemExit, match="a JSON file with"):
        make_image.wifi_files(tmp_path / "wifi")


def test_wifi_file_goes_into_the_image_and_its_password_nowhere_else(tmp_path, capsys):
    (tmp_path / "wifi").write_text('{"ssid": "office", "password": "hidden"}')
    assert b"hidden" in make_image.wifi_files(tmp_path / "wifi")["wifi.json"]
    printed = capsys.readouterr().out
    assert "office" in printed
    assert "hidden" not in printed


def test_report_tells_size_digest_budget_and_expiry(made, capsys):
    make_image.report(boards.load(LEAN), made)
    printed = capsys.readouterr().out
    assert re.search(r"sha256: [0-9a-f]{64}\n", printed)
    assert re.search(r"firmware_mpy_bytes: \d+ in \d+ modules, budget 120000: ", printed)
    assert printed.count(".der") == len(truststore.LABELS)


def test_expiry_report_warns_of_roots_that_end():
    files = truststore.root_files()
    end = min(map(truststore.expiry, files.values()))
    day = datetime.timedelta(days=1)
    assert "ENDS" not in "".join(truststore.expiry_report(files, end - 1000 * day))
    assert "ENDS IN 100 DAYS" in truststore.expiry_report(files, end - 100 * day)[0]
    assert "HAS EXPIRED" in truststore.expiry_report(files, end + day)[0]
