"""A network port that plays the server's side of a dialogue from a script."""

from mfpmail.core.errors import NetworkError

EOF = b"<eof>"


class FakeNet:
    """`scripts` holds one script for each connection, in order.

    A script is a list of `(expected bytes or None, reply bytes)`; the first pair's expectation is
    None when the server speaks first. `None` later takes whatever comes up to the next line end;
    `("until", ending)` takes everything up to that ending.
    """

    def __init__(self, *scripts):
        self._scripts = list(scripts)
        self.streams = []

    async def connect(self, host, port, tls, timeout_ms):
        if not self._scripts:
            raise NetworkError("connect", "No connection to %s:%d." % (host, port))
        stream = FakeStream(self._scripts.pop(0), tls)
        self.streams.append(stream)
        return stream


class FakeStream:
    """The client's end of one scripted connection."""

    def __init__(self, script, tls):
        self._script = list(script)
        self._incoming = b""
        self._pending = b""
        self.tls = tls
        self.tls_starts = 0
        self.closed = False
        self.written = b""
        self.write_count = 0
        if self._script and self._script[0][0] is None:
            self._incoming = self._script.pop(0)[1]

    async def readinto(self, buffer):
        if self._incoming == EOF or not self._incoming:
            return 0
        count = min(len(buffer), len(self._incoming))
        buffer[:count] = self._incoming[:count]
        self._incoming = self._incoming[count:]
        return count

    async def write(self, data):
        self.written += bytes(data)
        self._pending += bytes(data)
        self.write_count += 1
        while self._script and self._pending and self._matches(self._script[0][0]):
            self._incoming += self._script.pop(0)[1]

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
