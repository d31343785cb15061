"""A job while it is uploaded: files are stored as they come, `commit` checks all at once."""

from mfpmail.core import limits
from mfpmail.core.errors import MailError, SettingsError
from mfpmail.service.compose import faults_of, file_type, new_record

_PIECE_BYTES = 512


class Draft:
    """One upload. Nothing of it counts before `commit`; `discard` leaves nothing behind.

    `outbox` is the Outbox that it becomes a job of.
    """

    def __init__(self, outbox, files, clock, random_bytes):
        self._outbox = outbox
        self._files = files
        self._clock = clock
        self._random_bytes = random_bytes
        self._job_id = outbox.new_id()
        self._folder = outbox.folder(self._job_id)
        self._described = []
        self._text_bytes = {"text": 0, "html": 0}
        self._texts = {}  # the writers of those that have come
        self._writer = None
        files.make_folder(self._folder)

    def open_file(self, name, content_type):
        """Begin the next file; `write` and `close_file` follow."""
        if len(self._described) >= limits.MAX_FILES_PER_JOB:
            raise _bad_job({"file": "At most %d files." % limits.MAX_FILES_PER_JOB})
        name = name[: limits.MAX_FILE_NAME_CHARS]
        self._writer = self._files.create("%s/%d" % (self._folder, len(self._described)))
        self._described.append({"name": name, "type": file_type(name, content_type)})

    def write(self, data):
        """Append to the open file. Raises StorageError."""
        self._writer.write(data)

    def close_file(self):
        """End the open file."""
        self._writer.close()
        self._described[-1]["size"] = self._writer.size_bytes
        self._writer = None

    def write_text(self, data):
        """Append to the text of the mail, UTF-8; what is too long is counted, not kept."""
        self._write_text("text", data)

    def write_html(self, data):
        """Append to the HTML text, as `write_text` does."""
        self._write_text("html", data)

    def _write_text(self, name, data):
        if name not in self._texts:
            self._texts[name] = self._files.create("%s/%s" % (self._folder, name))
        self._text_bytes[name] += len(data)
        if self._text_bytes[name] <= limits.MAX_TEXT_BYTES:
            self._texts[name].write(data)

    def discard(self):
        """Leave nothing behind."""
        for writer in [self._writer] + list(self._texts.values()):
            try:
                if writer:
                    writer.close()
            except MailError:  # on a full storage closing fails as well
                pass
        self._writer = None
        self._texts = {}
        self._files.remove_folder(self._folder)

    def commit(self, fields, sender, known_faults=()):
        """Check everything and put the job into the queue; return the Job.

        `fields` has to, subject and mode, and may have cc, bcc, reply_to, auto_submitted (str) and
        utc_offset_min;
        `sender` is `(name, address)`, `known_faults` is `{field: sentence}` of fields that are not
        even here. Raises SettingsError `bad_job` with every bad field.
        """
        entered = dict(fields)
        entered.update(
            {
                "text_bytes": self._text_bytes["text"],
                "text_pieces": lambda: self._pieces("text"),
                "html_bytes": self._text_bytes["html"],
                "html_pieces": lambda: self._pieces("html"),
                "sender": sender,
                "files": self._described,
            }
        )
        mode = fields["mode"] or "spool"
        faults = faults_of(entered, mode)
        if mode != "spool":
            faults["mode"] = "Only spool is available."
        faults.update(known_faults)
        if faults:
            raise _bad_job(faults)
        return self._outbox.add(self._rendered(entered))

    def _rendered(self, entered):
        """Write the mail but for its files; return the job's record."""
        names = list(self._texts)
        for name in names:
            self._texts.pop(name).close()
        self._writer = self._files.create(self._folder + "/mail")
        now_s = self._clock.now_s()
        record = new_record(self._job_id, entered, now_s, self._random_bytes, self._writer)
        self._writer.close()
        self._writer = None
        for name in names:
            self._files.remove("%s/%s" % (self._folder, name))
        return record

    def _pieces(self, name):
        if not self._text_bytes[name]:
            return
        file = self._files.open("%s/%s" % (self._folder, name))
        try:
            piece = file.read(_PIECE_BYTES)
            while piece:
                yield piece
                piece = file.read(_PIECE_BYTES)
        finally:
            file.close()


def _bad_job(faults):
    return SettingsError("bad_job", "The job cannot be taken.", faults)
