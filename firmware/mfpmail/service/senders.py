"""Who may send to the device, and who may get an answer.

The lists go by the address in From, which says what the sender likes: they keep out what comes by
mistake, not somebody who pretends to be another one.
"""

from mfpmail.core.headerparse import decode_bytes, parse_address

_KEPT = ("from", "return-path", "auto-submitted", "precedence", "content-type")
_MAX_FIELD_BYTES = 998  # RFC 5322 section 2.1.1
_MACHINES = ("mailer-daemon", "postmaster", "no-reply", "noreply", "donotreply", "do-not-reply")


def may_send(setting, address):
    """Say whether the lists of a setting let this sender (lower case) through: `deny_from` keeps
    out, and only who is on `allow_from` comes in, unless that is empty."""
    if _is_listed(address, setting["deny_from"]):
        return False
    return not setting["allow_from"] or _is_listed(address, setting["allow_from"])


def _is_listed(address, entries):
    domain = "@" + address.rpartition("@")[2]
    listed = [entry.strip().lower() for entry in entries.split(",")]
    return "@" in address and (address in listed or domain in listed)


def asks_for_status(subject):
    """Say whether a subject is the word for it, in any case, with its accent or without; not all
    interpreters know the case of Greek letters."""
    word = subject.strip().lower().replace("\u0301", "")
    for letter, folded in (("Κ", "κ"), ("Α", "α"), ("Ά", "α"), ("ά", "α"), ("Τ", "τ"), ("Η", "η")):
        word = word.replace(letter, folded)
    return word.replace("Σ", "σ") in ("status", "κατασταση")


class HeaderScan:
    """Reads from the header of a mail whether it may be answered; `feed` takes pieces of any
    size, those behind the header count for nothing."""

    def __init__(self):
        self._fields = {}  # of several of one name the first, unfolded
        self._is_list = False
        self._done = False
        self._name = ""
        self._rest = b""

    def feed(self, data):
        """Take the next bytes."""
        block = self._rest + bytes(data)
        at = 0
        end = block.find(b"\n")
        while end >= 0 and not self._done:
            self._take_line(block[at : min(end, at + _MAX_FIELD_BYTES)].rstrip(b"\r"))
            at = end + 1
            end = block.find(b"\n", at)
        self._rest = b"" if self._done else block[at : at + _MAX_FIELD_BYTES]

    def close(self):
        """There is no more: a mail may be all header."""
        self.feed(b"\n\n")

    @property
    def reverse_path(self):
        """The address that the envelope named, in lower case, "" for the null one and for a mail
        that does not say. Only the last server of all writes it down (RFC 5321 section 4.4)."""
        return self._address("return-path")

    @property
    def is_automatic(self):
        """Whether no person waits for an answer (RFC 3834 section 2)."""
        get = self._fields.get
        words = get("auto-submitted", "").lower().replace(";", " ").split()
        return (
            self._is_list
            or words[:1] not in ([], ["no"])
            or get("precedence", "").lower() in ("bulk", "list", "junk")
            or get("return-path", "").replace(" ", "") == "<>"
            or get("content-type", "").lower().startswith("multipart/report")
            or _is_machine(self._address("from"))
            or _is_machine(self.reverse_path)
        )

    def _address(self, name):
        return parse_address(self._fields.get(name, ""))[1].lower()

    def _take_line(self, line):
        if not line:
            self._done = True
        elif line[0] not in b" \t":
            name, _, value = line.partition(b":")
            name = decode_bytes(name).strip().lower()
            self._is_list = self._is_list or name.startswith("list-")  # RFC 2369, 2919
            self._name = name if name in _KEPT and name not in self._fields else ""
            if self._name:
                self._fields[name] = decode_bytes(value).strip()
        elif self._name and len(self._fields[self._name]) < _MAX_FIELD_BYTES:
            self._fields[self._name] += " " + decode_bytes(line).strip()


def _is_machine(address):
    """Say whether an address looks like one behind which nobody reads (RFC 3834 section 2)."""
    local = address.split("@")[0]
    known = any(local.startswith(name) for name in _MACHINES)
    return known or local.startswith("owner-") or local.endswith("-request")
