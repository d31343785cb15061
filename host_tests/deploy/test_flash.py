"""`make flash`: what is checked before, and the very commands; no board is needed."""

import hashlib
import os
import shlex
import subprocess
import sys
from pathlib import Path

import flash
import pytest

import boards

ROOT = Path(__file__).resolve().parents[2]
CHIP_IDS = {"ESP32_GENERIC": 0, "ESP32_GENERIC_S3": 9, "ESP32_GENERIC_C3": 5}


def write_firmware(folder, name, size=9000):
    """Make the beginning of a firmware for a board's chip; return its path."""
    path = folder / (name + ".bin")
    head = b"\xe9\x03\x02\x20" + bytes(8) + bytes([CHIP_IDS[name], 0])
    path.write_bytes(head + bytes(size - len(head)))
    return path


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def dry_run(name, firmware, *arguments):
    """Run tools/flash.py without a board; return what it printed and its exit status."""
    command = [sys.executable, str(ROOT / "tools" / "flash.py"), name, "--dry-run"]
    command += ["--port", "/dev/ttyACM0", "--firmware", str(firmware), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr, done.returncode


def given(images, name="ESP32_GENERIC_C3"):
    """Return the arguments that name a board's image."""
    return ["--image", str(images[name])]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Files as large as the images of all boards with a chip, `{name: path}`."""
    folder = tmp_path_factory.mktemp("images")
    made = {name: folder / (name + ".img") for name in CHIP_IDS}
    for name, path in made.items():
        path.write_bytes(os.urandom(boards.load(name).files_bytes))
    return made


@pytest.mark.parametrize(
    ("name", "chip", "offset"),
    [
        ("ESP32_GENERIC", "esp32", "0x1000"),
        ("ESP32_GENERIC_S3", "esp32s3", "0x0"),
        ("ESP32_GENERIC_C3", "esp32c3", "0x0"),
    ],
)
def test_dry_run_prints_the_commands(tmp_path, images, name, chip, offset):
    firmware = write_firmware(tmp_path, name)
    printed, status = dry_run(
        name, firmware, "--sha256", digest(firmware).upper(), "--image", str(images[name])
    )
    assert status == 0
    ask, write = [shlex.split(line) for line in printed.splitlines()]
    common = ["-m", "esptool", "--chip", chip, "--port", "/dev/ttyACM0", "--baud", "460800"]
    assert ask[1:] == [*common, "flash-id"]
    places = [offset, str(firmware), "0x200000", str(images[name])]
    assert write[1:] == [*common, "write-flash", *places]


def test_esptool_puts_the_very_bytes_of_the_image_at_two_mib(tmp_path, images):
    name = "ESP32_GENERIC"
    firmware, merged = write_firmware(tmp_path, name), tmp_path / "merged.bin"
    _, write = flash.commands(boards.load(name), "unused", firmware, images[name])
    places = write[write.index("write-flash") + 1 :]
    command = [sys.executable, "-m", "esptool", "--chip", "esp32", "merge-bin"]
    subprocess.run([*command, "-o", merged, *places], check=True, capture_output=True)
    content = merged.read_bytes()
    start = 0x1000  # merge-bin begins with what is written first, at its place in the flash
    whole = content if len(content) == 4 * boards.MIB else bytes(start) + content
    assert whole[boards.FILES_OFFSET :] == images[name].read_bytes()
    assert whole[start : start + 9000] == firmware.read_bytes()


def test_firmware_without_a_digest_is_refused_and_its_digest_told(tmp_path, images):
    firmware = write_firmware(tmp_path, "ESP32_GENERIC_C3")
    printed, status = dry_run("ESP32_GENERIC_C3", firmware, *given(images))
    assert status == 1
    assert digest(firmware) in printed
    assert "SHA256=" in printed


def test_firmware_digest_is_read_from_the_file_beside_it(tmp_path, images):
    firmware = write_firmware(tmp_path, "ESP32_GENERIC_C3")
    beside = Path(str(firmware) + ".sha256")
    beside.write_text("%s  %s\n" % (digest(firmware), firmware.name))
    assert dry_run("ESP32_GENERIC_C3", firmware, *given(images))[1] == 0
    beside.write_text("0" * 64)
    printed, status = dry_run("ESP32_GENERIC_C3", firmware, *given(images))
    assert status == 1
    assert "is not the file that was meant" in printed


@pytest.mark.parametrize(
    ("board", "made_for", "size", "words"),
    [
        ("ESP32_GENERIC_C3", "ESP32_GENERIC_S3", 9000, "is for esp32s3; ESP32_GENERIC_C3 has"),
        ("ESP32_GENERIC", "ESP32_GENERIC", 0x1FF001, "is too large"),
        ("ESP32_GENERIC_C3", "ESP32_GENERIC_C3", 14, None),
    ],
)
def test_firmware_that_does_not_fit_the_board_is_refused(
    tmp_path, images, board, made_for, size, words
):
    firmware = write_firmware(tmp_path, made_for, size)
    printed, status = dry_run(board, firmware, "--sha256", digest(firmware), *given(images, board))
    assert status == (1 if words else 0)
    assert (words or "write-flash") in printed


def test_firmware_that_is_none_is_refused(tmp_path, images):
    firmware = tmp_path / "page.html"
    firmware.write_text("<html>not found</html>")
    printed, _ = dry_run("ESP32_GENERIC_C3", firmware, "--sha256", digest(firmware), *given(images))
    assert "is no firmware image" in printed
    assert (
        "There is no file"
        in dry_run("ESP32_GENERIC_C3", tmp_path / "missing.bin", *given(images))[0]
    )


def test_image_that_is_missing_or_of_no_flash_size_is_refused(tmp_path):
    firmware = write_firmware(tmp_path, "ESP32_GENERIC_C3")
    missing = tmp_path / "missing.img"
    printed, _ = dry_run("ESP32_GENERIC_C3", firmware, "--image", str(missing))
    assert "run `make image BOARD=ESP32_GENERIC_C3` first" in printed
    missing.write_bytes(bytes(4096))
    assert "is not supported" in dry_run("ESP32_GENERIC_C3", firmware, "--image", str(missing))[0]


def test_host_has_nothing_to_flash(tmp_path):
    printed, status = dry_run("HOST", tmp_path / "unused.bin")
    assert status == 1
    assert "make sim" in printed


def test_flash_of_another_size_than_the_image_is_refused():
    flash.check_flash_size("Detected flash size: 8MB\n", 8)
    with pytest.raises(SystemExit, match="FLASH_MIB=16"):
        flash.check_flash_size("Detected flash size: 16MB\n", 8)
    with pytest.raises(SystemExit, match="does not tell"):
        flash.check_flash_size("Detected flash size: Unknown\n", 8)
