"""Takes a form apart while it arrives (RFC 7578), whatever its parts are, with little code: what
becomes of it may need all the memory there is."""

from mfpmail.core.errors import ProtocolError, SettingsError

FIELDS = ("to", "cc", "bcc", "reply_to", "subject", "mode")
TEXTS = ("text", "html")
NO_NAME = "file"  # of a file whose name was nothing but a path

HEADER = "header"
DATA = "data"
END = "end"

_MAX_HEADER_BYTES = 4096
_MAX_PADDING_BYTES = 64  # blanks behind a delimiter (RFC 2046 section 5.1.1)
_CR = 13


def part_of(device, lines):
    """Return what the header of a part says: its name, the name of a file without path and
    control characters, and its type, "" for what is not there. The code for that goes again."""
    with device.overlays:
        from mfpmail.core.headerparse import decode_bytes
        from mfpmail.core.mimeparse import Part

        fields = {}
        for line in lines:
            name, _, value = line.partition(b":")
            fields.setdefault(decode_bytes(name).strip().lower(), decode_bytes(value).strip())
        part = Part(fields, 1)
        return part.name, part.file_name, part.content_type if "content-type" in fields else ""


def too_late(name):
    """Return the error of a field that comes when the mail is on its way."""
    fault = "With mode=pass this must come before the first file."
    return SettingsError("bad_job", "The job cannot be taken.", {name: fault})


class PartSplitter:
    """Push parser: `(HEADER, [line, ...])`, `(DATA, memoryview)` any number of times and
    `(END, None)` for each part. The input may be cut anywhere.

    `is_complete` says that the close-delimiter has come. Memory does not depend on the size of
    the form. Raises ProtocolError `bad_upload` when a header is too long.
    """

    def __init__(self, boundary):
        self.is_complete = False
        self._needle = b"\n--" + boundary
        self._held = b"\n"  # the first delimiter may be the very first bytes
        self._skip = 1  # 1: what is held begins with a line end that is no content
        self._lines = None  # of the header that comes now
        self._header_bytes = 0
        self._in_part = False

    def events(self, data):
        """Take the next bytes, any number; yield their events, to be taken to the last."""
        block, data, self._held = self._held + data, None, b""  # in memory once
        at = 0
        while at >= 0 and not self.is_complete:
            if self._lines is None:
                at = yield from self._body(block, at)
                continue
            at = self._header_line(block, at)
            if self._lines and not self._lines[-1]:
                yield HEADER, self._lines[:-1]
                self._lines = None
                self._in_part = True
                at, self._skip = at - 1, 1  # its line end may be that before a delimiter

    def close(self):
        """Yield the last events: the last line may have no end."""
        return self.events(b"\n")

    def _header_line(self, block, at):
        """Take a line; return where the next begins, -1 when it is not complete."""
        end = block.find(b"\n", at)
        line = block[at:] if end < 0 else block[at:end]
        if self._header_bytes + len(line) > _MAX_HEADER_BYTES:
            raise ProtocolError("bad_upload", "The header of a part is too long.")
        if end < 0:
            self._held = line
            return -1
        self._header_bytes += len(line)
        self._lines.append(line.rstrip(b"\r"))
        return end + 1

    def _body(self, block, at):
        """Yield what surely belongs to the part; return where the header after a delimiter begins,
        -1 when the block is used up."""
        start = at + self._skip
        found, end = self._find_delimiter(block, at)
        stop = self._last_line(block, at) if found < 0 else found
        if stop > start and block[stop - 1] == _CR:
            stop -= 1
        if self._in_part and stop > start:
            yield DATA, memoryview(block)[start:stop]
        if found < 0:
            self._held = block[stop:]
            self._skip = self._skip if stop < start else 0
            return -1
        if self._in_part:
            yield END, None
        self.is_complete = self._tail(block, found, end) == b"--"
        self._in_part = False
        self._lines, self._header_bytes = [], 0
        return end + 1

    def _find_delimiter(self, block, at):
        """Return where the next delimiter and its line end are, -1 for both when there is none or
        it is not complete."""
        found = block.find(self._needle, at)
        while found >= 0:
            end = block.find(b"\n", found + 1)
            if end < 0 or self._tail(block, found, end) in (b"", b"--"):
                return (found, end) if end >= 0 else (-1, -1)
            found = block.find(self._needle, end)
        return -1, -1

    def _tail(self, block, found, end):
        return block[found + len(self._needle) : end].rstrip(b" \t\r")

    def _last_line(self, block, at):
        """Return where the last line begins, with the line end before it: it may become a
        delimiter, unless it is too long for one."""
        last = block.rfind(b"\n", at)
        longest = len(self._needle) + len("--\r") + _MAX_PADDING_BYTES
        return last if last >= 0 and len(block) - last <= longest else len(block)
