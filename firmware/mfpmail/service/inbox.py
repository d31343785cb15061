"""What was received: a folder for each mail, `mail.json` in it makes it real.

Files are written while the mail arrives; the record comes last. `seen` holds the unique ids of
mails that are stored here but may still be at the server, so that a lost goodbye does not fetch
them twice; it shrinks as the server forgets them.
"""

import binascii

_VERSION = 1
_FOLDER = "inbox"
_SEEN = "seen/"
_MAX_MAILS = 24  # their records are kept in memory
_RESERVE_BYTES = 65536


class Inbox:
    """All received files. Only the ids of the mails are kept in memory; `files` is the storage
    port, `random_bytes` makes the names of the folders."""

    def __init__(self, store, random_bytes):
        self.files = store.files
        self._store = store
        self._random_bytes = random_bytes
        self._ids = []
        self._load()

    @property
    def full(self):
        """Whether the next mail has to stay at the server."""
        return len(self._ids) >= _MAX_MAILS or self.files.free_bytes() < _RESERVE_BYTES

    @property
    def count(self):
        """How many mails there are."""
        return len(self._ids)

    def items(self):
        """Yield what the API lists: one entry a file, the oldest mail first."""
        for mail_id in list(self._ids):
            mail = self._read(mail_id)
            for item in mail["items"] if mail else ():
                item["id"] = "%s.%d" % (mail_id, item["id"])
                for name in ("setting", "from", "subject", "date"):
                    item[name] = mail[name]
                yield item

    def find(self, item_id):
        """Return one entry of `items`, or None."""
        for item in self.items():
            if item["id"] == item_id:
                return item
        return None

    def open(self, item_id):
        """Return the file of an entry, open for reading. Raises StorageError."""
        return self.files.open(_path(item_id))

    def delete(self, item_id):
        """Remove one file; with the last one the mail is gone."""
        mail_id, index = item_id.split(".")
        mail = self._read(mail_id)
        mail["items"] = [item for item in mail["items"] if item["id"] != int(index)]
        if mail["items"]:
            self._save(mail_id, mail)
            self.files.remove(_path(item_id))
            return
        self._ids.remove(mail_id)
        self.files.remove(self.folder(mail_id) + "/mail.json")
        self.files.remove_folder(self.folder(mail_id))

    def seen(self, setting):
        """Return the set of unique ids that need no fetching."""
        return set(self._store.load(_SEEN + setting, _VERSION) or ())

    def save_seen(self, setting, unique_ids):
        """Remember what is stored here and may still be at the server."""
        self._store.save(_SEEN + setting, _VERSION, sorted(unique_ids))

    def new_id(self):
        """Return the id of the next mail; ids sort in the order the mails came."""
        last = self._ids[-1] if self._ids else "000000"
        tail = binascii.hexlify(self._random_bytes(3)).decode()
        return "%06d-%s" % (int(last.split("-")[0]) + 1, tail)

    def folder(self, mail_id):
        """Return where a mail's record and files are stored."""
        return "%s/%s" % (_FOLDER, mail_id)

    def add(self, mail_id, mail):
        """Take a mail whose files are complete; it survives a power cut from here on."""
        self._save(mail_id, mail)
        self._ids.append(mail_id)

    def _read(self, mail_id):
        return self._store.load(self.folder(mail_id) + "/mail.json", _VERSION)

    def _save(self, mail_id, mail):
        self._store.save(self.folder(mail_id) + "/mail.json", _VERSION, mail)

    def _load(self):
        for folder in (_FOLDER, "seen"):
            self.files.make_folder(folder)
        for name in self.files.names(_FOLDER):
            mail = self._read(name)
            if mail:
                self._ids.append(name)
                self._remember(mail)
            elif "mail.json.bad" not in self.files.names(self.folder(name)):
                self.files.remove_folder(self.folder(name))

    def _remember(self, mail):
        """A power cut may have come between the record of a mail and the note that it was seen."""
        seen = self.seen(mail["setting"])
        if mail["unique_id"] and mail["unique_id"] not in seen:
            seen.add(mail["unique_id"])
            self.save_seen(mail["setting"], seen)


def _path(item_id):
    return "%s/%s" % (_FOLDER, item_id.replace(".", "/"))
