"""The device's log: a line each on the console, the last ones kept for the status page."""

_KEPT_LINES = 30


class Journal:
    """`print_line(text)` is the console. Nothing secret is ever written here: errors carry
    sentences made for the person, not what went over the wire."""

    def __init__(self, clock, print_line):
        self._clock = clock
        self._print_line = print_line
        self._lines = []

    @property
    def lines(self):
        """The last lines, `{"at": Unix time, "text"}` each, oldest first."""
        return [{"at": at, "text": text} for at, text in self._lines]

    def write(self, text):
        """Log one line."""
        self._lines.append((self._clock.now_s(), text))
        if len(self._lines) > _KEPT_LINES:
            self._lines.pop(0)
        self._print_line(text)
