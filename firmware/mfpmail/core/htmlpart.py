"""A plain text made from HTML, for readers that show no HTML: simple, but in pieces."""

from mfpmail.core.text import encode_utf8

_LINES = ("br", "div", "li", "tr", "hr")
_PARAGRAPHS = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre")
_CELLS = ("td", "th")
_HIDDEN = ("script", "style", "title")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " "}

_MAX_TAG_BYTES = 12  # as much of a tag as its name needs
_MAX_ENTITY_BYTES = 10
_BLANKS = (b" ", b"\t", b"\r", b"\n", b"\f", b"\v")


def plain_text(pieces):
    """Yield the text of HTML (UTF-8) in pieces: tags become line ends, blanks or nothing."""
    reader = _Reader()
    for piece in pieces:
        yield reader.take(piece)
    yield reader.end()


def find_words(pieces, words):
    """Return those of `words` (bytes) that stand in the pieces, also where these are cut."""
    longest = max([len(word) for word in words])
    found = set()
    tail = b""
    for piece in pieces:
        tail += piece
        found.update([word for word in words if word in tail])
        tail = tail[-longest:]
    return found


class _Reader:
    """What is open at the end of a piece, a tag or an entity, waits for the next one."""

    def __init__(self):
        self._out = bytearray()
        self._open = b""  # a tag, comment or entity so far, its first character included
        self._hidden = ""  # the element whose content is left out
        self._gap = b""  # comes before the next word, never before the first one
        self._empty = True

    def take(self, piece):
        """Take the next piece of HTML, return the text that it gave."""
        while piece:
            if not self._open:
                piece = self._take_words(piece)
            elif self._open[:1] == b"&":
                piece = self._take_entity(piece)
            elif self._open[:4] == b"<!--":
                piece = self._take_comment(piece)
            else:
                piece = self._take_tag(piece)
        out = bytes(self._out)
        self._out = bytearray()
        return out

    def end(self):
        """Return the rest of the text."""
        if self._open[:1] == b"&":
            self._write(self._open)
        return bytes(self._out)

    def _take_words(self, piece):
        end = min(_find(piece, b"<"), _find(piece, b"&"))
        if self._hidden:
            end = _find(piece, b"<")
        words = piece[:end].split()
        if piece[:1] in _BLANKS:
            self._part()
        for word in words:
            self._write(word)
            self._part()
        if words and piece[end - 1 : end] not in _BLANKS:
            self._gap = b""
        self._open = piece[end : end + 1]
        return piece[end + 1 :]

    def _take_tag(self, piece):
        if self._open == b"<" and not _begins_tag(piece[0]):
            self._open = b""
            self._write(b"<")
            return piece
        end = min(_find(piece, b">"), _find(piece, b"<"))
        for at in range(min(end, _MAX_TAG_BYTES - len(self._open))):
            self._open += piece[at : at + 1]
            if self._open == b"<!--":
                return piece[at + 1 :]
        if end == len(piece):
            return b""
        tag, self._open = self._open[1:], b""
        if piece[end : end + 1] == b"<":  # the tag before it was none
            return piece[end:]
        self._end_tag(tag)
        return piece[end + 1 :]

    def _take_comment(self, piece):
        rest = self._open[4:] + piece
        end = rest.find(b"-->")
        self._open = b"" if end >= 0 else b"<!--" + rest[-2:]
        return rest[end + 3 :] if end >= 0 else b""

    def _end_tag(self, tag):
        words = tag.replace(b"/", b" ").split()
        name = _ascii(words[0]).lower() if words else ""
        is_end = tag[:1] == b"/"
        if self._hidden:
            if is_end and name == self._hidden:
                self._hidden = ""
        elif name in _HIDDEN:
            self._hidden = "" if is_end else name
        elif name in _PARAGRAPHS:
            self._gap = b"\n\n"
        elif name in _LINES:
            again = name == "br" and self._gap == b"\n"
            self._gap = b"\n\n" if again or self._gap == b"\n\n" else b"\n"
        elif name in _CELLS:
            self._part()

    def _take_entity(self, piece):
        end = 0
        while end < len(piece) and _is_alphanumeric(piece[end]):
            end += 1
        self._open += piece[:end]
        if end == len(piece) and len(self._open) <= _MAX_ENTITY_BYTES:
            return b""
        entity, self._open = self._open, b""
        character = _character(entity) if piece[end : end + 1] == b";" else None
        self._write(character or entity)
        return piece[end + 1 :] if character else piece[end:]

    def _part(self):
        """Words are parted by a blank unless it is by more already."""
        self._gap = self._gap or b" "

    def _write(self, data):
        if self._hidden:
            return
        if not self._empty:
            self._out.extend(self._gap)
        self._gap = b""
        self._empty = False
        self._out.extend(data)


def _find(piece, mark):
    at = piece.find(mark)
    return len(piece) if at < 0 else at


def _begins_tag(byte):
    return 65 <= byte <= 90 or 97 <= byte <= 122 or byte in b"/!?"


def _is_alphanumeric(byte):
    return 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122 or byte == 35  # #


def _ascii(data):
    return "".join([chr(byte) if byte < 128 else "?" for byte in data])


def _character(entity):
    """Return the character of `&name` or `&#number` in UTF-8, None when it is not known."""
    name = _ascii(entity[1:])
    if not name.startswith("#"):
        known = _ENTITIES.get(name)
        return known and known.encode()
    try:
        code = int(name[2:], 16) if name[1:2] in ("x", "X") else int(name[1:])
    except ValueError:
        return None
    return encode_utf8(chr(code)) if 32 <= code < 127 or 160 <= code < 0x110000 else None
