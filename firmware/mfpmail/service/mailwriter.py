"""Stores the files of one mail while it arrives; see `examiner` for what becomes of them."""

import hashlib

from mfpmail.core import limits
from mfpmail.core.errors import MailError
from mfpmail.core.headerparse import decode_words, parse_address
from mfpmail.core.mimeparse import DATA, LIMIT, PART_BEGIN, PART_END, MimeParser

_LOOK_BYTES = 64  # so many bytes may show that a file is of no use
_TIFF = (b"II*\0", b"MM\0*")
_BEGINNINGS = _TIFF + (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


class Arrival:
    """One mail, or its header only, that `take` gets piece by piece.

    With `files`, the storage port, its files are stored in `folder`. `mail` is what the record of
    the inbox begins with: `{"setting", "from", "subject", "date", "items"}`; each item has "id",
    "name", "type", "size", and "body" (bool: the text of the mail). `sender` is the address alone,
    in lower case. `progress(bytes_done)` is told how far it is. `is_cut` says, after `close`, that
    the mail has more in it than fits the limits: what is left out nobody would ever see.
    """

    def __init__(self, setting, files=None, folder="", progress=None):
        self.mail = {"setting": setting, "from": "", "subject": "", "date": "", "items": []}
        self.sender = ""
        self.is_cut = False
        self._fax = setting == "ifax"
        self._files = files
        self._folder = folder
        self._progress = progress
        self._parser = MimeParser()
        self._hash = hashlib.sha256()
        self._end = b"\n"  # what may belong to the end of the header
        self._bytes_done = 0
        self._writer = None
        self._head = b""
        if files:
            files.make_folder(folder)

    @property
    def key(self):
        """8 bytes that tell the header from others, to be asked for once: with its Message-ID and
        the Received fields of its way no two mails should have the same."""
        return self._hash.digest()[:8]

    def take(self, data):
        """Take the next bytes. Raises StorageError `storage_full`."""
        if self._end:
            self._take_header(data)
        elif not self._files:
            return
        if self._progress:
            self._bytes_done += len(data)
            self._progress(self._bytes_done)
        self._put(self._parser.events(data))

    def close(self):
        """There is no more."""
        self._put(self._parser.close())
        self.is_cut = self.is_cut or LIMIT in self._parser.defects

    def discard(self):
        """Leave nothing behind: the mail is still at the server."""
        if self._writer:
            try:
                self._writer.close()
            except MailError:  # on a full storage closing fails as well
                pass
        self._files.remove_folder(self._folder)

    def _take_header(self, data):
        block = self._end + bytes(data)
        end = block.find(b"\n\r\n")
        self._hash.update(block[len(self._end) : end + 3 if end >= 0 else len(block)])
        self._end = block[-2:] if end < 0 else b""

    def _put(self, events):
        for kind, value in events:
            if kind == PART_BEGIN:
                if not value.depth:
                    self._describe(value.headers)
                if self._files and not value.is_multipart:
                    self._begin(value)
            elif kind == DATA and self._writer:
                self._write(value)
            elif kind == PART_END and self._writer:
                self._finish()

    def _describe(self, headers):
        name, address = parse_address(headers.get("from", ""))
        self.sender = address.lower()
        self.mail["from"] = "%s <%s>" % (name, address) if name else address
        self.mail["subject"] = decode_words(headers.get("subject", ""))[: limits.MAX_SUBJECT_CHARS]
        self.mail["date"] = headers.get("date", "")[:64]

    def _begin(self, part):
        """Begin a file, or the text of the mail: the only thing to print where there is no file.
        There may be several, of which one is blank; HTML is nothing to print."""
        items, is_body = self.mail["items"], not part.is_attachment
        if is_body and (self._fax or part.content_type != "text/plain"):
            return
        if len(items) >= limits.MAX_FILES_PER_JOB:
            self.is_cut = self.is_cut or not is_body
            return
        name = part.file_name or ("message.txt" if is_body else "file")
        item = {"id": len(items), "name": name, "type": "", "size": 0, "body": is_body}
        self._writer = self._files.create(self._path(item))
        self._head = b""
        items.append(item)

    def _write(self, data):
        self._writer.write(data)
        if self._head is not None:
            self._head += bytes(data[: _LOOK_BYTES - len(self._head)])
            if len(self._head) >= _LOOK_BYTES:
                is_useless = self._looks_useless(self._head)
                self._head = None
                if is_useless:  # flash is short, and wears out
                    self._finish()
                    self.mail["items"][-1]["size"] = 0
                    self._files.create(self._path(self.mail["items"][-1])).close()

    def _looks_useless(self, head):
        if self._fax:
            return head[:4] not in _TIFF
        known = any(head.startswith(beginning) for beginning in _BEGINNINGS)
        return not known and b"%PDF-" not in head and b"\0" in head

    def _finish(self):
        self.mail["items"][-1]["size"] = self._writer.size_bytes
        self._writer.close()
        self._writer = None

    def _path(self, item):
        return "%s/%d" % (self._folder, item["id"])
