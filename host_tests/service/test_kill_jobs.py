"""No write to the flash is a bad moment for the power to go, for no mail; see storage_jobs.py."""

import subprocess
import sys
from pathlib import Path

from tree import build_modules

SCRIPT = Path(__file__).with_name("storage_jobs.py")
OPERATIONS = (
    "enqueue",
    "enqueue three files",
    "enqueue beside others",
    "send",
    "send three over one connection",
    "send and forget the oldest",
    "send to some recipients",
    "send to some, not to all",
    "send to the others",
    "be refused",
    "be deferred",
    "be deferred again",
    "expire",
    "expire behind newer ones",
    "be held",
    "be released",
    "be cancelled",
    "be cancelled on the way",
    "pass through",
    "pass through in part",
)
LIMIT_S = 240


def test_jobs_cut_at_any_write_are_not_lost_nor_sent_after_their_end(record_property):
    micropython = Path(sys.executable).with_name("micropython")
    command = [micropython, "-X", "heapsize=8M", SCRIPT, build_modules() / "lib"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    counts, twice = {}, 0
    for line in done.stdout.splitlines():
        if line.startswith("cuts "):
            name, programs, erases, again = line.removeprefix("cuts ").rsplit(" ", 3)
            counts[name] = int(programs) + int(erases)
            twice += int(again)
            assert int(programs) >= 1
    figure = "cut points of jobs: %d, 0 lost, %d mails came twice, their end not noted yet: %s"
    record_property("figure", figure % (sum(counts.values()), twice, counts))
    assert tuple(counts) == OPERATIONS
    assert sum(counts.values()) > 1000
