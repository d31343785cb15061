"""The device's log: a line each on the console, the last ones kept for the status page."""

_KEPT_LINES = 30


class Journal:
    """`print_line(text)` is the console. Nothing secret is ever written here: errors carry
    sentences made for the person, not what went over the wire."""

    def __init__(self, clock, print_line):
        self._clock = clock
        self._print_line = print_line
        self.lines = []

    def write(self, text):
        """Log one line."""
        self.lines.append({"at": self._clock.now_s(), "text": text})
        if len(self.lines) > _KEPT_LINES:
            self.lines.pop(0)
        self._print_line(text)
