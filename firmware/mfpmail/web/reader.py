"""What a browser sends, read with limits: microdot trusts its client, this does not.

A line, the header block and every wait are bounded, and what a refused request still has to say
is read and dropped, as otherwise the connection is reset and the browser never sees the answer.
"""

import asyncio

_MAX_HEADER_BYTES = 8192
_READ_BYTES = 1024
_WAIT_S = 20
_MAX_DISCARD_BYTES = 16 * 1024 * 1024
_DISCARD_WAIT_S = 2


class RequestReader:
    """The reader that microdot gets: `readline`, `read`, `readexactly`."""

    def __init__(self, stream):
        self._stream = stream
        self._buffer = b""
        self._header_bytes = 0
        self._body_left = 0

    async def readline(self):
        """Return one header line. Raises ValueError when the header is too long."""
        while b"\n" not in self._buffer:
            data = await self._receive(_READ_BYTES, _WAIT_S)
            if not data:
                break
            self._buffer += data
            if self._header_bytes + len(self._buffer) > _MAX_HEADER_BYTES + _READ_BYTES:
                raise ValueError("request header too long")
        end = self._buffer.find(b"\n") + 1 or len(self._buffer)
        line, self._buffer = self._buffer[:end], self._buffer[end:]
        self._note(line)
        return line

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
        """Read and drop what is left of the body, within limits."""
        left = min(self._body_left - len(self._buffer), _MAX_DISCARD_BYTES)
        while left > 0:
            data = await self._receive(min(left, _READ_BYTES), _DISCARD_WAIT_S)
            if not data:
                return
            left -= len(data)

    def _note(self, line):
        self._header_bytes += len(line)
        if self._header_bytes > _MAX_HEADER_BYTES:
            raise ValueError("request header too long")
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            self._body_left = max(int(value), 0)

    async def _receive(self, count, wait_s):
        try:
            return await asyncio.wait_for(self._stream.read(count), wait_s)
        except asyncio.TimeoutError:
            return b""


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
        """Close, once the browser has had the chance to read the answer."""
        await self._reader.discard()
        self._stream.close()
        await self._stream.wait_closed()
