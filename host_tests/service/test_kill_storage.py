"""No write to the flash is a bad moment for the power to go; see storage_cuts.py."""

import subprocess
import sys
from pathlib import Path

from tree import build_modules

SCRIPT = Path(__file__).with_name("storage_cuts.py")
SETTINGS_AND_JOBS = ("settings", "job enqueued", "job held", "job deleted")
GRANTS = (
    "first grant by code",
    "grant by code",
    "first grant by redirect",
    "grant by redirect",
    "first client credentials",
    "client credentials",
    "grant failed",
    "slow_down",
    "poll brings the token",
    "grant declined",
    "grant expired",
    "grant expired without an answer",
    "redirect finished",
    "redirect denied",
    "redirect expired",
)
RENEWALS = (
    "refresh with rotation",
    "refresh without rotation",
    "refresh while idle",
    "refresh by client credentials",
    "refresh beside four tokens",
    "refresh with an almost full flash",
    "refresh with a full flash",
    "refresh rejected",
    "interaction required",
    "interaction required again",
    "Invalid comes back",
    "Invalid is rejected",
)
DELETIONS = (
    "delete a code",
    "delete a redirect",
    "delete a token",
    "delete an application's token",
    "delete an Invalid token",
    "delete an Invalid token that may come back",
)
LIMIT_S = 120


def test_storage_cut_at_any_write_is_old_or_new(record_property):
    micropython = Path(sys.executable).with_name("micropython")
    command = [micropython, "-X", "heapsize=8M", SCRIPT, build_modules() / "lib"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    programs, erases = {}, {}
    # Between the lines stands what the dead devices' open files say when they are collected.
    for line in done.stdout.splitlines():
        if line.startswith("cuts "):
            name, program_count, erase_count = line.removeprefix("cuts ").rsplit(" ", 2)
            programs[name], erases[name] = int(program_count), int(erase_count)
    counts = {name: programs[name] + erases[name] for name in programs}
    record_property("figure", "cut points: %d: %s" % (sum(counts.values()), counts))
    assert tuple(counts) == SETTINGS_AND_JOBS + GRANTS + RENEWALS + DELETIONS
    assert min(programs.values()) >= 1
    assert min(erases.values()) >= 1
