"""What a browser sends, read with limits: microdot trusts its client, this does not.

A line, the header block and every wait are bounded, and what a refused request still has to say
is read and dropped, as otherwise the connection is reset and the browser never sees the answer.
"""

import asyncio

_MAX_HEADER_BYTES = 8192
_READ_BYTES = 512
_WAIT_S = 20
_HEADER_WAIT_S = 3  # whoever has begun a request holds one of the few slots
_MAX_DISCARD_BYTES = 16 * 1024 * 1024
_DISCARD_WAIT_S = 2
_QUIET_S = 0.3  # a peer whose request was not understood has said all it wanted


class Slots:
    """Lets `count` requests be answered at a time; the others wait, which costs little."""

    def __init__(self, count):
        self._free = count
        self._left = asyncio.Event()

    async def __aenter__(self):
        while not self._free:
            self._left.clear()
            await self._left.wait()
        self._free -= 1

    async def __aexit__(self, *_):
        self._free += 1
        self._left.set()


class RequestReader:
    """The reader that microdot gets: `readline`, `read`, `readexactly`."""

    def __init__(self, stream):
        self._stream = stream
        self._buffer = b""
        self._header_bytes = 0
        self._body_left = 0
        self._has_length = False
        self._chunked = False
        self._framed = False  # whether it is known where the request ends

    async def wait_for_request(self):
        """Wait for the first bytes; False when the browser sends none and is to be dropped."""
        self._buffer = await self._receive(_READ_BYTES, _WAIT_S)
        return bool(self._buffer)

    async def readline(self):
        """Return one header line. Raises ValueError when the header is too long."""
        while b"\n" not in self._buffer:
            data = await self._receive(_READ_BYTES, _HEADER_WAIT_S)
            if not data:
                break
            self._buffer += data
            if self._header_bytes + len(self._buffer) > _MAX_HEADER_BYTES + _READ_BYTES:
                raise ValueError("request header too long")
        end = self._buffer.find(b"\n") + 1 or len(self._buffer)
        line, self._buffer = self._buffer[:end], self._buffer[end:]
        is_first = not self._header_bytes
        self._note(line)
        return _without_query(line) if is_first else line

    async def read(self, count):
        """Return at most `count` bytes of the body; b"" at its end."""
        count = min(count, self._body_left)
        if not count:
            return b""
        if self._buffer:
            data, self._buffer = self._buffer[:count], self._buffer[count:]
        else:
            data = await self._receive(count, _WAIT_S)
        self._body_left -= len(data)
        return data

    async def readexactly(self, count):
        """Return exactly `count` bytes. Raises ValueError when the peer stops early."""
        data = b""
        while len(data) < count:
            piece = await self.read(count - len(data))
            if not piece:
                raise ValueError("request body too short")
            data += piece
        return data

    async def discard(self):
        """Read and drop what is left of the request, within limits."""
        left = self._body_left - len(self._buffer) if self._framed else _MAX_DISCARD_BYTES
        left = min(left, _MAX_DISCARD_BYTES)
        wait_s = _DISCARD_WAIT_S if self._framed else _QUIET_S
        while left > 0:
            data = await self._receive(min(left, _READ_BYTES), wait_s)
            if not data:
                return
            left -= len(data)

    def _note(self, line):
        self._header_bytes += len(line)
        if self._header_bytes > _MAX_HEADER_BYTES:
            raise ValueError("request header too long")
        name, _, value = line.partition(b":")
        name = name.lower()
        if not line.strip():
            self._framed = not self._chunked
        elif name == b"transfer-encoding":
            self._chunked = True
        elif name == b"content-length":
            self._body_left = self._length(value.strip())

    def _length(self, value):
        """Two lengths, a sign or anything else that peers read differently is refused."""
        if self._has_length or not value.isdigit():
            raise ValueError("bad content length")
        self._has_length = True
        return int(value)

    async def _receive(self, count, wait_s):
        try:
            return await asyncio.wait_for(self._stream.read(count), wait_s)
        except asyncio.TimeoutError:
            return b""


def _without_query(line):
    """Return a request line without its query: nothing here has a use for one."""
    start = line.find(b"?")
    end = line.find(b" ", start)
    return line if start < 0 or end < 0 else line[:start] + line[end:]


class ResponseWriter:
    """The writer that microdot gets: `awrite`, `aclose`, `get_extra_info`."""

    def __init__(self, stream, reader):
        self._stream = stream
        self._reader = reader

    def get_extra_info(self, name):
        """Return what the stream knows of the peer."""
        return self._stream.get_extra_info(name)

    async def awrite(self, data):
        """Write all of it; a browser that does not take it is dropped."""
        self._stream.write(data)
        await asyncio.wait_for(self._stream.drain(), _WAIT_S)

    async def aclose(self):
        """Give the browser the chance to read the answer; `close` follows."""
        await self._reader.discard()

    async def close(self):
        """Close, whatever state the connection is in."""
        self._stream.close()
        try:
            await self._stream.wait_closed()  # what closes it on MicroPython
        except OSError:
            pass
