"""The ports of a board with an ESP32 chip; what differs between boards comes in as arguments."""

import gc
import os

from mfpmail.hal.anchors import trust_anchors
from mfpmail.hal.files import Files, exists
from mfpmail.hal.micropython.clock import Clock

# From this size on the heap lies in PSRAM, and all code may stay loaded. A chip without has some
# 170 KB; `mem_free` counts what the heap may still be given.
_ROOMY_BYTES = 1000000
_CLOCK_SET_S = 1700000000  # less than that is shown by a clock that nobody has set


class Ports:
    """The adapters that the device runs on; see `mfpmail.service.device.Device`.

    `led` has `show(state)`.
    """

    hello_name = "mfpmail.local"
    http_host = "0.0.0.0"  # noqa: S104 - all of its networks, as a printer serves
    http_port = 80

    def __init__(self, led):
        self.files = Files("/")
        self.clock = Clock()
        self.random_bytes = os.urandom
        self.print_line = print
        self.file_exists = exists
        self.show_led = led.show
        self.keep_loaded = gc.mem_free() > _ROOMY_BYTES

    def join_network(self):
        """Start joining the network; see `wifi.join`."""
        from mfpmail.hal.esp32 import wifi

        wifi.join(self.files, "mfpmail", self.print_line)

    def clock_is_set(self):
        """Say whether the time is one that somebody has set: a chip starts in 2000."""
        return self.clock.now_s() >= _CLOCK_SET_S

    def open_net(self):
        """Return the network port; its code is loaded now."""
        from mfpmail.hal.micropython.net import Net

        self._set_clock()
        return Net(trust_anchors(self.files))

    def open_http(self):
        """Return the HTTP port; its code is loaded now."""
        from mfpmail.hal.micropython.http import Http

        self._set_clock()
        return Http(trust_anchors(self.files))

    def open_locale(self, language):
        """Return the texts of a language, a file open for reading bytes."""
        return open("/lib/mfpmail/locale/%s.txt" % language, "rb")

    def _set_clock(self):
        """Set the clock before any TLS, whose certificates all seem not to be valid yet else."""
        if self.clock_is_set():
            return
        from mfpmail.hal.esp32 import wifi

        if not wifi.set_clock():
            self.print_line("clock: not set, and no time server answers")
