"""A mail that is sent while it is uploaded: its files are never stored.

What the mail has but for its files is rendered to flash first, as for any job, so that the code
which does that is gone before the sign-in. The files go into the connection as they come, no
faster than the mail server takes them. In the queue the job is one that is being sent; should the
power go, it is one that failed.
"""

from mfpmail.core import errors, limits
from mfpmail.core.errors import MailError, SettingsError
from mfpmail.service.jobs import SENDING


class PassThrough:
    """One mail on its way. `record` is that of a Draft whose only file, if it has one, is empty:
    the first that comes. `begin`, then for each file `open_file`, `write` and `close_file`, then
    `finish`; or `fail` at any time.
    """

    def __init__(self, device, record):
        self._device = device
        self._open_files = record["files"]  # at most one
        self._files = record["files"] = []
        self._bytes = 0
        self._sender = record["reverse_path"]
        self._has_turn = False
        self._line = None  # see `Accounts.line`
        self._body = None
        self._tail = b""  # what comes after the last file
        record["state"] = SENDING
        self._job = device.outbox.add(record)

    async def begin(self, file_bytes):
        """Have the mail server agree to take the mail; about so many bytes of files will come.

        Raises MailError when it cannot be sent now.
        """
        await self._take_turn()
        with self._device.overlays:
            from mfpmail.service.offer import offer

            self._line, message = await offer(self._device, self._job, file_bytes)
            self._body = self._line[2].body(self._progress)
            await self._write_head(message)

    async def open_file(self, name, content_type):
        """Begin the next file but the first, which `begin` has begun."""
        if len(self._files) >= limits.MAX_FILES_PER_JOB:
            fault = "At most %d files." % limits.MAX_FILES_PER_JOB
            raise SettingsError("bad_job", "The job cannot be taken.", {"file": fault})
        name = name[: limits.MAX_FILE_NAME_CHARS]
        await self._body.write(self._head_of(name, content_type))

    async def write(self, data):
        """Send the next bytes of the open file, when the mail server has taken what was before."""
        self._bytes += len(data)
        await self._body.write_file(data)

    async def close_file(self):
        """End the open file."""
        await self._body.end_file()
        file = self._open_files.pop()
        file["size"] = self._bytes
        self._files.append(file)
        self._bytes = 0

    async def finish(self):
        """Complete the mail; return the Job, which has come to its end. Raises MailError."""
        from mfpmail.service import passed  # before the final dot: then nothing may fail

        await self._body.write(self._tail)
        await self._line[2].end_message(self._body)
        passed.note_sent(self._device, self._job, self._files)
        line, self._line = self._line, None
        await passed.leave(self._device.postman, line)
        self._release()
        return self._job

    async def fail(self, error):
        """Leave no half mail at the server; return the Job, None when nothing of it stays."""
        via = self._line[0] if self._line and self._body else ""
        try:
            if self._line:
                await self._line[2].abort()
            self._line = self._body = None
            from mfpmail.service.passed import note_failed

            return note_failed(self._device, self._job, self._files, via, error)
        finally:
            self._release()

    async def _take_turn(self):
        postman = self._device.postman
        if not postman.is_lean:  # else the upload itself has waited
            await postman.make_way()
        await postman.sending.acquire()
        self._has_turn = True

    def _release(self):
        if self._has_turn:
            self._has_turn = False
            self._device.postman.sending.release()

    async def _write_head(self, message):
        """Write the rendered part of the mail up to its file; the rest is small."""
        segments = message.segments()
        for segment in segments:
            if isinstance(segment, int):
                break
            await self._body.write(segment)
        self._tail = b"".join(segments)

    def _progress(self, bytes_done):
        if self._job.cancelled:
            raise MailError("cancelled", "The job was cancelled.", errors.MESSAGE)
        self._job.bytes_done = bytes_done

    def _head_of(self, name, content_type):
        """Return what comes before the content of a file. The code for that is loaded and dropped
        again: uploads of several files are rare."""
        with self._device.overlays:
            from mfpmail.core.message import Message
            from mfpmail.service.compose import file_type

            content_type = file_type(name, content_type)
            self._open_files.append({"name": name, "type": content_type})
            boundary = self._tail.decode().strip()[2:-2]
            frame = Message(self._sender, [], "", "", [], "", "", boundary, mixed=True)
            return frame.attachment_head(name, content_type)
