"""`make image`, `make sim` and `make flash` as a person calls them."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
import requests

from simulator.process import SimulatedBoard

ROOT = Path(__file__).resolve().parents[2]


def make(*arguments):
    """Run make; return the exit status and all output."""
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    command = ["make", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, env=environment
    )
    return done.returncode, done.stdout + done.stderr


def test_make_image_is_what_is_flashed_and_simulated(tmp_path):
    given = ["BOARD=ESP32_GENERIC_C3", "IMAGE=%s" % (tmp_path / "flash.img")]
    status, printed = make("image", *given)
    assert status == 0, printed
    assert "sha256: " in printed
    firmware = tmp_path / "firmware.bin"
    firmware.write_bytes(b"\xe9" + bytes(11) + b"\x05" + bytes(100))
    digest = hashlib.sha256(firmware.read_bytes()).hexdigest()
    given += ["PORT=/dev/x", "FIRMWARE=%s" % firmware, "DRY_RUN=1"]
    status, printed = make("flash", *given, "SHA256=" + digest)
    assert status == 0, printed
    assert "write-flash 0x0 %s 0x200000 %s" % (firmware, tmp_path / "flash.img") in printed
    status, printed = make("flash", *given)
    assert status != 0
    assert digest in printed
    arguments = ["--image", str(tmp_path / "flash.img")]
    with SimulatedBoard("ESP32_GENERIC_C3", tmp_path / "state", *arguments) as board:
        assert requests.get(board.url, timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["image", "BOARD=NOPE"], "There is no board NOPE"),
        (["image", "BOARD=ESP32_GENERIC", "FLASH_MIB=5"], "a flash of 5 MiB is not supported"),
        (["sim", "BOARD=NOPE"], "There is no board NOPE"),
        (["flash", "FIRMWARE=x"], "required: --port"),
        (["flash", "PORT=x"], "required: --firmware"),
    ],
)
def test_make_bad_argument_is_a_clear_error(arguments, words):
    status, printed = make(*arguments)
    assert status != 0
    assert words in printed
    assert "Traceback" not in printed


def test_make_help_lists_the_targets_of_boards():
    printed = make("help")[1]
    for words in ("make image ", "make sim ", "make flash ", "BOARD=", "FLASH_MIB=", "DRY_RUN="):
        assert words in printed
