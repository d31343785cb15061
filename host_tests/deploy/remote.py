"""How the tests talk to a simulated board: by mpremote, or as a person at a terminal."""

import os
import select
import subprocess
import sys
import time
from pathlib import Path

MPREMOTE = Path(sys.executable).with_name("mpremote")
PASSWORD = "correct horse"
LIMIT_S = 30


class Mpremote:
    """`mpremote("exec", "print(1)")` runs it on a board and returns what it printed."""

    def __init__(self, board):
        self._board = board

    def __call__(self, *arguments):
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(self, *arguments):
        command = [str(MPREMOTE), "connect", self._board.serial, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)


class SerialPort:
    """The open line of a simulated board."""

    def __init__(self, path):
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._fd)

    def write(self, data):
        os.write(self._fd, data)

    def read_until(self, end):
        """Return everything up to and with `end`."""
        said, limit_s = b"", time.monotonic() + LIMIT_S
        while not said.endswith(end):
            left_s = limit_s - time.monotonic()
            assert left_s > 0, said
            if select.select([self._fd], [], [], left_s)[0]:
                said += os.read(self._fd, 1)
        return said
