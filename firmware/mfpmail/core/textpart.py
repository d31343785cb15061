"""The text of a mail, piece by piece: line ends for the wire, and in which encoding it travels."""

from mfpmail.core.base64stream import LINE_BYTES, Base64Encoder
from mfpmail.core.text import encode_utf8

_MAX_LINE_BYTES = 998  # RFC 5322 section 2.1.1
_BLOCK_BYTES = 12 * LINE_BYTES


class TextPart:
    """A text as a part of a mail. `content` is a str, or a function that returns its UTF-8 in
    pieces, each time from the beginning. `fields` (str) are the part's own header fields."""

    def __init__(self, media_type, content):
        self._content = content if callable(content) else lambda: (encode_utf8(content),)
        self._is_7bit = fits_7bit(wire_lines(self._content()))
        self.fields = 'Content-Type: %s; charset="utf-8"\r\nContent-Transfer-Encoding: %s\r\n' % (
            media_type,
            "7bit" if self._is_7bit else "base64",
        )

    def body(self):
        """Return the bytes of the text on the wire, in pieces."""
        lines = wire_lines(self._content())
        return lines if self._is_7bit else in_base64(lines)


def wire_lines(pieces):
    """Yield the text of `pieces` (bytes, cut anywhere) where each line ends with CRLF, the last
    one too; bare CR and LF are repaired."""
    after_cr = False
    end = b"\n"
    for piece in pieces:
        if after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
            after_cr = False
        if piece:
            after_cr = piece.endswith(b"\r")
            lines = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            end = lines[-1:]
            yield lines.replace(b"\n", b"\r\n")
    if end != b"\n":
        yield b"\r\n"


def fits_7bit(pieces):
    """Say whether the pieces of `wire_lines` may travel as they are (RFC 2045 section 2.7):
    ASCII without NUL, no line over 998 characters."""
    fits = True
    length = 0
    for piece in pieces:
        if not fits:
            continue  # to the end: only there the file behind the pieces is closed
        fits = not any(byte > 126 or not byte for byte in piece)
        lines = piece.split(b"\n")
        for index, line in enumerate(lines):
            length = len(line) + (0 if index else length)
            fits = fits and length <= _MAX_LINE_BYTES + 1  # the CR counts here
    return fits


def in_base64(pieces):
    """Yield the pieces in base64, in lines of 76 characters."""
    encoder = Base64Encoder(_BLOCK_BYTES)
    block = memoryview(bytearray(_BLOCK_BYTES))
    filled = 0
    for piece in pieces:
        at = 0
        while at < len(piece):
            count = min(_BLOCK_BYTES - filled, len(piece) - at)
            block[filled : filled + count] = piece[at : at + count]
            filled += count
            at += count
            if filled == _BLOCK_BYTES:
                yield bytes(encoder.encode(block, filled, False))
                filled = 0
    if filled:
        yield bytes(encoder.encode(block, filled, True))
