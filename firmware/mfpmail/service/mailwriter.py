"""Stores one mail while it arrives; `commit` makes it part of the inbox."""

from mfpmail.core import limits
from mfpmail.core.errors import MailError
from mfpmail.core.mediatypes import DEFAULT_TYPE, guess_type

_TEXT_NAMES = {"text/plain": "message.txt", "text/html": "message.html"}


class MailWriter:
    """Stores the files of one mail in `inbox`; takes what MimeParser finds, part by part."""

    def __init__(self, inbox, setting, unique_id):
        self._inbox = inbox
        self._files = inbox.files
        self._mail_id = inbox.new_id()
        self._folder = inbox.folder(self._mail_id)
        self._mail = {
            "setting": setting,
            "unique_id": unique_id,
            "from": "",
            "subject": "",
            "date": "",
            "items": [],
        }
        self._writer = None
        self._text_index = None
        self._files.make_folder(self._folder)

    def describe(self, sender, subject, date):
        """Note what the header says of the mail."""
        self._mail["from"] = sender
        self._mail["subject"] = subject
        self._mail["date"] = date

    def begin(self, name, content_type, is_attachment):
        """Begin a body part. The first text that is no attachment is kept as well: it is all
        there is of a mail without files."""
        if not is_attachment:
            if self._text_index is not None or content_type not in _TEXT_NAMES:
                return
            self._text_index = len(self._mail["items"])
        if len(self._mail["items"]) >= limits.MAX_FILES_PER_JOB:
            return
        name = name or _TEXT_NAMES.get(content_type, "file")
        index = len(self._mail["items"])
        self._writer = self._files.create("%s/%d" % (self._folder, index))
        if content_type == DEFAULT_TYPE:
            content_type = guess_type(name)
        self._mail["items"].append(
            {"id": index, "name": name, "type": content_type, "size": 0, "pages": None}
        )

    def write(self, data):
        """Append to the part that was begun. Raises StorageError `storage_full`."""
        if self._writer:
            self._writer.write(data)

    def end(self):
        """End the part that was begun."""
        if self._writer:
            self._writer.close()
            self._mail["items"][-1]["size"] = self._writer.size_bytes
            self._writer = None

    def commit(self):
        """Make the mail real; return how many files it has brought."""
        items = self._mail["items"]
        if not items:  # what brings nothing must be seen, and can only be removed by its file
            self.begin("", "text/plain", False)
            self.end()
        if self._text_index is not None and len(items) > 1:
            self._files.remove("%s/%d" % (self._folder, self._text_index))
            self._mail["items"] = [item for item in items if item["id"] != self._text_index]
        self._inbox.add(self._mail_id, self._mail)
        return len(self._mail["items"])

    def discard(self):
        """Leave nothing behind: the mail is still at the server."""
        if self._writer:
            try:
                self._writer.close()
            except MailError:
                pass
            self._writer = None
        self._files.remove_folder(self._folder)
