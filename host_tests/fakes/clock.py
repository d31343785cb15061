"""A clock that stands still until a test moves it."""


class FakeClock:
    """The clock port; `advance_s` moves both clocks."""

    def __init__(self, now_s=1800000000):
        self._now_s = now_s
        self._now_ms = 0

    def now_ms(self):
        return self._now_ms

    def now_s(self):
        return self._now_s

    def advance_s(self, seconds):
        self._now_s += seconds
        self._now_ms += seconds * 1000

    def set_s(self, now_s):
        """Set the clock on the wall; the monotonic one goes on."""
        self._now_s = now_s
