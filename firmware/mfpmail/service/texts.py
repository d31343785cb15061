"""What the device says to the person, looked up by topic in a file a language on flash.

A line is `topic<TAB>cause<TAB>what to do`, in UTF-8; the lines are sorted, so that a few of them
are read to find one. Texts take no room in the heap.
"""


class Texts:
    """`open_locale(language)` returns the file of a language, open for reading bytes."""

    def __init__(self, open_locale):
        self._open_locale = open_locale
        self._last = None, ("", "")  # many jobs in a list wait for the same reason

    def find(self, language, topic):
        """Return `(cause, what to do)`; both "" for an unknown topic."""
        wanted = language, topic
        if self._last[0] != wanted:
            self._last = wanted, self._read(language, topic)
        return self._last[1]

    def _read(self, language, topic):
        start = topic.encode() + b"\t"
        file = self._open_locale(language)
        try:
            line = _first_from(file, start)
        finally:
            file.close()
        if not line.startswith(start):
            return "", ""
        _, cause, advice = line.decode().rstrip("\n").split("\t")
        return cause, advice


def _first_from(file, start):
    """Return the first line that does not sort before `start`, by halves; b"" without one."""
    low, high = 0, file.seek(0, 2)
    while low < high:
        middle = (low + high) // 2
        line = _line_after(file, middle)
        if line and line < start:
            low = middle + 1
        else:
            high = middle
    return _line_after(file, low)


def _line_after(file, offset):
    """Return the first line that begins at the offset or behind it."""
    if offset:
        file.seek(offset - 1)
        file.readline()
    else:
        file.seek(0)
    return file.readline()
