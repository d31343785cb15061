"""Base64 for mails, block by block, into one buffer that is used again (RFC 2045 section 6.8)."""

import binascii

LINE_BYTES = 57  # becomes 76 characters
_LINE_CHARS = 76
_ROW_CHARS = _LINE_CHARS + 2


def encoded_bytes(size_bytes):
    """Return the exact size of `size_bytes` bytes once encoded, the CRLF of each line included."""
    chars = (size_bytes + 2) // 3 * 4
    return chars + 2 * ((chars + _LINE_CHARS - 1) // _LINE_CHARS)


class Base64Encoder:
    """Encodes blocks of up to `block_bytes`, a multiple of 57.

    The line ends are in the output buffer from the start and stay there: a shorter last line
    writes its own before them.
    """

    def __init__(self, block_bytes):
        self._out = bytearray(b"\r\n" * (block_bytes // LINE_BYTES * _ROW_CHARS // 2))
        self._view = memoryview(self._out)

    def encode(self, source, count, final):
        """Return a memoryview of the lines for the first `count` bytes of a memoryview.

        It is valid until the next call. `count` is a multiple of 57 unless `final`.
        Raises ValueError when it is not.
        """
        if count % LINE_BYTES and not final:
            raise ValueError("only the last block may end within a line")
        # One call for the block and cheap copies beat a call for every line by a quarter.
        text = memoryview(binascii.b2a_base64(source[:count], newline=False))
        view = self._view
        chars = len(text)
        at = done = 0
        while done + _LINE_CHARS <= chars:
            view[at : at + _LINE_CHARS] = text[done : done + _LINE_CHARS]
            done += _LINE_CHARS
            at += _ROW_CHARS
        rest = chars - done
        if rest:
            view[at : at + rest] = text[done:]
            at += rest + 2
            view[at - 2 : at] = b"\r\n"
        return view[:at]
