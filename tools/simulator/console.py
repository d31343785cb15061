"""What goes over the serial line of a board: REPL, resets, Ctrl-C."""

import re
import time

from simulator.interpreter import BOOTING, RUNNING

CTRL_A, CTRL_C, CTRL_D = b"\x01", b"\x03", b"\x04"
_RAW_PROMPT = b"raw REPL; CTRL-B to exit"
_PROMPT = b"\r\n>>> "
_MOUNT = b"\x18"  # begins each request of a folder that mpremote has mounted
_REACTION_S = 0.03  # after which what was typed has been read
_PATIENCE_S = 1.0  # for code that has not answered an interrupt
_CALM_S = 1.0  # a life that was shorter, and that nobody ended, is not begun again at once


class Console:
    """Keeps an interpreter alive and gives it the manners of a board.

    `start(raw)` starts an Interpreter; `raw` leaves out main.py. `feed` takes what the client
    sends; `take` returns what the client is to see.
    """

    def __init__(self, start):
        self._start = start
        self._is_raw = False
        self._waiting = b""  # input that the interpreter has not been given yet
        self._last_input = b""
        self._look_s = 0  # when to look what the interpreter does
        self._answer_s = 0  # until when it may answer an interrupt
        self._begin(raw=False)

    @property
    def interpreter(self):
        return self._interpreter

    def feed(self, data):
        """Take what the client sends; return what goes into the terminal now."""
        if data:
            self._last_input = data[-1:]
        data, self._waiting = self._waiting + data, b""
        if not data or CTRL_C not in data or self._is_mounted:
            return data
        before, _, after = data.partition(CTRL_C)
        if before:  # what it brings about comes first
            self._waiting, self._look_s = CTRL_C + after, time.monotonic() + _REACTION_S
            return before
        state = self._interpreter.state()
        if time.monotonic() < self._look_s or state == BOOTING:
            self._waiting = data
            return b""
        self._waiting = after
        if state != RUNNING:
            return CTRL_C
        if time.monotonic() >= self._answer_s:  # twice before it has noticed would end it
            self._answer_s = time.monotonic() + _PATIENCE_S
            self._interpreter.interrupt()
        return b""

    def take(self, data):
        """Take what the interpreter has written; return it as a board would have sent it."""
        self._answer_s = 0
        seen = self._tail + data
        raw_at, prompt_at = seen.rfind(_RAW_PROMPT), seen.rfind(_PROMPT)
        if raw_at != prompt_at:  # neither: both are -1
            self._is_raw = raw_at > prompt_at
        self._is_mounted = self._is_mounted or _MOUNT in data
        last, self._tail = self._tail[-1:], seen[-len(_RAW_PROMPT) :]
        if self._is_raw or self._is_mounted:
            return data
        whole = re.sub(rb"(?<!\r)\n", b"\r\n", data)  # a board sends whole line ends
        return whole[1:] if last == b"\r" and data[:1] == b"\n" else whole

    def reset(self):
        """Begin anew, after the interpreter has ended; return what the client is to see."""
        if self._interpreter.end():
            self._is_raw = False
            said = b""
        else:
            said = b"MPY: soft reboot\r\n"
            if self._last_input != CTRL_D and time.monotonic() < self._began_s + _CALM_S:
                time.sleep(_CALM_S)
        self._begin(self._is_raw)
        return said

    def end(self):
        """End the interpreter."""
        self._interpreter.kill()

    def _begin(self, raw):
        if raw:
            self._waiting = CTRL_A + self._waiting
        self._tail = b""
        self._is_mounted = False
        self._answer_s = 0
        self._began_s = time.monotonic()
        self._interpreter = self._start(raw)
