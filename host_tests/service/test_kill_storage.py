"""No write to the flash is a bad moment for the power to go; see storage_cuts.py."""

import subprocess
import sys
from pathlib import Path

from image import build_tree

SCRIPT = Path(__file__).with_name("storage_cuts.py")
CHANGES = (
    "settings",
    "token refreshed",
    "token deleted",
    "job enqueued",
    "job held",
    "job deleted",
)
LIMIT_S = 120


def test_storage_cut_at_any_write_is_old_or_new():
    micropython = Path(sys.executable).with_name("micropython")
    command = [micropython, "-X", "heapsize=4M", SCRIPT, build_tree() / "lib"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {}
    # Between the lines stands what the dead devices' open files say when they are collected.
    for line in done.stdout.splitlines():
        if line.startswith("cuts "):
            name, _, count = line.removeprefix("cuts ").rpartition(" ")
            counts[name] = int(count)
    print("cut points: %d: %s" % (sum(counts.values()), counts))
    assert tuple(counts) == CHANGES
    assert min(counts.values()) >= 1
