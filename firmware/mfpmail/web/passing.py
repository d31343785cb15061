"""Takes the files of an upload whose mail is sent meanwhile; `web.upload` has read what comes
before them."""

import asyncio

from mfpmail.core.errors import MailError, ProtocolError
from mfpmail.service.passthrough import PassThrough
from mfpmail.web.parts import DATA, FIELDS, HEADER, NO_NAME, TEXTS, part_of, too_late

_BLOCK_BYTES = 512  # larger ones gain nothing, and a connection needs the room


async def pass_on(request, device, rest):
    """Read the rest and return `(job, error)`: the Job, which has come to its end, and why it
    failed, None when it did not.

    Raises MailError when the mail cannot be sent now; then nothing is left behind.
    """
    files = _Files(device, PassThrough(device, rest.pop(0)))
    try:
        await files.mail.begin(rest[-1])
        await _read(request, rest, files)
        return await files.mail.finish(), None
    except BaseException as error:
        job = await files.mail.fail(error)
        if not job or not isinstance(error, MailError):
            raise
        return job, error


async def _read(request, rest, files):
    """`rest` is emptied: nothing of it is to be in memory for longer than needed."""
    splitter, events, first, left_bytes = rest
    del rest[:]
    if first:
        await files.mail.write(first)
    while True:
        first = None
        await files.take(events)
        await asyncio.sleep(0)  # the pages go on meanwhile
        if not left_bytes:
            break
        data = await request.stream.read(min(_BLOCK_BYTES, left_bytes))
        if not data:
            raise ProtocolError("upload_cut", "The upload ended early.")
        left_bytes -= len(data)
        events, data = splitter.events(data), None
    await files.take(splitter.close())
    if not splitter.is_complete:
        raise ProtocolError("bad_upload", "The upload is not complete.")


class _Files:
    """Hands the files to the PassThrough `mail`, in the first of which the upload stands."""

    def __init__(self, device, mail):
        self.mail = mail
        self._device = device
        self._in_file = True
        self._file_type = None  # of one that has no name yet

    async def take(self, events):
        """Take the splitter's events; what belongs to no file is dropped."""
        for kind, value in events:
            if kind == HEADER:
                await self._begin(*part_of(self._device, value))
            elif kind == DATA:
                await self._write(value)
            else:
                await self._end()

    async def _begin(self, name, file_name, file_type):
        if name in FIELDS or name in TEXTS:
            raise too_late(name)
        if name == "file":
            self._file_type = file_type
            if file_name:
                await self._open(file_name)

    async def _open(self, name):
        self._in_file = True
        await self.mail.open_file(name, self._file_type)

    async def _write(self, data):
        if self._file_type is not None and not self._in_file:
            await self._open(NO_NAME)
        if self._in_file:
            await self.mail.write(data)

    async def _end(self):
        if self._in_file:
            await self.mail.close_file()
        self._in_file = False
        self._file_type = None
