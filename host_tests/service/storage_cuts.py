"""Runs under MicroPython: every change of the device's data, cut at every write to the flash.

micropython storage_cuts.py COMPILED_FIRMWARE; prints `cuts NAME PROGRAMS ERASES` for each change.

The flash is a littlefs in RAM. It is prepared once; then the change is made on a copy of it whose
power goes at the first program or erase operation, at the second, and so on, until it comes
through. After each cut the device's services start on what is left, must see the old state or the
new one, and go on working.
"""

import sys

sys.path[:0] = [sys.argv[1], __file__.rsplit("/", 2)[0]]

from storage_device import Device, World, obtain_working_token, prepared  # noqa: E402
from storage_flash import Trial  # noqa: E402
from storage_tokens import CODE, cut_all, enter, poll_approved, start  # noqa: E402

from mfpmail.service.draft import Draft  # noqa: E402

CONTENT = b"page " * 300


def settings_state(device):
    return device.configuration.get("smtp")["server"], device.configuration.get("ifax")["server"]


def change_settings(device, world):
    device.configuration.put("smtp", {"server": "new.example.org"}, False)


def jobs_state(device):
    """Return every job with the bytes of its files; a job without its files would show here."""
    found = []
    for job in device.outbox.jobs:
        contents = []
        for index, described in enumerate(job.record["files"]):
            with device.outbox.open_file(job.id, index) as file:
                contents.append(file.read())
            assert len(contents[-1]) == described["size"]
        found.append((job.record["subject"], job.state, contents == [CONTENT]))
    assert sorted(device.files.names("outbox")) == [job.id for job in device.outbox.jobs]
    return found


def enqueue_job(device, world):
    draft = Draft(device.outbox, device.files, world.clock, world.random_bytes)
    draft.open_file("scan.pdf", "application/pdf")
    draft.write(CONTENT)
    draft.close_file()
    fields = {"to": "a@example.org", "subject": "Scan", "mode": "spool"}
    draft.commit(fields, ("Scanner", "mfp@example.org"))


def settle_job(device, world):
    """What a retry stores: the job stays with its files."""
    device.outbox.update(device.outbox.jobs[0], state="held", reason="token_missing")


def delete_job(device, world):
    device.outbox.delete(device.outbox.jobs[0])


def give_something_old(device, world):
    device.configuration.put("smtp", {"server": "old.example.org"}, False)
    device.configuration.put("ifax", {"server": "pop.example.org"}, False)
    enqueue_job(device, world)


CHANGES = (
    ("settings", change_settings, settings_state),
    ("job enqueued", enqueue_job, jobs_state),
    ("job held", settle_job, jobs_state),
    ("job deleted", delete_job, jobs_state),
)


def go_on(device, world, where):
    """A cut elsewhere leaves the token as it was, too."""
    assert obtain_working_token(device, world) == ["ACQUIRED"], where


def main():
    steps = (enter(CODE), start, poll_approved, give_something_old)
    memory, kept = prepared(steps)
    for name, change, state_of in CHANGES:
        Trial(memory, lambda: World(kept), Device, state_of, go_on).run(name, change)
    cut_all()


main()
