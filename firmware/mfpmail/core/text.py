"""Text at the border between characters and bytes."""


def encode_utf8(text):
    """Return `text` as UTF-8. Of the surrogates that JSON escapes can make (RFC 8259 section 7)
    a pair becomes its character, a lone one U+FFFD."""
    data = text.encode("utf-8", "surrogatepass")
    at = data.find(b"\xed")
    while at >= 0:
        if data[at + 1] >= 0xA0:
            pair = _joined(data[at : at + 6])
            data = data[:at] + (pair or b"\xef\xbf\xbd") + data[at + (6 if pair else 3) :]
        at = data.find(b"\xed", at + 3)
    return data


def _joined(halves):
    """Return the character of two surrogates, each three bytes; None when they are no pair."""
    if len(halves) < 6 or halves[1] >= 0xB0 or halves[3] != 0xED or halves[4] < 0xB0:
        return None
    high = (halves[1] & 0x0F) << 6 | halves[2] & 0x3F
    low = (halves[4] & 0x0F) << 6 | halves[5] & 0x3F
    return chr(0x10000 + (high << 10 | low)).encode()


def is_control(character):
    """Say whether a character moves the cursor or worse (C0, DEL, C1)."""
    return character < " " or "\x7f" <= character <= "\x9f"


class Utf8Check:
    """Says whether bytes that come in pieces are UTF-8, characters cut in two included."""

    def __init__(self):
        self._tail = b""

    def accepts(self, data):
        """Take the next piece; False once it cannot be UTF-8 any more."""
        data = self._tail + bytes(data)
        for held_back in range(min(3, len(data)) + 1):
            end = len(data) - held_back
            if _is_utf8(data[:end]):
                self._tail = data[end:]
                return True
        return False

    @property
    def complete(self):
        """Whether the last character is whole."""
        return not self._tail


def _is_utf8(data):
    try:
        data.decode()
    except UnicodeError:
        return False
    return True
