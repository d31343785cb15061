"""Which mails of a maildrop need no fetching.

The record lies on flash, in bytes: 5 KB at most, and as much of the heap during a check. Nothing
here grows with the maildrop.
"""

import binascii
import hashlib
import struct

# What is known of a mail. STORED: it is here, or was dealt with, and is only to be deleted at the
# server. KEPT: it stays there. TWICE: the server gives this unique id to several mails.
STORED, KEPT, TWICE = "stored", "kept", "twice"

_MAX_STORED = 60  # more are only there while no goodbye comes through
_KEY_BYTES = 8
_ENTRY_BYTES = 2 * _KEY_BYTES
_NO_KEY = bytes(_KEY_BYTES)
# The record: `last` in 6 digits, CRC-32 of the rest, the head, the entries of STORED and of KEPT.
_HEAD = "<II"  # cursor, bytes of the entries of STORED
_HEAD_AT, _ENTRIES_AT = 10, 18


class Seen:
    """The record of one setting; `inbox` stores it, and tells of mails it got after the record.

    An entry is two keys of 8 bytes: of the server's unique id, and of the header for servers
    whose ids are of no use. `last` is the number of the newest mail of the inbox that was noted,
    `cursor` the number (RFC 1939) of the message behind which the next check begins. No more than
    `max_kept` are noted as KEPT.
    """

    max_kept = 250

    def __init__(self, inbox, setting):
        self.last = self.cursor = 0
        self._inbox = inbox
        self._setting = setting
        self._changed = False
        self._stored, self._kept = self._load()
        self._noted_cursor = self.cursor
        for unique_id in inbox.old_seen(setting):
            self.add(STORED, unique_id, _NO_KEY)
        for number, unique_id, key in inbox.stored_after(self.last, setting):
            self.last = number
            self.add(STORED, unique_id, binascii.unhexlify(key) or _NO_KEY)
        self._stored.begin()
        self._kept.begin()

    @property
    def room(self):
        """How many more mails can be noted as STORED: no more may be fetched."""
        return _MAX_STORED - len(self._stored.data) // _ENTRY_BYTES

    @property
    def counts(self):
        """How many entries there are, STORED and KEPT."""
        return [len(entries.data) // _ENTRY_BYTES for entries in (self._stored, self._kept)]

    @property
    def is_nameless(self):
        """Whether a STORED mail is only known by its header."""
        return self._stored.find(_NO_KEY, 0) >= 0

    def mark(self, unique_id):
        """Return what is known of a mail that the server lists, None if nothing."""
        key = _key(unique_id)
        for kind, entries in ((STORED, self._stored), (KEPT, self._kept)):
            at = entries.find(key, 0)
            if at >= 0:
                return kind if entries.mark(at) else TWICE
        return None

    def match(self, header_key, used, counts):
        """Return what is known of a mail by its header, None if nothing.

        Of several mails with one header each needs an entry of its own: `used` is a list for the
        caller to keep, and of each kind only the first `counts` entries are looked at.
        """
        tables = (STORED, self._stored, counts[0]), (KEPT, self._kept, counts[1])
        for kind, entries, count in tables:
            at = entries.find(header_key, _KEY_BYTES)
            while 0 <= at < count:
                if (kind, at) not in used:
                    used.append((kind, at))
                    return kind
                at = entries.find(header_key, _KEY_BYTES, at + 1)
        return None

    def prune(self):
        """Forget what the server does not list any more."""
        changed = [self._stored.keep_marked(), self._kept.keep_marked()]
        self._changed = self._changed or True in changed

    def add(self, kind, unique_id, header_key):
        """Note a mail; return False when there is no room: then it will be looked at again."""
        entries, most = self._stored, _MAX_STORED
        if kind == KEPT:
            entries, most = self._kept, self.max_kept
        if len(entries.data) >= most * _ENTRY_BYTES:
            return False
        entries.data += (_key(unique_id) if unique_id else _NO_KEY) + header_key
        self._changed = True
        return True

    def forget_stored(self):
        """None of them is at the server any more."""
        self._changed = self._changed or bool(self._stored.data)
        self._stored.data = bytearray()

    def forget(self, name):
        """The server has deleted a STORED mail: `name` is its unique id (str), or its header key
        (bytes) where that is all that is known."""
        is_id = isinstance(name, str)
        at = self._stored.find(_key(name) if is_id else name, 0 if is_id else _KEY_BYTES)
        if at >= 0:
            self._stored.drop(at)
            self._changed = True

    def save(self):
        """Store the record if there is something new. Raises StorageError."""
        if not self._changed and self.cursor == self._noted_cursor:
            return
        head = struct.pack(_HEAD, self.cursor, len(self._stored.data))
        parts = [b"%06d" % self.last, b"", head, self._stored.data, self._kept.data]
        parts[1] = _check_sum(parts)
        self._inbox.save_seen(self._setting, parts)
        self._changed = False
        self._noted_cursor = self.cursor

    def _load(self):
        data = memoryview(self._inbox.load_seen(self._setting) or b"")
        last, check_sum, rest = bytes(data[:6]), data[6:_HEAD_AT], data[_HEAD_AT:]
        if len(data) < _ENTRIES_AT or _check_sum((last, rest)) != bytes(check_sum):
            return _Entries(b""), _Entries(b"")  # what is in the inbox tells of itself
        self.last = int(last)
        self.cursor, stored_bytes = struct.unpack(_HEAD, rest[: _ENTRIES_AT - _HEAD_AT])
        entries = data[_ENTRIES_AT:]
        return _Entries(entries[:stored_bytes]), _Entries(entries[stored_bytes:])


class _Entries:
    """Entries one after the other in `data`, and for those of the beginning which are marked."""

    def __init__(self, data):
        self.data = bytearray(data)
        self._marks = b""

    def begin(self):
        """Mark none of those that are here now; what is added later is never found."""
        self._marks = bytearray(len(self.data) // _ENTRY_BYTES)

    def find(self, key, offset, start=0):
        """Return the index of the first entry from `start` on with this key at this offset, or
        -1."""
        end = len(self._marks) * _ENTRY_BYTES
        at = self.data.find(key, start * _ENTRY_BYTES, end)
        while at >= 0 and at % _ENTRY_BYTES != offset:
            at = self.data.find(key, at + 1, end)
        return at // _ENTRY_BYTES if at >= 0 else -1

    def mark(self, index):
        """Mark an entry; return False when it was marked before."""
        if self._marks[index]:
            return False
        self._marks[index] = 1
        return True

    def drop(self, index):
        """Remove an entry; then none is marked."""
        start = index * _ENTRY_BYTES
        self.data = self.data[:start] + self.data[start + _ENTRY_BYTES :]
        self.begin()

    def keep_marked(self):
        """Drop those that are not marked; return whether there were any."""
        data, kept = self.data, 0
        for index in range(len(self._marks)):
            if self._marks[index]:
                start, at = kept * _ENTRY_BYTES, index * _ENTRY_BYTES
                data[start : start + _ENTRY_BYTES] = data[at : at + _ENTRY_BYTES]
                kept += 1
        if kept == len(self._marks):
            return False
        self.data = data[: kept * _ENTRY_BYTES]
        self.begin()
        return True


def _key(unique_id):
    return hashlib.sha256(unique_id.encode()).digest()[:_KEY_BYTES]


def _check_sum(parts):
    check_sum = 0
    for part in parts:
        check_sum = binascii.crc32(part, check_sum)
    return struct.pack("<I", check_sum & 0xFFFFFFFF)
