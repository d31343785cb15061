"""Reads what a stored TIFF holds: pages, size, resolution, and whether it is a fax.

TIFF 6.0, and the black-and-white profiles of Internet fax (RFC 2301, RFC 3949): S, the minimum that
every machine can print; F, with all widths, resolutions and encodings of ITU-T T.4 and T.6; J, with
JBIG (T.85). Fields that change nothing in the printed page may be missing.
"""

import struct

from mfpmail.core.filetypes import TIFF, nothing_known

MAX_PAGES = 500
_MAX_FIELDS = 64  # of a page
_FIELD_BYTES = 12
_CODES = {1: "B", 3: "H", 4: "I", 5: "II"}  # BYTE, SHORT, LONG, RATIONAL

_SUBFILE = 254
_WIDTH = 256
_HEIGHT = 257
_BITS = 258
_COMPRESSION = 259
_PHOTOMETRIC = 262
_FILL_ORDER = 266
_STRIPS = 273
_SAMPLES = 277
_STRIP_BYTES = 279
_X_RESOLUTION = 282
_Y_RESOLUTION = 283
_T4_OPTIONS = 292
_T6_OPTIONS = 293
_UNIT = 296
_DEFAULTS = {_SUBFILE: 0, _BITS: 1, _COMPRESSION: 1, _FILL_ORDER: 1, _SAMPLES: 1}
_DEFAULTS.update({_T4_OPTIONS: 0, _T6_OPTIONS: 0, _UNIT: 2, _PHOTOMETRIC: 0})

_T4, _T6, _JBIG = 3, 4, 9
_TWO_DIMENSIONAL, _UNCOMPRESSED = 1, 2  # bits of T4Options and T6Options
_INCH, _CENTIMETRE = 2, 3
# RFC 2301 section 4.2.1: for each horizontal resolution the vertical ones and the widths.
_FAX_FORMATS = {
    200: ((100, 200), (1728, 2048, 2432)),
    204: ((98, 196, 391), (1728, 2048, 2432)),
    300: ((300,), (2592, 3072, 3648)),
    400: ((400,), (3456, 4096, 4864)),
    408: ((391,), (3456, 4096, 4864)),
}


def describe(read_at, size_bytes):
    """Return the same as `Sniffer.result` for a complete TIFF of that size.

    `read_at(offset, count)` returns bytes, fewer at the end of the file. `pages` counts the images
    that are no previews, None above 500; the rest is of the first page, but `fax_profile`, which
    all pages have to keep. `truncated`: the file ends before the data of a page does, or its pages
    cannot be followed. Raises what `read_at` raises.
    """

    def read(offset, count):
        data = read_at(offset, count) if offset + count <= size_bytes else b""
        return data if len(data) == count else b""

    found = nothing_known(TIFF)
    head = read(0, 8)
    order = ">" if head[:2] == b"MM" else "<"
    if len(head) < 8 or head[:4] not in (b"II*\0", b"MM\0*"):
        found["type"] = ""
        return found
    chain = _Chain(read, size_bytes, order, struct.unpack(order + "I", head[4:])[0])
    profiles = set()
    for page in chain.pages():
        profiles.add(page.fax_profile())
        if found["width"] is None:
            found["width"], found["height"] = page.get(_WIDTH), page.get(_HEIGHT)
            found["resolution_dpi"] = page.resolution_dpi()
    found["pages"] = None if chain.has_more else chain.count
    found["truncated"] = chain.is_broken or not chain.count
    if not found["truncated"]:
        found["fax_profile"] = _common(profiles)
    return found


def _common(profiles):
    """Return the profile of a file with pages of these: every page of S is one of F, too."""
    if "F" in profiles:
        profiles.discard("S")
    return profiles.pop() if len(profiles) == 1 else ""


class _Chain:
    """The image file directories, each of which says where the next is."""

    def __init__(self, read_at, size_bytes, order, offset):
        self.count = 0
        self.is_broken = False
        self._read_at = read_at
        self._size_bytes = size_bytes
        self._order = order
        self._offset = offset

    @property
    def has_more(self):
        """Whether there are more than the limit."""
        return bool(self._offset)

    def pages(self):
        """Yield the pages, previews left out."""
        seen = set()
        while self._offset and len(seen) < MAX_PAGES:
            seen.add(self._offset)
            page = self._next()
            if not page or self._offset in seen:
                self.is_broken = True
                self._offset = 0
            if page and not page.get(_SUBFILE) & 1:
                self.count += 1
                yield page

    def _next(self):
        """Return the page at the present offset and go to the next one; None when it is broken."""
        start = self._offset + 2
        count = self._number(self._offset, "H")
        self._offset = self._number(start + count * _FIELD_BYTES, "I")
        fields = self._read_at(start, min(count, _MAX_FIELDS) * _FIELD_BYTES)
        page = _Page(self._read_at, self._order, fields)
        if page.end_of_data() > self._size_bytes:
            self.is_broken = True
        return page if page.get(_WIDTH) and page.get(_HEIGHT) else None

    def _number(self, offset, kind):
        """Return a number of the file, 0 behind its end."""
        data = self._read_at(offset, struct.calcsize(kind))
        self.is_broken = self.is_broken or not data
        return struct.unpack(self._order + kind, data)[0] if data else 0


class _Page:
    """One image file directory; `fields` are its entries as they stand in the file."""

    def __init__(self, read_at, order, fields):
        self._read_at = read_at
        self._order = order
        self._entries = {}  # of each tag: (type, count, value or its offset as 4 bytes)
        for at in range(0, len(fields), _FIELD_BYTES):
            tag, kind, count = struct.unpack(order + "HHI", fields[at : at + 8])
            if _SUBFILE <= tag <= _UNIT:
                self._entries.setdefault(tag, (kind, count, fields[at + 8 : at + 12]))

    def get(self, tag):
        """Return the first number of a field, its default when it is missing (None without)."""
        return self._item(tag, 0, _DEFAULTS.get(tag))

    def resolution_dpi(self):
        """Return dots an inch, horizontal and vertical, None when the file does not say."""
        pair = (self._per_inch(_X_RESOLUTION), self._per_inch(_Y_RESOLUTION))
        return pair if pair[0] and pair[1] else None

    def end_of_data(self):
        """Return where the last strip ends, 0 where there are none: tiles are not looked at."""
        last = self._count(_STRIPS) - 1
        if last < 0 or last != self._count(_STRIP_BYTES) - 1:
            return 0
        return self._item(_STRIPS, last, 0) + self._item(_STRIP_BYTES, last, 0)

    def fax_profile(self):
        """Return "S", "F" or "J", "" for what is no black-and-white fax."""
        if not self._is_fax_format():
            return ""
        compression = self.get(_COMPRESSION)
        options = self.get(_T4_OPTIONS if compression == _T4 else _T6_OPTIONS)
        if compression == _JBIG:
            return "J"
        if compression not in (_T4, _T6) or options & _UNCOMPRESSED:
            return ""
        return "S" if compression == _T4 and self._is_minimal(options) else "F"

    def _is_fax_format(self):
        horizontal, vertical = self.resolution_dpi() or (0, 0)
        verticals, widths = _FAX_FORMATS.get(horizontal, ((), ()))
        return (
            vertical in verticals
            and self.get(_WIDTH) in widths
            and self.get(_BITS) == self.get(_SAMPLES) == 1
            and self.get(_PHOTOMETRIC) in (0, 1)
        )

    def _is_minimal(self, options):
        """RFC 2301 section 3.5."""
        return (
            self._order == "<"
            and self.get(_WIDTH) == 1728
            and self.resolution_dpi()[1] <= 200
            and self.get(_UNIT) == _INCH
            and self.get(_FILL_ORDER) == 2
            and self.get(_PHOTOMETRIC) == 0
            and self._count(_STRIPS) == 1
            and not options & _TWO_DIMENSIONAL
        )

    def _per_inch(self, tag):
        numbers = self._numbers(tag, 0)
        unit = self.get(_UNIT)
        if len(numbers) < 2 or not numbers[1] or unit not in (_INCH, _CENTIMETRE):
            return 0
        numerator, denominator = numbers
        if unit == _CENTIMETRE:
            numerator, denominator = numerator * 254, denominator * 100
        return (2 * numerator + denominator) // (2 * denominator)

    def _count(self, tag):
        return self._entries[tag][1] if tag in self._entries else 0

    def _item(self, tag, index, default):
        numbers = self._numbers(tag, index)
        return numbers[0] if len(numbers) == 1 else default

    def _numbers(self, tag, index):
        """Return item `index` of a field: one number, two of a RATIONAL, () when it is missing."""
        kind, count, data = self._entries.get(tag, (0, 0, b""))
        if kind not in _CODES or index >= count:
            return ()
        code = self._order + _CODES[kind]
        size = struct.calcsize(code)
        if size * count > len(data):
            offset = struct.unpack(self._order + "I", data)[0]
            data = self._read_at(offset + index * size, size)
        else:
            data = data[index * size : (index + 1) * size]
        return struct.unpack(code, data) if data else ()
