"""HOST: a computer as the board, under MicroPython's unix port or under CPython.

Under MicroPython the root is the simulator's littlefs image, under CPython a folder. What a real
board has soldered on comes from the environment here: MFPMAIL_HTTP_PORT, MFPMAIL_ROOT.
"""

import os
import sys

import mfpmail
from mfpmail.hal.anchors import trust_anchors
from mfpmail.hal.files import Files, exists

NAME = "HOST"
_PACKAGE = mfpmail.__file__.rsplit("/", 1)[0]
_MICROPYTHON = sys.implementation.name == "micropython"

if _MICROPYTHON:
    from mfpmail.hal.micropython.clock import Clock
else:
    from mfpmail.hal.cpython.clock import Clock


class Ports:
    """The adapters that the device runs on; see `mfpmail.service.device.Device`."""

    hello_name = "mfpmail.local"
    http_host = "127.0.0.1"
    keep_loaded = not _MICROPYTHON  # the simulated heap is as small as a board's

    def __init__(self, root, http_port):
        self.files = Files(root)
        self.clock = Clock()
        self.random_bytes = os.urandom
        self.print_line = _print_line
        self.file_exists = exists
        self.http_port = http_port

    def open_net(self):
        """Return the network port; its code is loaded now."""
        if _MICROPYTHON:
            from mfpmail.hal.micropython.net import Net
        else:
            from mfpmail.hal.cpython.net import Net
        return Net(trust_anchors(self.files))

    def open_http(self):
        """Return the HTTP port; its code is loaded now."""
        if _MICROPYTHON:
            from mfpmail.hal.micropython.http import Http
        else:
            from mfpmail.hal.cpython.http import Http
        return Http(trust_anchors(self.files))

    def open_locale(self, language):
        """Return the texts of a language, a file open for reading bytes."""
        return open("%s/locale/%s.txt" % (_PACKAGE, language), "rb")

    def show_led(self, state):
        """Show the state of the device: off, ok, waiting, warning, fault."""
        self.print_line("led: " + state)


def _print_line(text):
    sys.stdout.write(text + "\n")
    if hasattr(sys.stdout, "flush"):
        sys.stdout.flush()


def open_ports():
    """Return the ports of this machine."""
    root = os.getenv("MFPMAIL_ROOT") or "/"
    return Ports(root, int(os.getenv("MFPMAIL_HTTP_PORT") or "8080"))
