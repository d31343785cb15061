"""Reading header fields of mails (RFC 5322, 2047, 2231).

What comes in never raises: bytes that cannot be read become U+FFFD. No text from outside is gone
through character by character, only byte by byte: MicroPython keeps every character that was
ever taken out of a text, for good.
"""

from mfpmail.core.mimedecode import Base64Decoder, QuotedPrintableDecoder, decode_all, hex_byte
from mfpmail.core.text import encode_utf8

_LATIN = ("iso-8859-1", "latin1", "iso-8859-15", "windows-1252")
_GREEK = ("iso-8859-7", "windows-1253")
_WINDOWS_80 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ"
_MAX_PARAMETERS = 64
_COMMA = 44
_SEMICOLON = 59


def decode_bytes(data, charset="utf-8"):
    """Return bytes as text, whatever they are: UTF-8, the charsets of western Europe and of
    Greece. What is none of these becomes U+FFFD."""
    charset = charset.lower()
    if charset in _LATIN or charset in _GREEK:
        return "".join([_character(byte, charset) for byte in data])
    try:
        return bytes(data).decode()
    except UnicodeError:
        return _repaired(bytes(data))


def _repaired(data):
    """Return broken UTF-8 as text, with U+FFFD for each byte that belongs to no character."""
    pieces = []
    start = at = 0
    while at < len(data):
        length = _sequence_bytes(data, at)
        if not length:
            pieces.append(data[start:at])
            start = at + 1
        at += length or 1
    pieces.append(data[start:])
    return b"\xef\xbf\xbd".join(pieces).decode()


def _sequence_bytes(data, at):
    """Return the length of the UTF-8 sequence at `at` (RFC 3629 section 4), 0 when it is none."""
    first = data[at]
    if first < 0x80:
        return 1
    length = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    try:
        is_whole = len(data[at : at + length].decode()) == 1
    except UnicodeError:
        return 0
    return length if is_whole and first >= 0xC2 and first < 0xF5 else 0


def _character(byte, charset):
    """Return the character of a byte; the signs of currencies of 8-bit Greek are not exact."""
    if byte < 128:
        return chr(byte)
    if byte < 0xA0 and charset.startswith("windows"):
        return _WINDOWS_80[byte - 128]
    if charset in _GREEK:
        return chr(_greek(byte, charset == "windows-1253"))
    return "€" if byte == 0xA4 and charset == "iso-8859-15" else chr(byte)


def _greek(byte, is_windows):
    if byte >= 0xB8 or byte == 0xB4 or (byte in (0xB5, 0xB6) and not is_windows):
        return byte if byte in (0xBB, 0xBD) else byte + 0x2D0
    if byte in (0xA1, 0xA2):  # accents where the other has quotation marks
        return byte + (0x2E4 if is_windows else 0x1F77)
    return byte


def without_controls(text):
    """Return `text` with blanks for control characters (C0, DEL, C1)."""
    data = bytearray(encode_utf8(text))
    for at, byte in enumerate(data):
        if byte < 32 or byte == 127:
            data[at] = 32
    data = bytes(data)
    if b"\xc2" in data:
        for code in range(0x80, 0xA0):
            data = data.replace(bytes((0xC2, code)), b" ")
    return data.decode()


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
    return without_controls("".join(texts))


def _split_unquoted(value, separator):
    """Yield the pieces of `value` between the separators (a byte) that are not quoted."""
    data = encode_utf8(value)
    start = 0
    quoted = escaped = False
    for index, byte in enumerate(data):
        if escaped:
            escaped = False
        elif byte == 0x5C:
            escaped = quoted
        elif byte == 0x22:
            quoted = not quoted
        elif byte == separator and not quoted:
            yield data[start:index].decode()
            start = index + 1
    yield data[start:].decode()


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
    RFC 2231 form comes before the plain one. At most 64 parameters are taken.
    """
    pieces = _split_unquoted(value, _SEMICOLON)
    main = next(pieces).partition("(")[0].strip().lower()
    parameters = {}
    extended = {}
    for count, piece in enumerate(pieces):
        if count == _MAX_PARAMETERS:
            break
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
    return main, parameters


def parse_address(value):
    """Return (display name, address) of the first mailbox in `value`, for showing it.

    The address is not checked; both are "" when there is none (an empty group).
    """
    for piece in _split_unquoted(value, _COMMA):
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
