"""Takes a job's multipart upload (RFC 7578): fields, texts, and files, which go to flash while
they arrive."""

import asyncio

from mfpmail.core import limits, settings
from mfpmail.core.errors import ProtocolError
from mfpmail.core.text import Utf8Check
from mfpmail.web.parts import (
    DATA,
    FIELDS,
    HEADER,
    NO_NAME,
    TEXTS,
    PartSplitter,
    part_of,
    too_late,
)

_BLOCK_BYTES = 2048
_MAX_FIELD_BYTES = limits.MAX_TEXT_BYTES  # for 100 recipients as well
_MAX_PARTS = 64
_MAX_BOUNDARY_BYTES = 200  # 70 by RFC 2046 section 5.1.1
_PASS = "pass"  # noqa: S105 - a mode of sending


async def take_job(request, device):
    """Read the upload and return `(job, None)`, the Job that was queued.

    With `mode=pass` read up to its first file and return `(None, rest)`: the record of a Draft
    whose only file, if there is one, is empty, and for `web.passing` what else it needs. Raises
    MailError; then nothing is left behind.
    """
    splitter = PartSplitter(_boundary(device, request.headers.get("Content-Type", "")))
    form = _Form(device, request.content_length)
    try:
        events = await _read(request, splitter, form)
        if form.passes:
            return None, [form.render(), splitter, events, form.first, form.left_bytes]
        return form.commit(), None
    except BaseException:
        form.discard()
        raise


def _boundary(device, content_type):
    with device.overlays:
        from mfpmail.core.headerparse import parse_parameters

        kind, parameters = parse_parameters(content_type)
    if kind != "multipart/form-data":
        raise ProtocolError("bad_upload", "Send the job as multipart/form-data.")
    boundary = parameters.get("boundary", "").rstrip().encode()
    if not 0 < len(boundary) <= _MAX_BOUNDARY_BYTES:
        raise ProtocolError("bad_upload", "The upload has no boundary.")
    return boundary


async def _read(request, splitter, form):
    """Read to the end, or to the first file of a mail to pass through; return the events that are
    left then. (A generator that was begun here would keep this module in memory.)"""
    while form.left_bytes:
        data = await request.stream.read(min(_BLOCK_BYTES, form.left_bytes))
        if not data:
            raise ProtocolError("upload_cut", "The upload ended early.")
        form.left_bytes -= len(data)
        events = splitter.events(data)
        form.take(events)
        if form.passes:
            return list(events)
        await asyncio.sleep(0)  # sending and the pages go on meanwhile
    form.take(splitter.close())
    if not splitter.is_complete:
        raise ProtocolError("bad_upload", "The upload is not complete.")
    form.end()
    return []


class _Form:
    """Collects the fields and hands texts and files to the draft.

    `left_bytes` is how much of the upload is still to come. `passes` says that the mail is to be
    sent while its files come; `first` is what came of the first one already.
    """

    def __init__(self, device, content_length):
        self.left_bytes = content_length
        self.passes = False
        self.first = b""
        self._content_length = content_length
        self._device = device
        self._queue = _Queue(device.outbox)
        with device.overlays:  # what renders a mail is in memory as long as its draft
            from mfpmail.service.draft import Draft

            files, clock = device.store.files, device.clock
            self._draft = Draft(self._queue, files, clock, device.random_bytes)
        self._fields = dict.fromkeys(FIELDS, "")
        self._too_long = {}  # the faults of fields whose content was dropped for its size
        self._name = ""  # of the field that comes now
        self._field = None  # its bytes
        self._text_check = None  # while a text comes
        self._write_text = None  # what takes it
        self._file_type = None  # what the upload says of the file that comes now
        self._in_file = False
        self._has_file = False
        self._parts = 0

    def take(self, events):
        """Take the splitter's events, all of them unless the mail `passes`; what belongs to no
        field and no file is dropped."""
        for kind, value in events:
            if kind == HEADER:
                self._begin(*part_of(self._device, value))
            elif kind != DATA:
                self._end()
            elif self._file_type is not None:
                self._write(value)
            elif self._text_check:
                self._take_text(value)
            elif self._field is not None and len(self._field) <= _MAX_FIELD_BYTES:
                self._field.extend(value)
            if self.passes:
                return

    def end(self):
        """All has come: is it a mail without any file that is to be sent at once?"""
        self.passes = self._fields["mode"] == _PASS

    def commit(self):
        """Return the Job."""
        if not self._has_file:
            self._check_room()
        device_setting = self._device.configuration.get(settings.DEVICE)
        self._fields["utc_offset_min"] = device_setting["utc_offset_min"]
        sender = self._device.configuration.sender()
        return self._draft.commit(self._fields, sender, self._too_long)

    def render(self):
        """Return the record of the mail, which is checked and rendered but not queued."""
        fields = self._fields
        if not (fields["to"] or fields["cc"] or fields["bcc"] or self._too_long):
            raise too_late("to")
        fields["mode"] = ""
        self._has_file = True  # which takes no room
        self._queue.is_open = False
        self.commit()
        return self._queue.record

    def discard(self):
        """Leave nothing behind."""
        self._draft.discard()

    def _begin(self, name, file_name, file_type):
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise ProtocolError("bad_upload", "At most %d parts." % _MAX_PARTS)
        if name == "file":
            self._file_type = file_type
            if file_name:
                self._open(file_name)
        elif name in FIELDS:
            self._field = bytearray()
        elif name in TEXTS:
            self._text_check = Utf8Check()
            draft = self._draft
            self._write_text = draft.write_html if name == "html" else draft.write_text
        self._name = name

    def _open(self, name):
        self._in_file = True
        self.passes = self._fields["mode"] == _PASS
        if not self._has_file and not self.passes:
            self._check_room()
        self._has_file = True
        self._draft.open_file(name, self._file_type)
        if self.passes:
            self._draft.close_file()

    def _check_room(self):
        self._device.outbox.check_room(self._content_length)

    def _write(self, data):
        """Neither name nor content means that no file was chosen."""
        if not self._in_file:
            self._open(NO_NAME)
        if self.passes:
            self.first = data
        else:
            self._draft.write(data)

    def _take_text(self, data):
        if not self._text_check.accepts(data):
            raise _not_utf8(self._name)
        self._write_text(data)

    def _end(self):
        if self._in_file:
            self._draft.close_file()
        elif self._field is not None:
            self._fields[self._name] = self._decoded()
            if self._has_file and self._fields["mode"] == _PASS:
                raise too_late("mode")
        if self._text_check and not self._text_check.complete:
            raise _not_utf8(self._name)
        self._in_file = False
        self._text_check = self._write_text = None
        self._file_type = None
        self._field = None

    def _decoded(self):
        if len(self._field) > _MAX_FIELD_BYTES:
            self._too_long[self._name] = "At most %d bytes." % _MAX_FIELD_BYTES
            return ""
        try:
            return self._field.decode()
        except UnicodeError:
            raise _not_utf8(self._name)


class _Queue:
    """The Outbox for the draft of a mail that may not wait in it: unless `is_open` its record is
    only kept here."""

    def __init__(self, outbox):
        self.new_id = outbox.new_id
        self.folder = outbox.folder
        self.is_open = True
        self.record = None
        self._outbox = outbox

    def add(self, record):
        """Take what a draft has become."""
        if self.is_open:
            return self._outbox.add(record)
        self.record = record
        return None


def _not_utf8(name):
    return ProtocolError("bad_upload", "The field %s is not UTF-8." % name)
