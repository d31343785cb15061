"""MicroPython's unix port on a terminal of its own, and what it does at the moment."""

import os
import pty
import signal
import subprocess
import termios
import tty
from pathlib import Path

BOOTING, RUNNING, IDLE, ENDED = "booting", "running", "idle", "ended"
_SIGINT_BIT = 1 << (signal.SIGINT - 1)


class Interpreter:
    """One life of the interpreter, from a reset to the next.

    `terminal` is a file descriptor: what is read there the interpreter has written, and the
    other way round. Reading raises OSError once it has ended.
    """

    def __init__(self, command, environment):
        self.terminal, inside = pty.openpty()
        tty.setraw(inside, termios.TCSANOW)  # binary: also for Ctrl-C, and for line ends
        try:
            self._process = subprocess.Popen(
                command,
                env=environment,
                stdin=inside,
                stdout=inside,
                stderr=inside,
                start_new_session=True,
                preexec_fn=_ignore_interrupts,
            )
        finally:
            os.close(inside)
        os.set_blocking(self.terminal, False)

    def state(self):
        """Say what it does now, by what it has set for SIGINT.

        A handler stands only while MicroPython runs code; at its prompt the signal would kill it,
        and until it has come so far it has inherited to ignore it.
        """
        signals = {}
        try:
            for line in Path("/proc/%d/status" % self._process.pid).read_text().splitlines():
                name, _, value = line.partition(":")
                if name in ("SigIgn", "SigCgt"):
                    signals[name] = int(value, 16)
        except OSError:
            return ENDED
        if signals.get("SigIgn", 0) & _SIGINT_BIT:
            return BOOTING
        return RUNNING if signals.get("SigCgt", 0) & _SIGINT_BIT else IDLE

    def interrupt(self):
        """Press Ctrl-C while code runs."""
        self._process.send_signal(signal.SIGINT)

    def kill(self):
        """Pull the plug."""
        self._process.kill()
        self.end()

    def end(self):
        """End it, if it has not ended; return whether it was a reset of the chip."""
        by_itself = self._process.poll()
        if by_itself is None:
            try:
                by_itself = self._process.wait(0.5)  # its terminal closes just before its end
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        os.close(self.terminal)
        return by_itself == -signal.SIGKILL


def _ignore_interrupts():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
