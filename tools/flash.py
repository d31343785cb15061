"""Writes MicroPython and the image of the files onto a board. What was on it before is lost.

FIRMWARE is a .bin of an official MicroPython 1.26 or newer for the board's chip; its SHA-256 comes
from --sha256 or from the file FIRMWARE.sha256. Run `make image` first.
"""

import argparse
import hashlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools")]

from boards import FILES_OFFSET, MIB, load  # noqa: E402

BAUD = 460800
_MAGIC = 0xE9  # the first byte of every image for these chips
_CHIP_ID_AT = 12
# https://docs.espressif.com/projects/esptool/en/latest/esp32/advanced-topics/firmware-image-format.html
_CHIP_IDS = {"esp32": 0, "esp32s2": 2, "esp32c3": 5, "esp32s3": 9, "esp32c6": 13}


def parse(arguments):
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("board", help="a folder of boards/")
    parser.add_argument("--port", required=True, help="such as /dev/ttyACM0 or COM4")
    parser.add_argument("--firmware", required=True, type=Path, help="MicroPython's .bin file")
    parser.add_argument("--sha256", help="of the firmware file")
    parser.add_argument("--image", type=Path, help="default build/BOARD/flash.img")
    parser.add_argument("--dry-run", action="store_true", help="only print the commands")
    return parser.parse_args(arguments)


def check_firmware(board, path, sha256):
    """Raise SystemExit unless the file has that digest and is a firmware for the board's chip."""
    if not path.is_file():
        raise SystemExit("There is no file %s." % path)
    content = path.read_bytes()
    _check_digest(path, hashlib.sha256(content).hexdigest(), sha256)
    if len(content) <= _CHIP_ID_AT + 1 or content[0] != _MAGIC:
        raise SystemExit("%s is no firmware image; take the .bin file for this board." % path)
    found = int.from_bytes(content[_CHIP_ID_AT : _CHIP_ID_AT + 2], "little")
    if found != _CHIP_IDS[board.chip]:
        name = next((name for name, number in _CHIP_IDS.items() if number == found), "another chip")
        raise SystemExit("%s is for %s; %s has %s." % (path, name, board.name, board.chip))
    if board.firmware_offset + len(content) > FILES_OFFSET:
        raise SystemExit("%s is too large: it would reach into the files at 2 MiB." % path)


def _check_digest(path, found, wanted):
    beside = path.with_name(path.name + ".sha256")
    if wanted is None and beside.is_file():
        wanted = (beside.read_text().split() or [""])[0]
    if wanted is None:
        raise SystemExit(
            "%s has the SHA-256\n  %s\nCompare it with what its source says and give it as SHA256=…"
            " or in the file %s." % (path, found, beside.name)
        )
    if wanted.lower() != found:
        raise SystemExit(
            "%s is not the file that was meant: its SHA-256 is\n  %s\nnot\n  %s\nDownload it again."
            % (path, found, wanted)
        )


def check_image(board, path):
    """Return the size in MiB of the flash that the image is for. Raises SystemExit."""
    if not path.is_file():
        raise SystemExit("There is no %s; run `make image BOARD=%s` first." % (path, board.name))
    size = path.stat().st_size + FILES_OFFSET
    board.with_flash(size // MIB if size % MIB == 0 else size / MIB)
    return size // MIB


def commands(board, port, firmware, image):
    """Return what is run: asking the chip for its size, then writing."""
    esptool = [sys.executable, "-m", "esptool", "--chip", board.chip]
    esptool += ["--port", port, "--baud", str(BAUD)]
    places = ["0x%x" % board.firmware_offset, str(firmware), "0x%x" % FILES_OFFSET, str(image)]
    return [*esptool, "flash-id"], [*esptool, "write-flash", *places]


def check_flash_size(output, flash_mib):
    """Raise SystemExit when what `esptool flash-id` printed tells another size of flash."""
    found = re.search(r"Detected flash size: (\d+)MB", output)
    if not found:
        raise SystemExit("esptool does not tell the size of this flash:\n%s" % output)
    if int(found.group(1)) != flash_mib:
        raise SystemExit(
            "This board's flash has %s MiB and the image is for %d: MicroPython would not mount it."
            "\nRun `make image` with FLASH_MIB=%s." % (found.group(1), flash_mib, found.group(1))
        )


def main():
    """Flash the board that the command line names; return the exit status."""
    options = parse(sys.argv[1:])
    board = load(options.board)
    if board.chip is None:
        raise SystemExit("%s has no flash to write; use `make run` or `make sim`." % board.name)
    image = options.image or ROOT / "build" / board.name / "flash.img"
    flash_mib = check_image(board, image)
    check_firmware(board, options.firmware, options.sha256)
    ask, write = commands(board, options.port, options.firmware, image)
    if options.dry_run:
        print(shlex.join(ask))
        print(shlex.join(write))
        return 0
    asked = subprocess.run(ask, capture_output=True, text=True)
    if asked.returncode:
        print(asked.stdout + asked.stderr)
        return asked.returncode
    check_flash_size(asked.stdout, flash_mib)
    return subprocess.run(write).returncode


if __name__ == "__main__":
    sys.exit(main())
