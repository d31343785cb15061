"""Streams a message to the server: files are read, encoded and written block by block."""

from mfpmail.core.base64stream import LINE_BYTES, Base64Encoder
from mfpmail.core.errors import MESSAGE, MailError
from mfpmail.core.smtp import DotStuffer

_BLOCK_BYTES = 24 * LINE_BYTES
_MAX_PENDING_BYTES = 2048


async def pump_message(stream, message, open_attachment, progress):
    """Write the message and its final dot.

    `message.segments()` gives bytes to send as they are, or the index of an attachment of
    `message.sizes_bytes[index]` bytes. `progress(bytes_done)` counts what is sent, before
    dot-stuffing. The last bytes and the final dot leave in one write: apart, they would wait for
    each other's acknowledgement.
    """
    stuffer = DotStuffer()
    pending = b""
    done_bytes = 0
    for segment in message.segments():
        is_file = isinstance(segment, int)
        if is_file or len(pending) > _MAX_PENDING_BYTES:
            await stream.write(pending)
            pending = b""
        if is_file:
            size_bytes = message.sizes_bytes[segment]
            file = open_attachment(segment)
            done_bytes = await _pump_file(stream, stuffer, file, size_bytes, progress, done_bytes)
        else:
            pending += stuffer.stuff(segment)
            done_bytes += len(segment)
    await stream.write(pending + stuffer.finish())
    progress(done_bytes)


async def _pump_file(stream, stuffer, file, size_bytes, progress, done_bytes):
    block = memoryview(bytearray(_BLOCK_BYTES))
    encoder = Base64Encoder(_BLOCK_BYTES)
    left_bytes = size_bytes
    try:
        while left_bytes:
            count = _fill(file, block, min(_BLOCK_BYTES, left_bytes))
            left_bytes -= count
            encoded = encoder.encode(block, count, not left_bytes)
            await stream.write(stuffer.pass_dotless(encoded))
            done_bytes += len(encoded)
            progress(done_bytes)
    finally:
        file.close()
    return done_bytes


def _fill(file, block, wanted):
    """Read exactly `wanted` bytes; a file that got shorter must not become a shorter mail."""
    count = 0
    while count < wanted:
        got = file.readinto(block[count:wanted])
        if not got:
            raise MailError("attachment_short", "A file of this job is incomplete.", MESSAGE)
        count += got
    return count
