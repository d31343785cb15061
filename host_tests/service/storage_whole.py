"""Under MicroPython: the whole device on the mounted flash, for a power that goes.

When it has gone, nothing reaches the mail server or the provider any more.
"""

import gc
import sys

from storage_device import World
from storage_flash import ERASE, MOUNT, PROGRAM, Flash, Mounted

from fakes.ports import FakePorts
from mfpmail.core.errors import MailError
from mfpmail.hal import files
from mfpmail.service.device import Device as WholeDevice

LOCALE = sys.path[1] + "/../firmware/mfpmail/locale/%s.txt"  # beside host_tests
BLOCKS = 256  # so that there is room beside the reserve of outbox and inbox


class PoweredWorld(World):
    """Also a mail `server`, a network port with `on_call`, and the `flash` whose power goes."""

    def __init__(self, server, kept=None, flash=None):
        super().__init__(kept)
        self.server = server
        self.flash = flash
        self.server.on_call = self.need_power

    @property
    def has_power(self):
        return not self.flash or not self.flash.cut_at

    def print_line(self, text):
        """Take a line of the device's journal."""

    def calm(self):
        self.provider.calm()
        self.server.on_call = self.provider.meanwhile = self.need_power

    def need_power(self):
        if not self.has_power:
            raise OSError(5)


class OpenFiles:
    """The files that a device has opened: what its end leaves open must be closed before the flash
    is taken away."""

    def __init__(self):
        self._files = []

    def open(self, path, mode):
        """Stands in for the function of that name in hal/files.py."""
        file = open(path, mode)  # noqa: SIM115 - closed by `close_all`
        self._files.append(file)
        return file

    def close_all(self):
        for file in self._files:
            try:
                file.close()
            except OSError:
                pass
        self._files.clear()


opened = OpenFiles()
files.open = opened.open


class Device(WholeDevice):
    """The whole device on the mounted flash; `keeper` is that of `name`."""

    def __init__(self, world, name="smtp"):
        ports = FakePorts()
        ports.files = files.Files(MOUNT)
        ports.clock, ports.random_bytes = world.clock, world.random_bytes
        ports.net, ports.http, ports.print_line = world.server, world.provider, world.print_line
        ports.keep_loaded = True
        ports.open_locale = lambda language: opened.open(LOCALE % language, "rb")
        super().__init__(ports)
        self.postman.is_lean = True  # no connection outlives a round
        self.keeper = self.keepers[name]


def prepared(steps, new_world, start):
    """Return `(memory, world text)` after these steps on a new flash; `start(world)` returns the
    device."""
    flash, world = Flash(blocks=BLOCKS), new_world()
    for step in steps:
        world.calm()
        with Mounted(flash):
            step(start(world), world)
    return bytes(flash.memory), world.snapshot()


class Trial:
    """One operation, `step(device, world)`, on a device prepared by `steps`; `start(world)` returns
    the device, `new_world` the world around it. What must hold after a cut is for `check` to say.
    """

    def __init__(self, name, steps, step, new_world, start):
        self._name = name
        self._memory, self._kept = prepared(steps, new_world, start)
        self._step = step
        self._new_world = new_world
        self._start = start

    def run(self):
        """Cut it at each write, with nothing and with half of it written."""
        counts, repeated = {PROGRAM: 0, ERASE: 0}, 0
        while True:
            writes = counts[PROGRAM] + counts[ERASE]
            for halves in (0, 1):
                where = "%s, %s + %d halves" % (self._name, counts, halves)
                flash, world = self._cut(writes, halves, where)
                repeated += self.check(flash, world, where)
                gc.collect()
            if not flash.cut_at:
                break
            counts[flash.cut_at] += 1
        print("cuts %s %d %d %d" % (self._name, counts[PROGRAM], counts[ERASE], repeated))

    def _cut(self, writes, halves, where):
        flash = Flash(bytearray(self._memory))
        world = self._new_world(self._kept, flash)
        with Mounted(flash):
            device = self._start(world)
            self.begin(device, world)
            flash.writes_left, flash.halves = writes, halves
            try:
                self._step(device, world)
            except (OSError, MailError):
                assert flash.cut_at, where
            opened.close_all()
        return flash, world

    def begin(self, device, world):
        """Note what is there before the operation begins."""

    def check(self, flash, world, where):
        """Raise AssertionError when anything is lost; return how many mails came twice."""
        raise NotImplementedError
