"""Runs under MicroPython: a change of the device's data, cut at every write to the flash.

micropython storage_cuts.py COMPILED_FIRMWARE; prints `cuts NAME COUNT` for each change.

The flash is a littlefs in RAM. It is prepared once; then the change is made on a copy of it whose
power goes at the first write, at the second, and so on, until it comes through. After each cut
the device's services start on what is left, and must see the old state or the new one.
"""

import asyncio
import gc
import os
import sys

import vfs

sys.path[:0] = [sys.argv[1]]

from mfpmail.hal.files import Files  # noqa: E402
from mfpmail.service.configuration import Configuration  # noqa: E402
from mfpmail.service.draft import Draft  # noqa: E402
from mfpmail.service.outbox import Outbox  # noqa: E402
from mfpmail.service.overlay import Overlays  # noqa: E402
from mfpmail.service.store import Store  # noqa: E402
from mfpmail.service.tokens import TokenKeeper  # noqa: E402

BLOCK_BYTES = 512
BLOCKS = 256
MOUNT = "/flash"
CONTENT = b"page " * 300


class Flash:
    """A block device in RAM; `writes_left` counts down to the cut, None for never.

    The write in which the power goes leaves half of what it should have written.
    """

    def __init__(self, memory):
        self.memory = memory
        self.writes_left = None

    def readblocks(self, block, buffer, offset=0):
        start = block * BLOCK_BYTES + offset
        buffer[:] = self.memory[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        start = block * BLOCK_BYTES + offset
        if self.writes_left == 0:
            half = len(buffer) // 2
            self.memory[start : start + half] = buffer[:half]
            self.writes_left = -1
        if self.writes_left is not None:
            if self.writes_left < 0:
                raise OSError(5)
            self.writes_left -= 1
        self.memory[start : start + len(buffer)] = buffer

    def ioctl(self, operation, argument):
        if operation == 4:
            return BLOCKS
        if operation == 5:
            return BLOCK_BYTES
        return 0 if operation == 6 else None


class Clock:
    """A clock that stands still, except that whoever waits has waited long enough."""

    ms = 0

    def now_ms(self):
        self.ms += 60_000
        return self.ms

    def now_s(self):
        return 1_700_000_000


class Provider:
    """Answers at once: first with a grant and its token, then with a token to replace it."""

    def chance(self):
        return 0

    async def authorize_device(self, setting, protocol):
        return {"device_code": "d", "user_code": "u", "interval_s": 5, "expires_in": 900}

    async def poll(self, setting, protocol, device_code):
        return tokens("old")

    async def refresh(self, setting, protocol, refresh_token):
        return tokens("new")


def tokens(age):
    return {
        "access_token": age + " access",
        "refresh_token": age + " refresh",
        "expires_in": 3600,
        "refresh_in": 0,
        "scope": "",
    }


class Device:
    """What of the device keeps data, started on the mounted flash."""

    def __init__(self):
        self.files = Files(MOUNT)
        self.store = Store(self.files, lambda text: None)
        self.configuration = Configuration(self.store, Overlays(True))
        self.outbox = Outbox(self.store, os.urandom, lambda: None)
        self.files.make_folder("tokens")
        self.keeper = TokenKeeper(
            "smtp", self.configuration, self.store, Provider(), Clock(), lambda setting: None
        )


def settings_state(device):
    return device.configuration.get("smtp")["server"], device.configuration.get("ifax")["server"]


def change_settings(device):
    device.configuration.put("smtp", {"server": "new.example.org"}, False)


def token_state(device):
    record = device.store.load("tokens/smtp", 1)
    assert record["state"] == device.keeper.state
    return record["state"], record["access_token"], record["refresh_token"]


def refresh_token(device):
    asyncio.run(device.keeper.refresh("old access"))


def delete_token(device):
    device.keeper.delete()


def jobs_state(device):
    """Return every job with the bytes of its files; a job without its files would show here."""
    found = []
    for job in device.outbox.jobs:
        contents = []
        for index, described in enumerate(job.record["files"]):
            with device.outbox.open_file(job, index) as file:
                contents.append(file.read())
            assert len(contents[-1]) == described["size"]
        found.append((job.record["subject"], job.state, contents == [CONTENT]))
    assert sorted(device.files.names("outbox")) == [job.id for job in device.outbox.jobs]
    return found


def enqueue_job(device):
    draft = Draft(device.outbox, device.files, Clock(), os.urandom)
    draft.open_file("scan.pdf", "application/pdf")
    draft.write(CONTENT)
    draft.close_file()
    fields = {"to": "a@example.org", "subject": "Scan", "text": "", "mode": "spool"}
    draft.commit(fields, ("Scanner", "mfp@example.org"))


def settle_job(device):
    """What a retry stores: the job stays with its files."""
    device.outbox.update(device.outbox.jobs[0], state="held", reason="token_missing")


def delete_job(device):
    device.outbox.delete(device.outbox.jobs[0])


def prepare(device):
    """Give every change something old."""
    device.configuration.put("smtp", {"server": "old.example.org"}, False)
    device.configuration.put("ifax", {"server": "pop.example.org"}, False)
    asyncio.run(device.keeper.start())
    asyncio.run(device.keeper.poll())
    assert token_state(device) == ("ACQUIRED", "old access", "old refresh")
    enqueue_job(device)


CHANGES = (
    ("settings", change_settings, settings_state),
    ("token refreshed", refresh_token, token_state),
    ("token deleted", delete_token, token_state),
    ("job enqueued", enqueue_job, jobs_state),
    ("job held", settle_job, jobs_state),
    ("job deleted", delete_job, jobs_state),
)


def started(flash):
    """Return the device on this flash, mounted."""
    vfs.mount(vfs.VfsLfs2(flash, progsize=64, readsize=64, lookahead=32), MOUNT)
    return Device()


def state_after(flash, state_of):
    """Start on the flash; return the state and what the device found damaged."""
    device = started(flash)
    try:
        return state_of(device), device.store.faults
    finally:
        vfs.umount(MOUNT)


def cut(prepared, change, writes):
    """Return the flash after the change was cut at that write, and whether it came through."""
    flash = Flash(bytearray(prepared))
    device = started(flash)
    flash.writes_left = writes
    try:
        change(device)
    except Exception:
        pass
    done = flash.writes_left >= 0
    vfs.umount(MOUNT)
    flash.writes_left = None
    return flash, done


def check(prepared, name, change, state_of):
    """Cut the change at each of its writes; print their number."""
    old = state_after(Flash(bytearray(prepared)), state_of)[0]
    new = state_after(cut(prepared, change, 1 << 20)[0], state_of)[0]
    assert old != new, name
    writes = 0
    while True:
        flash, done = cut(prepared, change, writes)
        state, faults = state_after(flash, state_of)
        assert state in (old, new), "%s cut at write %d: %s" % (name, writes, state)
        assert not faults, "%s cut at write %d: %s" % (name, writes, faults)
        assert state_after(flash, state_of)[0] == state, "%s: not stable" % name
        gc.collect()
        if done:
            assert state == new
            print("cuts %s %d" % (name, writes))
            return
        writes += 1


def main():
    flash = Flash(bytearray(BLOCK_BYTES * BLOCKS))
    vfs.VfsLfs2.mkfs(flash, progsize=64, readsize=64, lookahead=32)
    prepare(started(flash))
    vfs.umount(MOUNT)
    for name, change, state_of in CHANGES:
        check(bytes(flash.memory), name, change, state_of)


main()
