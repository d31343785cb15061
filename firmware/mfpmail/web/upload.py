"""Takes a job's multipart upload (RFC 7578): files go to storage while they arrive."""

import asyncio

from mfpmail.core import limits, settings
from mfpmail.core.errors import ProtocolError
from mfpmail.core.mimeparse import PART_BEGIN, PART_END, TRUNCATED, MimeParser
from mfpmail.service.draft import Draft

_BLOCK_BYTES = 2048
_FIELDS = ("to", "subject", "text", "mode")
_MAX_FIELD_BYTES = limits.MAX_TEXT_BYTES + 1  # one more than allowed, so that it shows


async def take_job(request, device):
    """Read the upload and return the queued Job. Raises MailError; then nothing is left behind."""
    content_type = request.headers.get("Content-Type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        raise ProtocolError("bad_upload", "Send the job as multipart/form-data.")
    device.outbox.check_room(request.content_length)
    draft = Draft(device.outbox, device.store.files, device.clock, device.random_bytes)
    try:
        form = _Form(draft)
        await _read(request, MimeParser(content_type=content_type), form)
        smtp = device.configuration.get(settings.SMTP)
        return draft.commit(form.fields, (smtp["sender_name"], settings.sender_of(smtp)))
    except BaseException:
        draft.discard()
        raise


async def _read(request, parser, form):
    left = request.content_length
    while left:
        data = await request.stream.read(min(_BLOCK_BYTES, left))
        if not data:
            raise ProtocolError("upload_cut", "The upload ended early.")
        left -= len(data)
        form.take(parser.feed(data))
        await asyncio.sleep(0)  # sending and the pages go on meanwhile
    form.take(parser.close())


class _Form:
    """Collects the fields and hands the files to the draft."""

    def __init__(self, draft):
        self.fields = dict.fromkeys(_FIELDS, "")
        self._draft = draft
        self._field = None  # the bytes of the field that comes now
        self._in_file = False

    def take(self, events):
        """Take the parser's events; what belongs to no field and no file is dropped."""
        for kind, value in events:
            if kind == PART_BEGIN:
                self._begin(value)
            elif kind == PART_END:
                self._end(value)
            elif self._in_file:
                self._draft.write(value)
            elif self._field is not None and len(self._field) < _MAX_FIELD_BYTES:
                self._field += bytes(value)[: _MAX_FIELD_BYTES - len(self._field)]

    def _begin(self, part):
        if part.name == "file" and part.file_name:
            given = part.content_type if "content-type" in part.headers else ""
            self._draft.open_file(part.file_name, given)
            self._in_file = True
        elif part.name in _FIELDS:
            self._field = b""

    def _end(self, part):
        if self._in_file:
            if TRUNCATED in part.defects:
                raise ProtocolError("bad_upload", "The last file of the upload is not complete.")
            self._draft.close_file()
        elif self._field is not None:
            try:
                self.fields[part.name] = self._field.decode()
            except UnicodeError:
                raise ProtocolError("bad_upload", "The field %s is not UTF-8." % part.name)
        self._in_file = False
        self._field = None
