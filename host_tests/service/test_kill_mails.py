"""No write to the flash is a bad moment for the power to go while mails come in; see
storage_mails.py."""

import subprocess
import sys
from pathlib import Path

from tree import build_modules

SCRIPT = Path(__file__).with_name("storage_mails.py")
OPERATIONS = (
    "store a text",
    "store files",
    "store three mails",
    "store beside others",
    "turn away and delete",
    "turn away and keep",
    "know what is kept",
    "store, goodbye not said",
    "store, goodbye not heard",
    "delete after that",
    "store without unique ids",
    "delete without unique ids",
    "judge senders",
    "take over an older record",
)
LIMIT_S = 240


def test_mails_cut_at_any_write_are_stored_once_and_deleted_only_then(record_property):
    micropython = Path(sys.executable).with_name("micropython")
    command = [micropython, "-X", "heapsize=8M", SCRIPT, build_modules() / "lib"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    counts, fetched_again = {}, 0
    for line in done.stdout.splitlines():
        if line.startswith("cuts "):
            name, programs, erases, again = line.removeprefix("cuts ").rsplit(" ", 3)
            counts[name] = int(programs) + int(erases)
            fetched_again += int(again)
            assert int(programs) >= 1
    figure = "cut points of checks: %d, 0 mails lost, 0 stored twice, %d fetched once more: %s"
    record_property("figure", figure % (sum(counts.values()), fetched_again, counts))
    assert tuple(counts) == OPERATIONS
    assert sum(counts.values()) > 1000
