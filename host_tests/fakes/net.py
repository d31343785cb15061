"""A network port that plays the server's side of a dialogue from a script."""

from mfpmail.core.errors import MailError, NetworkError


class FakeNet:
    """`scripts` holds one script for each connection, in order; an error instead of one is raised.

    A script is a list of `(expected bytes or None, reply bytes)`; the first pair's expectation is
    None when the server speaks first. `None` later takes whatever comes up to the next line end;
    `("until", ending)` takes everything up to that ending, `("count", n)` so many bytes. One write
    may meet several expectations: a flight of commands. After the last pair the server closes;
    with `cut_after_bytes` it closes once it has said that much.

    `chunk_bytes` bounds what one read gives; `on_write(data)` sees what the client writes.
    """

    def __init__(self, *scripts):
        self._scripts = list(scripts)
        self.streams = []
        self.chunk_bytes = 4096
        self.cut_after_bytes = None
        self.on_write = lambda data: None

    @property
    def written(self):
        """All that was written on the last connection."""
        return self.streams[-1].written

    async def connect(self, host, port, tls, timeout_ms):
        if not self._scripts:
            raise NetworkError("connect", "No connection to %s:%d." % (host, port))
        script = self._scripts.pop(0)
        if isinstance(script, MailError):
            raise script
        stream = FakeStream(script, tls, self)
        self.streams.append(stream)
        return stream

    def add(self, *scripts):
        """Let further connections be made."""
        self._scripts.extend(scripts)


class FakeStream:
    """The client's end of one scripted connection.

    `writes` holds what each write gave. `round_trips` counts how often the client had written
    something when it began to wait for an answer.
    """

    def __init__(self, script, tls, net):
        self._script = list(script)
        self._incoming = b""
        self._pending = b""
        self._net = net
        self._left_bytes = net.cut_after_bytes
        self.tls = tls
        self.tls_starts = 0
        self.closed = False
        self.writes = []
        self.round_trips = 0
        self._has_written = False
        if self._script and self._script[0][0] is None:
            self._incoming = self._script.pop(0)[1]

    @property
    def written(self):
        """All that was written, as one."""
        return b"".join(self.writes)

    async def readinto(self, buffer):
        self.round_trips += self._has_written
        self._has_written = False
        count = min(len(buffer), len(self._incoming), self._net.chunk_bytes)
        if self._left_bytes is not None:
            count = min(count, self._left_bytes)
            self._left_bytes -= count
        buffer[:count] = self._incoming[:count]
        self._incoming = self._incoming[count:]
        return count

    async def write(self, data):
        if self.closed:
            raise AssertionError("written after the end: %r" % bytes(data))
        self._net.on_write(bytes(data))
        self.writes.append(bytes(data))
        self._has_written = True
        self._pending += bytes(data)
        while self._script and self._pending:
            count = self._taken_by(self._script[0][0])
            if not count:
                break
            self._pending = self._pending[count:]
            self._incoming += self._script.pop(0)[1]
        if self._script and isinstance(self._script[0][0], tuple):
            ending = self._script[0][0][1]
            if not isinstance(ending, int):
                self._pending = self._pending[-len(ending) :]  # the end is enough

    async def start_tls(self):
        self.tls = True
        self.tls_starts += 1

    async def close(self):
        self.closed = True

    def _taken_by(self, expected):
        """Return how many of the bytes meet what the script expects, 0 when more must come."""
        if expected is None:
            return self._pending.find(b"\n") + 1
        if isinstance(expected, tuple):
            kind, end = expected
            if kind == "count":
                return end if len(self._pending) >= end else 0
            at = self._pending.find(end)
            return at + len(end) if at >= 0 else 0
        if self._pending.startswith(expected):
            return len(expected)
        if not expected.startswith(self._pending):
            raise AssertionError("expected %r, got %r" % (expected, self._pending))
        return 0
