"""Text at the border between characters and bytes."""


def encode_utf8(text):
    """Return `text` as UTF-8. Lone surrogates, which JSON escapes can make, become U+FFFD."""
    data = text.encode("utf-8", "surrogatepass")
    at = data.find(b"\xed")
    while at >= 0:
        if data[at + 1] >= 0xA0:
            data = data[:at] + b"\xef\xbf\xbd" + data[at + 3 :]
        at = data.find(b"\xed", at + 3)
    return data


def is_control(character):
    """Say whether a character moves the cursor or worse (C0, DEL, C1)."""
    return character < " " or "\x7f" <= character <= "\x9f"
