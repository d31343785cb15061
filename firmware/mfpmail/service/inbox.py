"""What was received: a folder for each mail, `mail.json` in it makes it real.

Files are written while the mail arrives; the record comes last. `seen` holds the unique ids of
mails that are stored here but may still be at the server, so that a lost goodbye does not fetch
them twice; it shrinks as the server forgets them.
"""

import binascii

from mfpmail.core import limits
from mfpmail.core.errors import MailError
from mfpmail.core.mediatypes import guess_type

_VERSION = 1
_FOLDER = "inbox"
_SEEN = "seen/"
_MAX_MAILS = 50
_RESERVE_BYTES = 65536
_TEXT_NAME = "message.txt"


class Inbox:
    """All received files. `random_bytes` makes the names of the folders."""

    def __init__(self, store, random_bytes):
        self._store = store
        self._files = store.files
        self._random_bytes = random_bytes
        self._mails = {}
        self._load()

    @property
    def full(self):
        """Whether the next mail has to stay at the server."""
        return len(self._mails) >= _MAX_MAILS or self._files.free_bytes() < _RESERVE_BYTES

    def items(self):
        """Return what the API lists: one entry a file, the oldest mail first."""
        found = []
        for mail_id in sorted(self._mails):
            mail = self._mails[mail_id]
            for item in mail["items"]:
                shown = dict(item)
                shown["id"] = "%s.%d" % (mail_id, item["id"])
                for name in ("setting", "from", "subject", "date"):
                    shown[name] = mail[name]
                found.append(shown)
        return found

    def find(self, item_id):
        """Return one entry of `items`, or None."""
        for item in self.items():
            if item["id"] == item_id:
                return item
        return None

    def open(self, item_id):
        """Return the file of an entry, open for reading. Raises StorageError."""
        return self._files.open(_path(item_id))

    def delete(self, item_id):
        """Remove one file; with the last one the mail is gone."""
        mail_id, index = item_id.split(".")
        mail = self._mails[mail_id]
        mail["items"] = [item for item in mail["items"] if item["id"] != int(index)]
        if mail["items"]:
            self._save(mail_id)
            self._files.remove(_path(item_id))
            return
        del self._mails[mail_id]
        self._files.remove("%s/%s/mail.json" % (_FOLDER, mail_id))
        self._files.remove_folder("%s/%s" % (_FOLDER, mail_id))

    def seen(self, setting):
        """Return the set of unique ids that need no fetching."""
        stored = set(self._store.load(_SEEN + setting, _VERSION) or ())
        for mail in self._mails.values():
            if mail["setting"] == setting and mail["unique_id"]:
                stored.add(mail["unique_id"])
        return stored

    def save_seen(self, setting, unique_ids):
        """Remember what is stored here and may still be at the server."""
        self._store.save(_SEEN + setting, _VERSION, sorted(unique_ids))

    def new_mail(self, setting, unique_id):
        """Return a MailWriter for the next mail."""
        last = max(self._mails) if self._mails else "000000"
        number = int(last.split("-")[0]) + 1
        mail_id = "%06d-%s" % (number, binascii.hexlify(self._random_bytes(3)).decode())
        return MailWriter(self, self._files, mail_id, setting, unique_id)

    def add(self, mail_id, mail):
        """Take a mail whose files are complete; it survives a power cut from here on."""
        self._mails[mail_id] = mail
        self._save(mail_id)

    def _save(self, mail_id):
        path = "%s/%s/mail.json" % (_FOLDER, mail_id)
        self._store.save(path, _VERSION, self._mails[mail_id])

    def _load(self):
        for folder in (_FOLDER, "seen"):
            self._files.make_folder(folder)
        for name in self._files.names(_FOLDER):
            mail = self._store.load("%s/%s/mail.json" % (_FOLDER, name), _VERSION)
            if mail:
                self._mails[name] = mail
            elif "mail.json.bad" not in self._files.names(_FOLDER + "/" + name):
                self._files.remove_folder(_FOLDER + "/" + name)


def _path(item_id):
    return "%s/%s" % (_FOLDER, item_id.replace(".", "/"))


class MailWriter:
    """Stores the files of one mail as they arrive; takes the events of MimeParser."""

    def __init__(self, inbox, files, mail_id, setting, unique_id):
        self._inbox = inbox
        self._files = files
        self._mail_id = mail_id
        self._folder = "%s/%s" % (_FOLDER, mail_id)
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
        files.make_folder(self._folder)

    def describe(self, sender, subject, date):
        """Note what the header says of the mail."""
        self._mail["from"] = sender
        self._mail["subject"] = subject
        self._mail["date"] = date

    def begin(self, name, content_type, is_attachment):
        """Begin a body part. The first text that is no attachment is kept as well: it is all
        there is of a mail without files."""
        if not is_attachment:
            if self._text_index is not None or content_type != "text/plain":
                return
            self._text_index = len(self._mail["items"])
        if len(self._mail["items"]) >= limits.MAX_FILES_PER_JOB:
            return
        name = name or (_TEXT_NAME if not is_attachment else "file")
        index = len(self._mail["items"])
        self._writer = self._files.create("%s/%d" % (self._folder, index))
        if content_type == "application/octet-stream":
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
