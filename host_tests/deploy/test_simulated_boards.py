"""The image of every board boots in the simulator, and one of them tells the whole story."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import sim
from deploy.remote import PASSWORD

import boards
from sandbox.approve import approve
from simulator.process import SimulatedBoard
from story import Story

ROOT = Path(__file__).resolve().parents[2]
SIM = ROOT / "tools" / "sim.py"


@pytest.mark.parametrize("name", boards.names())
def test_image_boots_at_the_heap_of_its_board_and_answers(name, tmp_path):
    with SimulatedBoard(name, tmp_path / "state", password=PASSWORD) as board:
        page = requests.get(board.url, timeout=10)
        assert page.status_code == 200
        assert "html" in page.headers["Content-Type"]
        assert board.client().call("GET", "/api/status")["faults"] == []


def test_story_is_told_on_a_simulated_esp32(sandbox, tmp_path):
    endpoints = sandbox.endpoints
    arguments = {"ca_pem": endpoints["ca_pem"], "password": PASSWORD}
    with SimulatedBoard("ESP32_GENERIC_S3", tmp_path / "state", **arguments) as board:
        story = Story(board, endpoints, approve, lambda text: None)
        story.tell()
    assert story.steps == 11


def test_image_keeps_everything_loaded_only_where_there_is_room(board, tmp_path):
    with SimulatedBoard(board.name, tmp_path / "state", heap="2M", password=PASSWORD) as roomy:
        used = [
            one.client().call("GET", "/api/status")["memory"]["used_bytes"]
            for one in (board, roomy)
        ]
    assert used[1] > used[0] + 10000


def test_stand_ins_take_the_heap_that_is_allowed_for_them():
    code = (
        "import gc, sys; sys.path[:] = [%r, '.frozen']; gc.collect(); before = gc.mem_alloc()\n"
        "import chip; gc.collect(); print('took', gc.mem_alloc() - before)"
    )
    chip = str(ROOT / "tools" / "simulator" / "chip")
    command = [str(Path(sys.executable).with_name("micropython")), "-c", code % chip]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    took = int(re.search(r"took (\d+)", done.stdout).group(1))
    assert (sim.CHIP_KIB - 1) * 1024 < took <= sim.CHIP_KIB * 1024


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["NOPE"], "There is no board NOPE. Boards: ESP32_GENERIC, "),
        (["HOST", "--heap", "much"], "like 256K or 2M, not 'much'"),
        (["HOST", "--image", "missing.img"], "there is no file missing.img"),
        (["HOST", "--http-port", "0"], "--http-port"),
    ],
)
def test_sim_bad_argument_is_a_clear_error(arguments, words, tmp_path):
    command = [sys.executable, str(SIM), *arguments, "--state", str(tmp_path / "state")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_sim_state_of_running_board_is_refused(board):
    command = [sys.executable, str(SIM), board.name, "--state", str(board.state)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_sim_ended_leaves_no_process(tmp_path):
    with SimulatedBoard("ESP32_GENERIC_C3", tmp_path / "state") as board:
        assert named(tmp_path)
        assert board.serial
    assert named(tmp_path) == []


def named(folder):
    """Return the processes that have the folder in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command:
            found.append(command)
    return found
