"""What was received: a folder for each mail, `mail.json` in it makes it real.

Files are written while the mail arrives; the record comes last. The folder `seen` belongs to the
receiver: what it need not fetch again.
"""

import binascii

_VERSION = 2
_FOLDER = "inbox"
_SEEN = "seen"
_MIN_MAILS, _MAX_MAILS = 8, 96  # their ids are kept in memory
_MAIL_BYTES = 65536  # what a mail takes, to tell how many there may be
_RESERVE_BYTES = 65536
_NO_DETAILS = {"pages": None, "width": None, "height": None, "resolution_dpi": None}


def _upgrade_1(mail):
    """Return a record of version 1 as one of version 2, which tells more of each file."""
    mail["digest"] = ""
    for item in mail["items"]:
        item.update(_NO_DETAILS)
        item["fax_profile"] = ""
    return mail


class Inbox:
    """All received files. Only the ids of the mails are kept in memory; `files` is the storage
    port, `random_bytes` makes the names of the folders."""

    def __init__(self, store, random_bytes):
        self.files = store.files
        self._store = store
        self._random_bytes = random_bytes
        self._ids = []
        self._load()
        room_bytes = self.files.free_bytes() + sum([item["size"] for item in self.items()])
        self._most = min(max(room_bytes // _MAIL_BYTES, _MIN_MAILS), _MAX_MAILS)

    @property
    def full(self):
        """Whether the next mail has to stay at the server."""
        return len(self._ids) >= self._most or self.room_bytes <= 0

    @property
    def room_bytes(self):
        """How many bytes the next mail may have: tokens and settings must always find room."""
        return self.files.free_bytes() - _RESERVE_BYTES

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

    def load_seen(self, setting):
        """Return what `save_seen` has stored, None when there is nothing."""
        return self.files.read(_seen_path(setting))

    def old_seen(self, setting):
        """Return the unique ids that older firmware has noted instead."""
        return self._store.load("%s/%s" % (_SEEN, setting), 1) or ()

    def save_seen(self, setting, parts):
        """Store pieces of bytes for the receiver of a setting, all or none; the first is the
        `number_of` a mail. Raises StorageError."""
        path = _seen_path(setting)
        writer = self.files.create(path + ".tmp")
        try:
            for part in parts:
                writer.write(part)
        finally:
            writer.close()
        self.files.rename(path + ".tmp", path)
        self.files.remove("%s/%s" % (_SEEN, setting))

    def stored_after(self, number, setting):
        """Yield `(number, unique_id, digest)` of this setting's mails with a higher number."""
        for mail_id in list(self._ids):
            if self.number_of(mail_id) > number:
                mail = self._read(mail_id)
                if mail and mail["setting"] == setting:
                    yield self.number_of(mail_id), mail["unique_id"], mail["digest"]

    def new_id(self):
        """Return the id of the next mail; ids sort in the order the mails came."""
        self._last += 1
        return "%06d-%s" % (self._last, binascii.hexlify(self._random_bytes(3)).decode())

    def number_of(self, mail_id):
        """Return the number in the id of a mail: a later one has a higher number."""
        return int(mail_id.split("-")[0])

    def folder(self, mail_id):
        """Return where a mail's record and files are stored."""
        return "%s/%s" % (_FOLDER, mail_id)

    def add(self, mail_id, mail):
        """Take a mail whose files are complete; it survives a power cut from here on."""
        self._save(mail_id, mail)
        self._ids.append(mail_id)

    def _read(self, mail_id):
        return self._store.load(self.folder(mail_id) + "/mail.json", _VERSION, {1: _upgrade_1})

    def _save(self, mail_id, mail):
        self._store.save(self.folder(mail_id) + "/mail.json", _VERSION, mail)

    def _load(self):
        for folder in (_FOLDER, _SEEN):
            self.files.make_folder(folder)
        # A number is never used twice, also when the mails that had them are gone.
        self._last = max([_last_in(self.files, name) for name in self.files.names(_SEEN)] + [0])
        for name in self.files.names(_FOLDER):
            if self._read(name):
                self._ids.append(name)
            elif "mail.json.bad" not in self.files.names(self.folder(name)):
                self.files.remove_folder(self.folder(name))
        if self._ids:
            self._last = max(self._last, self.number_of(self._ids[-1]))


def _last_in(files, name):
    """Return the number that the receiver has noted in front of its record."""
    data = files.read("%s/%s" % (_SEEN, name)) or b""
    digits = data[:6] if name.endswith(".bin") else b""
    return int(digits) if digits.isdigit() else 0


def _seen_path(setting):
    return "%s/%s.bin" % (_SEEN, setting)


def _path(item_id):
    return "%s/%s" % (_FOLDER, item_id.replace(".", "/"))
