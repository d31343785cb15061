"""Base64 for mails, block by block, into one buffer that is used again (RFC 2045 section 6.8)."""

import binascii

LINE_BYTES = 57  # becomes 76 characters
_LINE_CHARS = 76
ROW_CHARS = _LINE_CHARS + 2


def encoded_bytes(size_bytes):
    """Return the exact size of `size_bytes` bytes once encoded, the CRLF of each line included."""
    chars = (size_bytes + 2) // 3 * 4
    return chars + 2 * ((chars + _LINE_CHARS - 1) // _LINE_CHARS)


def set_line_ends(rows):
    """Put the CRLF of every full line into a memoryview, for `encode_rows`."""
    for at in range(ROW_CHARS, len(rows) + 1, ROW_CHARS):
        rows[at - 2 : at] = b"\r\n"


def encode_rows(source, rows, at):
    """Write the lines for a memoryview into the memoryview `rows` from `at` on, the start of a
    row; return where they end.

    The line ends are there already and stay; a shorter last line writes its own before them.
    """
    # One call for the block and cheap copies beat a call for every line by a quarter.
    text = memoryview(binascii.b2a_base64(source, newline=False))
    chars = len(text)
    full = chars - chars % _LINE_CHARS
    for done in range(0, full, _LINE_CHARS):
        rows[at : at + _LINE_CHARS] = text[done : done + _LINE_CHARS]
        at += ROW_CHARS
    if full < chars:
        end = at + chars - full
        rows[at:end] = text[full:]
        rows[end : end + 2] = b"\r\n"
        at = end + 2
    return at


class Base64Encoder:
    """Encodes blocks of up to `block_bytes`, a multiple of 57."""

    def __init__(self, block_bytes):
        self._rows = memoryview(bytearray(block_bytes // LINE_BYTES * ROW_CHARS))
        set_line_ends(self._rows)

    def encode(self, source, count, final):
        """Return a memoryview of the lines for the first `count` bytes of a memoryview.

        It is valid until the next call. `count` is a multiple of 57 unless `final`.
        Raises ValueError when it is not.
        """
        if count % LINE_BYTES and not final:
            raise ValueError("only the last block may end within a line")
        return self._rows[: encode_rows(source[:count], self._rows, 0)]
