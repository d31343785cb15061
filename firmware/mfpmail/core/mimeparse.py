"""Streaming parser for received mails and for uploads (RFC 2045, 2046, 7578).

    parser = MimeParser()
    for kind, value in parser.events(block): ...
    for kind, value in parser.close(): ...

Events are tuples: (PART_BEGIN, Part), (DATA, bytes or memoryview), (PART_END, Part). The message
itself is the first part, at depth 0; a multipart has no DATA, its parts come between its begin
and its end. The input may be cut anywhere: the events are the same, but for where DATA is cut.
Nothing in the input raises; what is wrong stands in `defects` of the part and of the parser.
"""

from mfpmail.core import limits
from mfpmail.core.headerparse import decode_bytes, decode_words, parse_parameters
from mfpmail.core.mimedecode import make_decoder
from mfpmail.core.text import encode_utf8

PART_BEGIN = "part_begin"
DATA = "data"
PART_END = "part_end"

TRUNCATED = "truncated"  # the input ended before the part did
DAMAGED = "damaged"  # not all of the transfer encoding could be decoded
HEADER_CUT = "header_cut"  # the header, or a field of it, is longer than the limit
NO_BOUNDARY = "no_boundary"  # a multipart without one: its content is one block
LIMIT = "limit"  # too deep: the content is one block; too many parts: the rest is left out

_KEPT = ("content-type", "content-disposition", "content-transfer-encoding", "content-id")
_KEPT_OF_MESSAGE = ("from", "to", "subject", "date", "message-id")
_MAX_FIELD_BYTES = 2048
_MAX_KEPT_BYTES = 6144  # of all fields of the message; of a part as many as of one field
_MAX_BOUNDARY_BYTES = 200  # 70 by RFC 2046 section 5.1.1
_MAX_DELIMITER_BYTES = 256  # with its blanks; a shorter last line is held back
_CR = 13
_NOTHING = {}
# U+202A to U+202E and U+2066 to U+2069 in UTF-8, without the first byte.
_TURNING = [(0x80, code) for code in range(0xAA, 0xAF)] + [
    (0x81, code) for code in range(0xA6, 0xAA)
]


class Part:
    """The header of one body part.

    `headers`: the kept fields, lower-case names, unfolded, not decoded. `parameters`: those of
    Content-Type. Of multiparts only the message has the two: many may be open at a time.
    `file_name`: without path and control characters, "" when there is none. `name`: of a form's
    field. `is_multipart`: it has parts of its own. `defects`: a list.
    """

    def __init__(self, headers, depth, default_type="text/plain"):
        self.headers = headers
        self.depth = depth
        self.defects = []
        self.content_type, self.parameters = parse_parameters(headers.get("content-type", ""))
        if self.content_type.count("/") != 1:
            self.content_type = default_type  # RFC 2045 section 5.2
        self.disposition, parameters = parse_parameters(headers.get("content-disposition", ""))
        self.name = decode_words(parameters.get("name", ""))
        self.file_name = clean_file_name(
            parameters.get("filename") or self.parameters.get("name", "")
        )
        self.is_multipart = self.content_type.startswith("multipart/")

    @property
    def encoding(self):
        """The transfer encoding in lower case, "" when none is given."""
        return parse_parameters(self.headers.get("content-transfer-encoding", ""))[0]

    @property
    def is_attachment(self):
        """Whether it is a file, and not a text to show nor a multipart."""
        return not self.is_multipart and (
            self.disposition == "attachment"
            or bool(self.file_name)
            or not self.content_type.startswith("text/")
        )


def clean_file_name(value):
    """Return a file name as text to show and to store: encoded words decoded, no path, no control
    characters (those that turn the direction of writing included), bounded."""
    data = encode_utf8(decode_words(value).replace("\\", "/").rpartition("/")[2])
    for end in _TURNING if b"\xe2" in data else ():
        data = data.replace(b"\xe2" + bytes(end), b"")
    name = data.decode().strip()
    return "" if name in (".", "..") else name[-limits.MAX_FILE_NAME_CHARS :]


class MimeParser:
    """Push parser; see the module. Memory does not depend on the size of the input.

    `max_header_bytes` bounds how far the header of one part is read, `max_parts` the parts in
    all, `max_depth` the multiparts inside one another. With `content_type` (the value of an HTTP
    header field) the input starts inside that multipart, and its parts have depth 1.
    """

    def __init__(self, max_header_bytes=1 << 20, max_parts=100, max_depth=20, content_type=None):
        self.defects = []
        self._max_header_bytes = max_header_bytes
        self._max_parts = max_parts
        self._max_depth = max_depth
        self._parts = 0
        self._events = []
        self._carry = b""
        self._skip = 0  # 1: the input goes on with a line end that is not part of the body
        self._stack = []  # of the open multiparts: (delimiter, Part or None)
        self._needle = None
        self._part = None  # the part whose body comes; None: the body is of no interest
        self._decoder = None
        self._start_header()
        if content_type is not None:
            self._in_header = False
            self._carry, self._skip = b"\n", 1
            if not self._open_multipart(parse_parameters(content_type)[1], None):
                self._flag(None, NO_BOUNDARY)

    def feed(self, data):
        """Take the next bytes, any number; return the list of their events.

        DATA that is a memoryview stays valid, and keeps its block alive, as long as it is held.
        """
        return list(self.events(data))

    def events(self, data):
        """Take the next bytes, any number; yield their events, to be taken to the last.

        A block of a thousand small parts so needs no more memory than one part.
        """
        block = self._carry + data
        at = 0
        while at >= 0:
            at = self._header(block, at) if self._in_header else self._body(block, at)
            if self._events:
                found, self._events = self._events, []
                yield from found

    def close(self):
        """Return the last events; every part still open is ended."""
        rest = self._carry
        if not self._in_header:
            self._close_body(rest)
        elif rest:
            self._header_line(rest)
        if self._in_header and not self._stack:
            self._end_header()
        if self._part and self._stack:
            self._flag(self._part, TRUNCATED)
        self._end_part()
        self._pop(0)
        return self._events

    def _flag(self, part, defect):
        for owner in (self, part):
            if owner and defect not in owner.defects:
                owner.defects.append(defect)

    # Header

    def _start_header(self):
        self._in_header = True
        self._headers = {}
        self._header_bytes = 0
        self._room = _MAX_FIELD_BYTES if self._stack else _MAX_KEPT_BYTES
        self._header_cut = False
        self._field = None
        self._value = b""

    def _header(self, block, at):
        """Take one line; return where the next begins, -1 when it is not complete.

        Of a line only as much is kept as a field may have.
        """
        end = block.find(b"\n", at)
        stop = at + _MAX_FIELD_BYTES + 1
        if end < 0:
            self._carry = block[at:stop]
            return -1
        self._header_line(block[at : min(end, stop)])
        if self._in_header:
            return end + 1
        self._skip = 1
        return end

    def _header_line(self, line):
        if line.endswith(b"\r"):
            line = line[:-1]
        if not line:
            self._end_header()
            return
        delimiter = self._match(line) if line.startswith(b"--") else None
        if delimiter:  # the blank line is missing
            self._end_header()
            self._pass_delimiter(delimiter)
            return
        self._header_bytes += len(line) + 2
        if self._header_bytes > self._max_header_bytes:
            self._header_cut = True
            self._field = None
        elif line[0] in b" \t":
            self._value += line if self._field else b""
        else:
            self._store_field()
            self._start_field(line)
        if self._field and max(len(line), len(self._value)) > _MAX_FIELD_BYTES:
            self._header_cut = True
            self._value = self._value[:_MAX_FIELD_BYTES]

    def _start_field(self, line):
        name, _, value = line.partition(b":")
        name = decode_bytes(name).strip().lower()
        if name in _KEPT or (name in _KEPT_OF_MESSAGE and not self._stack):
            self._field = name
            self._value = value

    def _store_field(self):
        if self._field and self._field not in self._headers:
            self._header_cut = self._header_cut or len(self._value) > self._room
            value = self._value[: self._room]
            self._room -= len(value)
            self._headers[self._field] = decode_bytes(value).strip()
        self._field = None
        self._value = b""

    def _end_header(self):
        self._in_header = False
        self._store_field()
        self._parts += 1
        part = Part(self._headers, len(self._stack), self._default_type())
        self._headers = None
        if self._header_cut:
            self._flag(part, HEADER_CUT)
        self._events.append((PART_BEGIN, part))
        if not (part.is_multipart and self._open_multipart(part.parameters, part)):
            self._part = part
            self._decoder = make_decoder(part.encoding)

    def _default_type(self):
        """Return the type of a part that names none (RFC 2046 section 5.1.5)."""
        outer = self._stack[-1][1] if self._stack else None
        is_digest = outer and outer.content_type == "multipart/digest"
        return "message/rfc822" if is_digest else "text/plain"

    def _open_multipart(self, parameters, part):
        """Make the parts of a multipart be looked for; False when it cannot be divided."""
        boundary = encode_utf8(parameters.get("boundary", "")).rstrip()
        if 0 < len(boundary) <= _MAX_BOUNDARY_BYTES and len(self._stack) < self._max_depth:
            self._stack.append((b"--" + boundary, part))
            self._set_needle()
            if part and part.depth:
                part.headers = part.parameters = _NOTHING
            return True
        if part:
            part.is_multipart = False
            self._flag(part, LIMIT if boundary else NO_BOUNDARY)
        return False

    def _set_needle(self):
        self._needle = None
        if self._stack:
            self._needle = b"\n" + (self._stack[0][0] if len(self._stack) == 1 else b"--")

    # Body

    def _body(self, block, at):
        """Pass on what surely belongs to the body; return where the header after a delimiter
        begins, -1 when the block is used up. `block[at]` is a line end while `_skip` is 1."""
        start = at + self._skip
        found = block.find(self._needle, at) if self._needle else -1
        while found >= 0:
            end = block.find(b"\n", found + 1)
            if end < 0:
                break
            delimiter = self._match(block[found + 1 : min(end, found + _MAX_DELIMITER_BYTES + 2)])
            if delimiter:
                self._emit(block, start, self._before_line_end(block, start, found))
                self._pass_delimiter(delimiter)
                self._skip = 0 if self._in_header else 1
                return end + 1 if self._in_header else end
            found = block.find(self._needle, end)
        self._hold_back(block, at, start)
        return -1

    def _hold_back(self, block, at, start):
        """Keep the last line for the next block: it may become a delimiter, and base64 is
        decoded best by whole lines."""
        hold = block.rfind(b"\n", at)
        if hold < 0 or len(block) - hold - 1 > _MAX_DELIMITER_BYTES:
            hold = len(block)
        hold = self._before_line_end(block, start, hold)
        self._emit(block, start, hold)
        self._carry = block[hold:]
        if hold >= start:
            self._skip = 0

    def _before_line_end(self, block, start, at):
        """Return the position of the CR before `at`, or `at`."""
        return at - 1 if at > start and block[at - 1] == _CR else at

    def _emit(self, block, start, end):
        if not self._part or end <= start:
            return
        if self._decoder:
            data = self._decoder.decode(block, start, end)
        else:
            data = memoryview(block)[start:end]
        if len(data):
            self._events.append((DATA, data))

    def _match(self, line):
        """Return (level, is close-delimiter) when the line is one of an open multipart."""
        if len(line) > _MAX_DELIMITER_BYTES:
            return None
        line = line.rstrip(b" \t\r")
        for level in range(len(self._stack) - 1, -1, -1):
            delimiter = self._stack[level][0]
            if line == delimiter:
                return level, False
            if line == delimiter + b"--":
                return level, True
        return None

    def _pass_delimiter(self, delimiter):
        level, closing = delimiter
        self._end_part()
        self._pop(level + 1)
        if closing:
            self._end_multipart()
        elif self._parts < self._max_parts:
            self._start_header()
        else:
            self._flag(self._stack[-1][1], LIMIT)

    def _close_body(self, rest):
        """Take the last line, which has no line end."""
        line_end = rest.find(b"\n")
        delimiter = self._match(rest[line_end + 1 :]) if line_end >= 0 else None
        if delimiter:
            self._pass_delimiter(delimiter)
        else:
            self._emit(rest, self._skip, len(rest))

    def _end_part(self):
        part, self._part = self._part, None
        if not part:
            return
        if self._decoder:
            data = self._decoder.finish()
            if data:
                self._events.append((DATA, data))
            if self._decoder.damaged:
                self._flag(part, DAMAGED)
        self._decoder = None
        self._events.append((PART_END, part))

    def _pop(self, level):
        """End the multiparts from `level` on, whose close-delimiters are missing."""
        while len(self._stack) > level:
            self._flag(self._stack[-1][1], TRUNCATED)
            self._end_multipart()

    def _end_multipart(self):
        part = self._stack.pop()[1]
        self._set_needle()
        if part:
            self._events.append((PART_END, part))
