"""Counts the pages of a PDF while it arrives (ISO 32000-1, 7.3.8, 7.5, 7.7.3).

Goes from object to object, past the contents of streams. The root of the page tree tells the
count; where compressed object streams hide it, the count is not known.
"""

_MAX_PAGES = 100000
_MAX_OBJECT_BYTES = 1024  # of a longer object the first and the last half are looked at
_WORD_BYTES = 16  # more than any of the words that are looked for
_SPACES = b"\0\t\n\f\r "
_DELIMITERS = b"\0\t\n\f\r ()<>[]{}/%"
_BEGIN_OF_OBJECT = b" obj"
_END_OF_OBJECT = b"endobj"
_STREAM = b"stream"
_END_OF_STREAM = b"endstream"


class PageCounter:
    """Takes a PDF in pieces; `describe` puts the number of pages into what is known of it."""

    def __init__(self):
        self._rest = b""
        self._object = b""  # what came of the object that comes now
        self._skip = 0  # bytes of a stream that need no search
        self._in_stream = False
        self._count = None  # what the root of the page tree says; the last one is valid
        self._pages = 0  # page objects
        self._is_compressed = False

    def feed(self, data):
        """Take the next bytes, any number (bytes or memoryview)."""
        if self._skip >= len(data):
            self._skip -= len(data)
            return
        block = self._rest + bytes(data[self._skip :])
        self._skip = 0
        at = 0
        while at >= 0:
            at = self._pass_stream(block, at) if self._in_stream else self._pass_object(block, at)

    def describe(self, found):
        """Set `pages` in what is known of the file; None stays when nothing tells."""
        if self._count is not None:
            found["pages"] = self._count
        elif self._pages and not self._is_compressed:
            found["pages"] = self._pages

    def _pass_stream(self, block, at):
        end = block.find(_END_OF_STREAM, at)
        self._in_stream = end < 0
        return self._hold_back(block, at) if end < 0 else end + len(_END_OF_STREAM)

    def _pass_object(self, block, at):
        """Take the object up to its end or to its stream; return where to go on, -1 when it is
        not complete."""
        end = block.find(_END_OF_OBJECT, at)
        stream = self._find_stream(block, at, end if end >= 0 else len(block))
        if stream >= 0:
            return self._open_stream(block, at, stream)
        if end < 0:
            hold = max(len(block) - _WORD_BYTES, at)
            self._keep(block[at:hold])
            return self._hold_back(block, hold)
        self._keep(block[at:end])
        self._end_object()
        return end + len(_END_OF_OBJECT)

    def _find_stream(self, block, at, end):
        """Return where a stream follows on its dictionary: the word may stand in a text, too."""
        found = block.find(_STREAM, at, end)
        while found >= 0:
            before = (self._object[-_WORD_BYTES:] + block[at:found]).rstrip(_SPACES)
            after = block[found + len(_STREAM) : found + len(_STREAM) + 1]
            if before.endswith(b">>") and after in (b"\r", b"\n"):
                return found
            found = block.find(_STREAM, found + 1, end)
        return -1

    def _open_stream(self, block, at, stream):
        self._keep(block[at:stream])
        length = _number_after(self._object, b"/Length")
        self._end_object()
        self._in_stream = True
        start = stream + len(_STREAM)
        if length is None or length <= len(block) - start:
            return start + (length or 0)
        self._skip = length - (len(block) - start)
        self._rest = b""
        return -1

    def _hold_back(self, block, at):
        """Keep the end of the block: a word may be cut."""
        self._rest = block[max(len(block) - _WORD_BYTES, at) :]
        return -1

    def _keep(self, data):
        text = self._object + data
        begin = text.rfind(_BEGIN_OF_OBJECT, max(len(self._object) - len(_BEGIN_OF_OBJECT), 0))
        if begin >= 0:  # what came before belongs to no object
            text = text[begin:]
        if len(text) > _MAX_OBJECT_BYTES:
            half = _MAX_OBJECT_BYTES // 2
            text = text[:half] + b" " + text[1 - half :]
        self._object = text

    def _end_object(self):
        text, self._object = self._object, b""
        if _has_name(text, b"/Type", b"/Pages"):
            count = _number_after(text, b"/Count")
            if count is not None and count <= _MAX_PAGES and not _places(text, b"/Parent"):
                self._count = count
        elif _has_name(text, b"/Type", b"/Page"):
            self._pages += 1
        elif _has_name(text, b"/Type", b"/ObjStm"):
            self._is_compressed = True


def _places(text, key):
    """Return what follows each `key` in `text`, blanks left out; a longer name is another key."""
    found = []
    at = text.find(key)
    while at >= 0:
        at += len(key)
        if at == len(text) or text[at] in _DELIMITERS:
            found.append(text[at : at + 2 * _WORD_BYTES].lstrip(_SPACES))
        at = text.find(key, at)
    return found


def _has_name(text, key, name):
    for value in _places(text, key):
        if value.startswith(name) and (len(value) == len(name) or value[len(name)] in _DELIMITERS):
            return True
    return False


def _number_after(text, key):
    """Return the number that follows `key`; None for none and for a reference (`12 0 R`)."""
    for value in _places(text, key):
        digits = 0
        while digits < len(value) and 48 <= value[digits] <= 57:
            digits += 1
        words = value[digits:].split(None, 2)
        is_reference = len(words) > 1 and words[0].isdigit() and words[1][:1] == b"R"
        if 0 < digits <= 10 and not is_reference:
            return int(value[:digits])
    return None
