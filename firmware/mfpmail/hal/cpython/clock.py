"""The clock port on CPython."""

import time


class Clock:
    """`now_ms` never goes back; `now_s` is the Unix time and may be set by somebody."""

    def now_ms(self):
        """Return milliseconds since an arbitrary start."""
        return time.monotonic_ns() // 1000000

    def now_s(self):
        """Return seconds since 1970."""
        return int(time.time())
