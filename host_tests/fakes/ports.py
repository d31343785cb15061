"""All ports of a device at once, so that the services can be put together as on a board."""

import sys

import mfpmail
from fakes.clock import FakeClock
from fakes.files import FakeFiles
from fakes.net import FakeNet
from fakes.provider import FakeHttp

_PACKAGE = mfpmail.__file__.rsplit("/", 1)[0]


class FakePorts:
    """What `mfpmail.service.device.Device` runs on; a restart is a new Device over the same."""

    hello_name = "printer.test"
    keep_loaded = sys.implementation.name != "micropython"  # as boards/HOST does

    def __init__(self, *scripts):
        self.files = FakeFiles()
        self.clock = FakeClock()
        self.net = FakeNet(*scripts)
        self.http = FakeHttp()
        self.lines = []
        self.print_line = self.lines.append
        self.leds = []
        self.show_led = self.leds.append
        self._random = 0

    def random_bytes(self, count):
        """Return bytes that are never the same twice, and always the same in a test."""
        self._random += 1
        return bytes((self._random * 37 + index) % 256 for index in range(count))

    def open_net(self):
        return self.net

    def open_locale(self, language):
        return open("%s/locale/%s.txt" % (_PACKAGE, language), "rb")

    def open_http(self):
        return self.http
