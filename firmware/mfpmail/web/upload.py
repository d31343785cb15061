"""Takes a job's multipart upload (RFC 7578): files go to storage while they arrive."""

import asyncio

from mfpmail.core import limits
from mfpmail.core.errors import ProtocolError
from mfpmail.core.mimeparse import NO_BOUNDARY, PART_BEGIN, PART_END, TRUNCATED, MimeParser
from mfpmail.core.text import Utf8Check
from mfpmail.service.draft import Draft

_BLOCK_BYTES = 2048
_FIELDS = ("to", "subject", "mode")
_MAX_FIELD_BYTES = limits.MAX_TEXT_BYTES  # for 100 recipients as well
_MAX_PARTS = 64
_NO_NAME = "file"


async def take_job(request, device):
    """Read the upload and return the queued Job. Raises MailError; then nothing is left behind."""
    content_type = request.headers.get("Content-Type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        raise ProtocolError("bad_upload", "Send the job as multipart/form-data.")
    device.outbox.check_room(request.content_length)
    draft = Draft(device.outbox, device.store.files, device.clock, device.random_bytes)
    try:
        form = _Form(draft)
        # A file that is a multipart itself, a saved mail or web page, is still one file.
        await _read(request, MimeParser(content_type=content_type, max_depth=1), form)
        return draft.commit(form.fields, device.configuration.sender(), form.too_long)
    except BaseException:
        draft.discard()
        raise


async def _read(request, parser, form):
    if NO_BOUNDARY in parser.defects:
        raise ProtocolError("bad_upload", "The upload has no boundary.")
    left = request.content_length
    while left:
        data = await request.stream.read(min(_BLOCK_BYTES, left))
        if not data:
            raise ProtocolError("upload_cut", "The upload ended early.")
        left -= len(data)
        form.take(parser.feed(data))
        await asyncio.sleep(0)  # sending and the pages go on meanwhile
    form.take(parser.close())
    if TRUNCATED in parser.defects:
        raise ProtocolError("bad_upload", "The upload is not complete.")


class _Form:
    """Collects the fields and hands the files to the draft."""

    def __init__(self, draft):
        self.fields = dict.fromkeys(_FIELDS, "")
        self.too_long = {}  # the faults of fields whose content was dropped for its size
        self._draft = draft
        self._field = None  # the bytes of the field that comes now
        self._text_check = None  # while the text comes
        self._file_type = None  # what the upload says of the file that comes now
        self._in_file = False
        self._parts = 0

    def take(self, events):
        """Take the parser's events; what belongs to no field and no file is dropped."""
        for kind, value in events:
            if kind == PART_BEGIN:
                self._begin(value)
            elif kind == PART_END:
                self._end(value)
            elif self._file_type is not None:
                self._write(value)
            elif self._text_check:
                self._take_text(value)
            elif self._field is not None and len(self._field) <= _MAX_FIELD_BYTES:
                self._field.extend(value)

    def _begin(self, part):
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise ProtocolError("bad_upload", "At most %d parts." % _MAX_PARTS)
        if part.name == "file":
            self._file_type = part.content_type if "content-type" in part.headers else ""
            if part.file_name:
                self._open(part.file_name)
        elif part.name == "text":
            self._text_check = Utf8Check()
        elif part.name in _FIELDS:
            self._field = bytearray()

    def _open(self, name):
        self._draft.open_file(name, self._file_type)
        self._in_file = True

    def _write(self, data):
        """Neither name nor content means that no file was chosen; content alone is a file whose
        name was nothing but a path."""
        if not self._in_file:
            self._open(_NO_NAME)
        self._draft.write(data)

    def _take_text(self, data):
        if not self._text_check.accepts(data):
            raise _not_utf8("text")
        self._draft.write_text(data)

    def _end(self, part):
        if self._in_file:
            self._draft.close_file()
        elif self._field is not None:
            self.fields[part.name] = self._decoded(part.name)
        if self._text_check and not self._text_check.complete:
            raise _not_utf8("text")
        self._in_file = False
        self._text_check = None
        self._file_type = None
        self._field = None

    def _decoded(self, name):
        if len(self._field) > _MAX_FIELD_BYTES:
            self.too_long[name] = "At most %d bytes." % _MAX_FIELD_BYTES
            return ""
        try:
            return self._field.decode()
        except UnicodeError:
            raise _not_utf8(name)


def _not_utf8(name):
    return ProtocolError("bad_upload", "The field %s is not UTF-8." % name)
