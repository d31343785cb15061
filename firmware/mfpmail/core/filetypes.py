"""Tells from the content of a file what it is, while the file arrives.

    sniffer = Sniffer()
    sniffer.feed(block)  # any number of times
    found = sniffer.result(size_bytes)

Knows what can be printed: TIFF, PDF, JPEG, PNG and plain text. The pages of a TIFF lie anywhere in
it: `core/tiff.py` reads them from the complete file.
"""

from mfpmail.core.text import Utf8Check

TIFF = "image/tiff"
PDF = "application/pdf"
JPEG = "image/jpeg"
PNG = "image/png"
TEXT = "text/plain"

_HEAD_BYTES = 32  # the first bytes tell the type; before a PDF there may be blanks
_TAIL_BYTES = 1024  # where the end mark must be; PDF readers look as far
_PADDING = b"\0 \t\r\n"
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_ENDS = {PDF: b"%%EOF", JPEG: b"\xff\xd9", PNG: b"IEND"}
_TEXT_CONTROLS = b"\t\n\f\r"


def nothing_known(content_type):
    """Return what `Sniffer.result` returns of a file of which only the type is known."""
    return {
        "type": content_type,
        "pages": None,
        "width": None,
        "height": None,
        "resolution_dpi": None,
        "fax_profile": "",
        "truncated": False,
    }


def type_of(head):
    """Return the type that the first bytes (32 are enough) show, `text/plain` for all others."""
    if head[:4] in (b"II*\0", b"MM\0*"):
        return TIFF
    if head[:3] == b"\xff\xd8\xff":
        return JPEG
    if head[:8] == _PNG_MAGIC:
        return PNG
    if head.lstrip(b"\xef\xbb\xbf" + _PADDING)[:5] == b"%PDF-":
        return PDF
    return TEXT


class Sniffer:
    """Takes a file in pieces; its memory does not depend on the size of the file."""

    def __init__(self):
        self._head = b""
        self._tail = b""
        self._padding = 0  # bytes behind the tail
        self._bytes = 0
        self._type = ""  # until there are enough bytes
        self._scan = None  # of a type that needs more than its head and its tail

    def feed(self, data):
        """Take the next bytes, any number (bytes or memoryview)."""
        self._bytes += len(data)
        if not self._type:
            self._head += bytes(data)
            if len(self._head) < _HEAD_BYTES:
                return
            data = self._begin()
        self._take(data)

    def result(self, size_bytes):
        """Return what is known of a file of that size: `{"type", "pages", "width", "height",
        "resolution_dpi", "fax_profile", "truncated"}`.

        `type` is "" when the file cannot be printed. `pages` (a text has no pages yet), `width`
        and `height` (pixels) and `resolution_dpi` (a pair, horizontal and vertical) are None when
        not known. `truncated`: the end is missing, or fewer bytes came than the file has. May be
        asked for before the end: then only `type` means something.
        """
        if not self._type:
            self._take(self._begin())
        found = nothing_known(self._type if self._bytes else "")
        if self._type in _ENDS:
            found["truncated"] = _ENDS[self._type] not in self._tail
        if self._scan:
            self._scan.describe(found)
        if self._bytes < size_bytes:
            found["truncated"] = True
        return found

    def _begin(self):
        """Decide for a type; return the bytes that came so far."""
        head, self._head = self._head, b""
        self._type = type_of(head)
        self._scan = self._new_scan()
        return head

    def _new_scan(self):
        if self._type == JPEG:
            return _Jpeg()
        if self._type == PNG:
            return _Png()
        if self._type == TEXT:
            return _Text()
        if self._type == PDF:
            from mfpmail.core.pdfpages import PageCounter

            return PageCounter()
        return None

    def _take(self, data):
        if self._scan:
            self._scan.feed(data)
        if self._type in _ENDS:
            self._keep_tail(bytes(data))

    def _keep_tail(self, data):
        """Keep the last bytes without padding: files are filled up to whole blocks."""
        end = data.rstrip(_PADDING)
        if end:
            gap = bytes(min(self._padding, _TAIL_BYTES))
            self._tail = (self._tail + gap + end[-_TAIL_BYTES:])[-_TAIL_BYTES:]
            self._padding = 0
        self._padding += len(data) - len(end)


class _Segments:
    """Goes from segment to segment of an image and looks at the first bytes of each.

    Whose segments they are gives `head_bytes`, as many of each are looked at, `start`, where the
    first one is, and `_segment(block, at)`, which returns the length of one, 0 to stop.
    """

    def __init__(self):
        self.size = None  # (width, height)
        self.resolution = None
        self._skip = self.start  # None: nothing more is of interest
        self._carry = b""

    def feed(self, data):
        if self._skip is None:
            return
        if self._skip >= len(data) + len(self._carry):
            self._skip -= len(data) + len(self._carry)
            self._carry = b""
            return
        block = self._carry + bytes(data)
        at = self._skip
        while at + self.head_bytes <= len(block):
            step = self._segment(block, at)
            if not step:
                self._skip, self._carry = None, b""
                return
            at += step
        self._carry = block[at:]
        self._skip = max(at - len(block), 0)

    def describe(self, found):
        found["pages"] = 1
        if self.size and self.size[0] and self.size[1]:
            found["width"], found["height"] = self.size
        if self.resolution and self.resolution[0] and self.resolution[1]:
            found["resolution_dpi"] = self.resolution


class _Jpeg(_Segments):
    """Marker segments up to the frame header (ITU-T T.81 annex B.1, JFIF 1.02)."""

    head_bytes = 16
    start = 2

    def _segment(self, block, at):
        if block[at] != 0xFF:
            return 0
        marker = block[at + 1]
        if marker == 0xFF:  # a fill byte
            return 1
        if marker == 0xE0 and block[at + 4 : at + 9] == b"JFIF\0":
            self._density(block[at + 11], _big(block, at + 12, 2), _big(block, at + 14, 2))
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            self.size = (_big(block, at + 7, 2), _big(block, at + 5, 2))
            return 0
        length = _big(block, at + 2, 2)
        return 0 if length < 2 or marker < 0xC0 or marker in (0xD9, 0xDA) else length + 2

    def _density(self, unit, x, y):
        """Take the resolution that JFIF gives: unit 1 is dots an inch, 2 dots a centimetre."""
        if unit == 2:
            self.resolution = (_per_inch(x, 100), _per_inch(y, 100))
        elif unit == 1:
            self.resolution = (x, y)


class _Png(_Segments):
    """Chunks up to the image data (ISO/IEC 15948 clauses 5.3, 11.2.2, 11.3.5.3)."""

    head_bytes = 17
    start = 8

    def _segment(self, block, at):
        kind = block[at + 4 : at + 8]
        first, second = _big(block, at + 8, 4), _big(block, at + 12, 4)
        if kind == b"IHDR":
            self.size = (first, second)
        elif kind == b"pHYs" and block[at + 16] == 1:
            self.resolution = (_per_inch(first, 10000), _per_inch(second, 10000))
        return 0 if kind == b"IDAT" or not self.size else _big(block, at, 4) + 12


class _Text:
    """Plain text: UTF-8 or ISO-8859-1, and of the control characters only those of layout."""

    def __init__(self):
        self._utf8 = Utf8Check()
        self._is_utf8 = True
        self._controls = [code for code in range(128) if _is_binary(code)]
        self._has_c1 = False
        self._is_text = True

    def feed(self, data):
        if not self._is_text:
            return
        data = bytes(data)
        for code in self._controls:
            if data.find(bytes((code,))) >= 0:
                self._is_text = False
                return
        self._is_utf8 = self._is_utf8 and self._utf8.accepts(data)
        if not self._is_utf8 and not self._has_c1:
            self._has_c1 = any(128 <= byte < 160 for byte in data)

    def describe(self, found):
        if not self._is_text or (self._has_c1 and not self._is_utf8):
            found["type"] = ""
        found["truncated"] = self._is_utf8 and not self._utf8.complete


def _is_binary(code):
    return code == 127 or (code < 32 and code not in _TEXT_CONTROLS)


def _big(block, at, count):
    return int.from_bytes(block[at : at + count], "big")


def _per_inch(count, divisor):
    """Return dots an inch for dots a centimetre (divisor 100) or a metre (10000)."""
    return (count * 254 + divisor // 2) // divisor
