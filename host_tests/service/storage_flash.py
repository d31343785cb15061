"""Under MicroPython: a littlefs in RAM whose power goes at a chosen write, and the trial by it.

A program or erase operation in which the power goes leaves none or half of what it should have
written; nothing is written after it.
"""

import gc

import vfs

from mfpmail.core.errors import MailError

BLOCK_BYTES = 512
BLOCKS = 128
MOUNT = "/flash"
PROGRAM, ERASE = "program", "erase"
ERASED = b"\xff"
_EIO = -5
GEOMETRY = {"progsize": 32, "readsize": 32, "lookahead": 32}  # as MicroPython takes by default


class Flash:
    """A block device of so many `blocks`, or with this memory. `writes_left` counts down to the
    cut, None for never.

    The last write leaves `halves` halves of its data. A byte can only be programmed after it was
    erased, as on the real one. `cut_at` says what was under way when the power went.
    """

    def __init__(self, memory=None, blocks=BLOCKS):
        self.memory = memory or bytearray(BLOCK_BYTES * blocks)
        self.writes_left = None
        self.halves = 0
        self.cut_at = ""
        if memory is None:
            vfs.VfsLfs2.mkfs(self, **GEOMETRY)

    def readblocks(self, block, buffer, offset=0):
        start = block * BLOCK_BYTES + offset
        buffer[:] = self.memory[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        start = block * BLOCK_BYTES + offset
        if not self.cut_at:
            before = self.memory[start : start + len(buffer)]
            assert before == ERASED * len(buffer), "programmed without an erase"
        return self._write(PROGRAM, start, buffer)

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self.memory) // BLOCK_BYTES
        if operation == 5:
            return BLOCK_BYTES
        if operation == 6:
            return self._write(ERASE, argument * BLOCK_BYTES, ERASED * BLOCK_BYTES)
        return 0

    def _write(self, operation, start, data):
        """Return 0 or an error: an exception would leave littlefs in the middle of its work."""
        if self.cut_at:
            return _EIO
        if self.writes_left == 0:
            self.cut_at = operation
            data = data[: self.halves * len(data) // 2]
        self.memory[start : start + len(data)] = data
        if self.cut_at:
            return _EIO
        if self.writes_left is not None:
            self.writes_left -= 1
        return 0


class Trial:
    """A change of a device's data, cut at each of its writes.

    `prepared` is the flash before it and `new_world()` returns what is around the device then;
    `start(world)` starts the services on the mounted flash and returns the device, which has
    `store`. `state_of(device)` must be old or new after the cut, as a whole.
    `go_on(device, world, where)` uses the device after the cut.
    """

    def __init__(self, prepared, new_world, start, state_of, go_on):
        self._prepared = prepared
        self._new_world = new_world
        self._start = start
        self._state_of = state_of
        self._go_on = go_on

    def run(self, name, change, must_change=True):
        """Cut `change(device, world)`; print `cuts NAME PROGRAMS ERASES`."""
        old = self._state_on(self._copy(), self._new_world())
        whole, world = self._cut(change, None, 0)
        new = self._state_on(whole, world)
        assert (old != new) == must_change, name
        counts = {PROGRAM: 0, ERASE: 0}
        while True:
            writes = counts[PROGRAM] + counts[ERASE]
            for halves in (0, 1):
                flash, world = self._cut(change, writes, halves)
                where = "%s, %s + %d halves" % (name, counts, halves)
                self._check(flash, world, (old, new) if flash.cut_at else (new,), where)
                gc.collect()
            if not flash.cut_at:
                break
            counts[flash.cut_at] += 1
        print("cuts %s %d %d" % (name, counts[PROGRAM], counts[ERASE]))

    def _copy(self):
        return Flash(bytearray(self._prepared))

    def _cut(self, change, writes, halves):
        """Return the flash and the world after the change was cut in the write after `writes`."""
        flash, world = self._copy(), self._new_world()
        with Mounted(flash):
            device = self._start(world)
            flash.writes_left, flash.halves = writes, halves
            try:
                change(device, world)
            except (OSError, MailError):
                pass
        return flash, world

    def _state_on(self, flash, world):
        with Mounted(Flash(flash.memory)):
            return self._state_of(self._start(world))

    def _check(self, flash, world, allowed, where):
        """Start twice on what is left, then go on."""
        state = self._state_on(flash, world)
        assert state in allowed, "%s: %s" % (where, state)
        with Mounted(Flash(flash.memory)):
            device = self._start(world)
            assert not device.store.faults, "%s: %s" % (where, device.store.faults)
            assert self._state_of(device) == state, where + ": not stable"
            self._go_on(device, world, where)


class Mounted:
    """The time in which a flash is mounted."""

    def __init__(self, flash):
        self._flash = flash

    def __enter__(self):
        vfs.mount(vfs.VfsLfs2(self._flash, **GEOMETRY), MOUNT)

    def __exit__(self, *_):
        vfs.umount(MOUNT)
