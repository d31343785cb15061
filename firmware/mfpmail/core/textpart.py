"""The text of a mail, piece by piece: line ends for the wire, and in which encoding it travels."""

from mfpmail.core.base64stream import LINE_BYTES, Base64Encoder

_MAX_LINE_BYTES = 998  # RFC 5322 section 2.1.1
_BLOCK_BYTES = 12 * LINE_BYTES


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
    length = 0
    for piece in pieces:
        if any(byte > 126 or not byte for byte in piece):
            return False
        lines = piece.split(b"\n")
        for line in lines[:-1]:
            if length + len(line) > _MAX_LINE_BYTES + 1:  # the CR counts here
                return False
            length = 0
        length += len(lines[-1])
        if length > _MAX_LINE_BYTES + 1:
            return False
    return True


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
