"""Reading header fields of mails (RFC 5322, 2047, 2231).

What comes in never raises: bytes that cannot be read become U+FFFD.
"""

from mfpmail.core.mimedecode import Base64Decoder, QuotedPrintableDecoder, decode_all, hex_byte
from mfpmail.core.text import encode_utf8, is_control

_LATIN_1 = ("iso-8859-1", "latin1", "windows-1252")


def decode_bytes(data, charset="utf-8"):
    """Return bytes as text, whatever they are: UTF-8, ISO-8859-1, else ASCII and U+FFFD."""
    if charset.lower() in _LATIN_1:
        return "".join([chr(byte) for byte in data])
    try:
        return bytes(data).decode()
    except UnicodeError:
        return "".join([chr(byte) if byte < 128 else "\ufffd" for byte in data])


def _encoded_word(value, start):
    """Return (charset, bytes, end) of the encoded word at `start`, None when there is none."""
    fields = value[start + 2 :].split("?", 3)
    if len(fields) < 4 or not fields[3].startswith("=") or not fields[0] or " " in fields[0]:
        return None
    charset, encoding, text, _ = fields
    data = encode_utf8(text)
    if encoding in ("b", "B"):
        data = decode_all(Base64Decoder(), data)
    elif encoding in ("q", "Q"):
        data = decode_all(QuotedPrintableDecoder(), data.replace(b"_", b" "))
    else:
        return None
    end = start + 6 + len(charset) + len(encoding) + len(text)
    return charset.partition("*")[0], data, end


def decode_words(value):
    """Return `value` with its encoded words decoded, control characters as blanks (RFC 2047).

    Neighbours of one charset are joined as bytes: some senders divide characters.
    """
    texts = []
    data, data_charset = b"", ""
    at = start = 0
    while True:
        start = value.find("=?", start)
        word = _encoded_word(value, start) if start >= 0 else None
        if start >= 0 and not word:
            start += 2
            continue
        gap = value[at:start] if word else value[at:]
        joined = word and data_charset and not gap.strip()
        if data_charset and not (joined and word[0] == data_charset):
            texts.append(decode_bytes(data, data_charset))
            data = b""
        if not joined:
            texts.append(gap)
        if not word:
            break
        data_charset = word[0]
        data += word[1]
        at = start = word[2]
    return "".join([" " if is_control(c) else c for c in "".join(texts)])


def _split_unquoted(value, separator):
    pieces = []
    start = 0
    quoted = escaped = False
    for index, character in enumerate(value):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = quoted
        elif character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            pieces.append(value[start:index])
            start = index + 1
    pieces.append(value[start:])
    return pieces


def _unquote(text):
    """Return the text of a quoted string, or `text`. Only `\\"` and `\\\\` count as escapes:
    browsers put the paths of Windows between quotes as they are."""
    text = text.strip()
    if not text.startswith('"'):
        return text
    end = text.rfind('"')
    text = text[1:end] if end else text[1:]
    return text.replace('\\"', '"').replace("\\\\", "\\")


def _unescape(text):
    """Return the bytes of a text with `%41` escapes; a wrong escape stays as it is."""
    pieces = encode_utf8(text).split(b"%")
    data = pieces[0]
    for piece in pieces[1:]:
        byte = hex_byte(piece[:2])
        data += b"%" + piece if byte is None else bytes([byte]) + piece[2:]
    return data


def _join_sections(sections):
    """Return the text of `{number: (text, is_extended)}` (RFC 2231 sections 3 and 4)."""
    charset = "utf-8"
    data = b""
    for number in sorted(sections):
        text, extended = sections[number]
        if extended and not data and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        data += _unescape(text) if extended else encode_utf8(text)
    return decode_bytes(data, charset)


def parse_parameters(value):
    """Return (main value in lower case, `{name in lower case: text}`) of a structured field.

    Decodes quoted strings and RFC 2231. Of a name given twice the first counts, except that the
    RFC 2231 form comes before the plain one.
    """
    pieces = _split_unquoted(value, ";")
    parameters = {}
    extended = {}
    for piece in pieces[1:]:
        key, _, text = piece.partition("=")
        key = key.strip().lower()
        name, star, number = key.partition("*")
        if not star:
            parameters.setdefault(name, _unquote(text))
            continue
        number = number[:-1] if number.endswith("*") else number
        section = int(number) if number.isdigit() and len(number) < 4 else 0
        is_extended = key.endswith("*")
        extended.setdefault(name, {}).setdefault(section, (_unquote(text), is_extended))
    for name, sections in extended.items():
        parameters[name] = _join_sections(sections)
    return pieces[0].strip().lower(), parameters


def parse_address(value):
    """Return (display name, address) of the first mailbox in `value`, for showing it.

    The address is not checked; both are "" when there is none (an empty group).
    """
    for piece in _split_unquoted(value, ","):
        if "@" not in piece:
            continue
        name, bracket, address = piece.rpartition("<")
        if bracket:
            address = address.partition(">")[0]
        else:
            address, _, comment = piece.partition("(")
            name = comment.partition(")")[0]
        return decode_words(_unquote(name)), decode_words(address).strip()
    return "", ""
