"""Writes mails to the server: texts as they are, files in base64, through buffers of fixed size."""

from mfpmail.core.base64stream import LINE_BYTES, ROW_CHARS, encode_rows, set_line_ends
from mfpmail.core.errors import MESSAGE, MailError, ProtocolError
from mfpmail.core.smtp import DotStuffer

# What is written at once: a TLS record of a board has 4096 bytes.
_ROWS = 52
_BLOCK_BYTES = 26 * LINE_BYTES
_OUT_BYTES = _ROWS * ROW_CHARS
_LAST_ROWS_AT = _OUT_BYTES - _BLOCK_BYTES // LINE_BYTES * ROW_CHARS  # where a block still fits
_END_BYTES = 5  # place that is kept for the end of the message: CRLF, the dot, CRLF


class BodyWriter:
    """What one connection sends, mail after mail; its buffers are made once.

    `filled` bytes wait to be written. They leave when more come than have place, so that the
    last ones of a mail and the final dot are one write: apart, they would wait for each other's
    acknowledgement. `bytes_done` counts the mail before dot-stuffing.
    """

    def __init__(self, link):
        self.filled = 0
        self.bytes_done = 0
        self._link = link
        self._out = memoryview(bytearray(_OUT_BYTES + _END_BYTES))
        self._block = memoryview(bytearray(_BLOCK_BYTES))  # of a file, not encoded yet
        self._in_block = 0
        self._in_file = False
        self._stuffer = DotStuffer()
        self._chunk_bytes = None
        self._progress = None

    def begin(self, progress, chunk_bytes=None):
        """Start a mail; `progress(bytes_done)` is called as it goes, the last time before the
        final dot leaves.

        A chunk (RFC 3030) has exactly `chunk_bytes`, no dots are doubled in it, and none ends it.
        """
        self.bytes_done = 0
        self._in_block = 0
        self._in_file = False
        self._stuffer = DotStuffer()
        self._chunk_bytes = chunk_bytes
        self._progress = progress

    async def write(self, data):
        """Write bytes of the mail as they are; lines end with CRLF."""
        self.bytes_done += len(data)
        if self._chunk_bytes is None:
            data = self._stuffer.stuff(data)
        at, size_bytes = 0, len(data)
        while at < size_bytes:
            if self.filled >= _OUT_BYTES:
                await self._flush_lines()
            count = min(size_bytes - at, _OUT_BYTES - self.filled)
            self.add(data if count == size_bytes else memoryview(data)[at : at + count])
            at += count
        self._progress(self.bytes_done)

    async def write_file(self, data):
        """Write a piece of a file, of any size: base64 goes out, in lines of 76 characters."""
        if not self._in_file:
            await self._begin_file()
        at, size_bytes = 0, len(data)
        data = memoryview(data)
        while at < size_bytes:
            start = self._in_block
            count = min(size_bytes - at, _BLOCK_BYTES - start)
            self._block[start : start + count] = data[at : at + count]
            at += count
            self._in_block += count
            if self._in_block == _BLOCK_BYTES:
                if self.filled > _LAST_ROWS_AT:
                    await self._flush_rows()
                self._encode()

    async def end_file(self):
        """The file is complete; the next one, if any, starts a new line of base64."""
        if self._in_block:
            if self.filled > _LAST_ROWS_AT:
                await self._flush_rows()
            self._encode()
        self._in_file = False

    async def read_file(self, file, size_bytes):
        """Write a whole file of that size from `file.readinto`, without a copy on the way.

        Raises MailError `attachment_short`: a file that got shorter must not become a shorter
        mail.
        """
        await self._begin_file()
        left_bytes = size_bytes
        while left_bytes:
            start = self._in_block
            count = file.readinto(self._block[start : min(_BLOCK_BYTES, start + left_bytes)])
            if not count:
                raise MailError("attachment_short", "A file of this job is incomplete.", MESSAGE)
            left_bytes -= count
            self._in_block += count
            if self._in_block == _BLOCK_BYTES:
                # Asked here, as a coroutine for every block would cost a tenth of its time.
                if self.filled > _LAST_ROWS_AT:
                    await self._flush_rows()
                self._encode()
        await self.end_file()

    async def finish(self):
        """Write what is left and the end of the mail, in one."""
        self._progress(self.bytes_done)
        if self._chunk_bytes is None:
            self.add(self._stuffer.finish())
        await self.flush(True)

    def add(self, data):
        """Let bytes leave with the next ones: commands too, as a flight of them is one write.

        There must be place for them behind the first `filled` ones, of about 4000.
        """
        start = self.filled
        self.filled += len(data)
        self._out[start : self.filled] = data

    async def flush(self, is_end=False):
        """Write all that waits."""
        excess = 0 if self._chunk_bytes is None else self.bytes_done - self._chunk_bytes
        if excess > 0 or (is_end and excess):  # the rest would be taken for commands
            raise ProtocolError("smtp_state", "The mail has not the size that was announced.")
        count, self.filled = self.filled, 0
        if count:
            await self._link.write(self._out[:count])

    async def _flush_lines(self):
        """Write all but two bytes: a line end stays together with the final dot behind it."""
        kept = bytes(self._out[_OUT_BYTES - 2 : _OUT_BYTES])
        self.filled -= 2
        await self.flush()
        self._out[:2] = kept
        self.filled = 2

    async def _begin_file(self):
        await self.flush()  # the lines of base64 have fixed places
        set_line_ends(self._out[:_OUT_BYTES])
        self._in_file = True

    async def _flush_rows(self):
        await self.flush()
        self._progress(self.bytes_done)

    def _encode(self):
        """Put the lines of a block behind what waits; there is place for them."""
        start = self.filled
        self.filled = encode_rows(self._block[: self._in_block], self._out, start)
        self._in_block = 0
        self._stuffer.pass_dotless(self._out[start : self.filled])
        self.bytes_done += self.filled - start


async def pump_message(body, message, open_attachment):
    """Write a message to a BodyWriter, up to its end.

    `message.segments()` gives bytes to send as they are, or the index of an attachment of
    `message.sizes_bytes[index]` bytes, which `open_attachment` opens.
    """
    for segment in message.segments():
        if isinstance(segment, int):
            file = open_attachment(segment)
            try:
                await body.read_file(file, message.sizes_bytes[segment])
            finally:
                file.close()
        else:
            await body.write(segment)
