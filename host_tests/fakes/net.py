"""A network port that plays the server's side of a dialogue from a script."""

from mfpmail.core.errors import MailError, NetworkError


class FakeNet:
    """`scripts` holds one script for each connection, in order; an error instead of one is raised.

    A script is a list of `(expected bytes or None, reply bytes)`; the first pair's expectation is
    None when the server speaks first. `None` later takes whatever comes up to the next line end;
    `("until", ending)` takes everything up to that ending. After the last pair the server closes;
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
    """The client's end of one scripted connection."""

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
        if self._script and self._script[0][0] is None:
            self._incoming = self._script.pop(0)[1]

    @property
    def written(self):
        """All that was written, as one."""
        return b"".join(self.writes)

    async def readinto(self, buffer):
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
        self._pending += bytes(data)
        while self._script and self._pending and self._matches(self._script[0][0]):
            self._incoming += self._script.pop(0)[1]
        if self._script and isinstance(self._script[0][0], tuple):
            self._pending = self._pending[-len(self._script[0][0][1]) :]  # the end is enough

    async def start_tls(self):
        self.tls = True
        self.tls_starts += 1

    async def close(self):
        self.closed = True

    def _matches(self, expected):
        if isinstance(expected, tuple):
            if not self._pending.endswith(expected[1]):
                return False
        elif expected is not None and self._pending != expected:
            raise AssertionError("expected %r, got %r" % (expected, self._pending))
        elif not self._pending.endswith(b"\r\n"):
            return False
        self._pending = b""
        return True
