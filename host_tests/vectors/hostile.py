"""Mails made to do harm, as generators of blocks: no test holds one as a whole."""

BLOCK_BYTES = 2048
PLAIN = b"Content-Type: text/plain\r\n\r\n"


def blocks(pieces, block_bytes=BLOCK_BYTES):
    """Yield the bytes of an iterable of pieces in blocks of one size, as a server sends them."""
    rest = b""
    for piece in pieces:
        rest += piece
        while len(rest) >= block_bytes:
            yield rest[:block_bytes]
            rest = rest[block_bytes:]
    if rest:
        yield rest


def repeated(piece, total_bytes):
    """Yield a piece as often as it takes, many at a time."""
    count = total_bytes // len(piece)
    at_once = max(1, 1024 // len(piece))
    for _ in range(count // at_once):
        yield piece * at_once
    yield piece * (count % at_once)


def long_header(field, total_bytes):
    """A header of that many bytes, then what counts of a header, then a body."""
    for piece in repeated(field, total_bytes):
        yield piece
    if not field.endswith(b"\n"):
        yield b"\r\n"
    yield b"From: a@mail.example\r\nContent-Type: text/html\r\n\r\nbody"


def many_parts(count, part=PLAIN + b"x\r\n"):
    yield b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    for _ in range(count):
        yield b"--b\r\n" + part
    yield b"--b--\r\n"


def deep(depth, close=True):
    """Multiparts inside one another, a text in the innermost."""
    for level in range(depth):
        yield b'Content-Type: multipart/mixed; boundary="level-%d"\r\n\r\n--level-%d\r\n' % (
            level,
            level,
        )
    yield PLAIN + b"the text\r\n"
    for level in range(depth - 1, -1, -1) if close else ():
        yield b"--level-%d--\r\n" % level


def file_of(encoding, line, total_bytes, end=b"--b--\r\n"):
    """A multipart with one file, whose body is the same line again and again."""
    yield b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    yield b"Content-Type: application/pdf; name=a.pdf\r\n"
    yield b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n"
    for piece in repeated(line, total_bytes):
        yield piece
    yield b"\r\n" + end
