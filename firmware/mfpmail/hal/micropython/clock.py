"""The clock port on MicroPython."""

import time

# `time.time()` counts from 1970 on the unix port and from 2000 on most boards.
_EPOCH_OFFSET_S = 946684800 if time.gmtime(0)[0] == 2000 else 0


class Clock:
    """`now_ms` never goes back; `now_s` is the Unix time and may be set by somebody."""

    def __init__(self):
        self._ticks = time.ticks_ms()
        self._now_ms = 0

    def now_ms(self):
        """Return milliseconds since the start; ticks wrap around, this does not (as long as it
        is asked once in six days)."""
        ticks = time.ticks_ms()
        self._now_ms += time.ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        return self._now_ms

    def now_s(self):
        """Return seconds since 1970."""
        return int(time.time()) + _EPOCH_OFFSET_S
