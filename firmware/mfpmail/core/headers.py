"""Building header fields of mails (RFC 5322, 2047, 2231).

What goes out is folded and free of control characters, and ASCII but for local parts beyond it
(RFC 6532).
"""

import binascii

from mfpmail.core.errors import MESSAGE, ProtocolError
from mfpmail.core.text import encode_utf8, is_control

# 78 by RFC 5322 section 2.1.1, 76 with an encoded word in it (RFC 2047 section 2).
_MAX_LINE_CHARS = 76
_WORD_BYTES = 39  # in one encoded word: 64 characters, which fit behind any name used here
_MAX_PLAIN_CHARS = 60  # a longer word could not be folded
_MAX_SECTION_CHARS = 48  # of one section of a long parameter

_MAX_LOCAL_PART_BYTES = 64  # RFC 5321 section 4.5.3.1
_MAX_LABEL_BYTES = 63
_MAX_ADDRESS_BYTES = 254  # a path of 256 without its angle brackets
_ADDRESS_SPECIALS = '()<>[]:;@\\,"'
_UNESCAPED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"


def is_ascii(text):
    return len(encode_utf8(text)) == len(text)


def check_text(text):
    """Raise ProtocolError `header_injection` when `text` has a control character."""
    for character in text:
        if is_control(character):
            raise ProtocolError(
                "header_injection", "A header field has a control character.", MESSAGE
            )


def check_address(text):
    """Return the address `local-part@domain` as it stands on the wire, without quoting: a domain
    beyond ASCII in A-labels, a local part beyond ASCII as it is; that one needs SMTPUTF8
    (RFC 6531).

    Raises ProtocolError `bad_address`. Limits: RFC 5321 section 4.5.3.1, in bytes of UTF-8 and of
    A-labels. Quoted local parts and address literals have no use here.
    """
    local_part, _, domain = text.partition("@")
    if not is_ascii(text):
        from mfpmail.core import idna  # few addresses need it

        domain = idna.domain_to_ascii(domain) if idna.is_clear(local_part) else ""
    labels = domain.split(".")
    if not local_part or not all(labels) or not all(_is_plain(c) for c in local_part + domain):
        raise _bad_address("is not valid")
    local_bytes = len(encode_utf8(local_part))
    if local_bytes > _MAX_LOCAL_PART_BYTES:
        raise _bad_address("has more than %d bytes before the @" % _MAX_LOCAL_PART_BYTES)
    too_long = [label for label in labels if len(label) > _MAX_LABEL_BYTES]
    if too_long or local_bytes + 1 + len(domain) > _MAX_ADDRESS_BYTES:
        raise _bad_address("is too long")
    return local_part + "@" + domain


def _is_plain(c):
    return c > "\x7f" or ("!" <= c <= "~" and c not in _ADDRESS_SPECIALS)


def _bad_address(fault):
    return ProtocolError("bad_address", "An e-mail address %s." % fault, MESSAGE)


def _fold(name, tokens):
    """Return the header field; lines break between tokens only, never before the first one."""
    line = name + ":"
    lines = []
    for index, token in enumerate(tokens):
        if index and len(line) + 1 + len(token) > _MAX_LINE_CHARS:
            lines.append(line)
            line = ""
        line += " " + token
    lines.append(line)
    return "\r\n".join(lines) + "\r\n"


def _encoded_words(text):
    """Return the encoded words (RFC 2047 section 2) of `text`; no character is divided."""
    pieces = []
    piece = b""
    for character in text:
        data = encode_utf8(character)
        if len(piece) + len(data) > _WORD_BYTES:
            pieces.append(piece)
            piece = b""
        piece += data
    if piece:
        pieces.append(piece)
    return ["=?utf-8?B?%s?=" % binascii.b2a_base64(p, newline=False).decode() for p in pieces]


def _quote(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def text_field(name, value):
    """Return the header field of a text such as Subject, line end included.

    Raises ProtocolError `header_injection`.
    """
    check_text(value)
    words = value.split(" ")
    plain = is_ascii(value) and "=?" not in value
    if not plain or not all(0 < len(word) <= _MAX_PLAIN_CHARS for word in words):
        words = _encoded_words(value)
    return _fold(name, words)


def _address_tokens(name, address):
    address = check_address(address)
    check_text(name)
    if not name:
        return [address]
    # Some readers decode encoded words in quoted strings as well, against RFC 2047 section 5.
    quoted = _quote(name)
    if is_ascii(name) and "=?" not in name and len(quoted) <= _MAX_PLAIN_CHARS:
        return [quoted, "<%s>" % address]
    return _encoded_words(name) + ["<%s>" % address]


def format_address(name, address):
    """Return the mailbox (RFC 5322 section 3.4); `name` may be "" and any script.

    Raises ProtocolError `bad_address`, `header_injection`.
    """
    return " ".join(_address_tokens(name, address))


def address_field(field_name, mailboxes):
    """Return the header field of an address list: each an address or a tuple (name, address).

    Raises ProtocolError `bad_address`, `header_injection`.
    """
    tokens = []
    for mailbox in mailboxes:
        if tokens:
            tokens[-1] += ","
        name, address = mailbox if isinstance(mailbox, tuple) else ("", mailbox)
        tokens.extend(_address_tokens(name, address))
    return _fold(field_name, tokens)


def _parameter_tokens(name, value):
    """Return `name="value"`, or the sections of RFC 2231 where that is not safe."""
    check_text(value)
    # Readers differ in escapes and encoded words between quotes; all agree without them.
    plain = is_ascii(value) and not any(mark in value for mark in ('"', "\\", "=?"))
    if plain and len(value) <= _MAX_SECTION_CHARS:
        return ['%s="%s"' % (name, value)]
    sections = [""]
    for character in value:
        data = encode_utf8(character)
        escaped = "".join([chr(b) if b in _UNESCAPED else "%%%02X" % b for b in data])
        if len(sections[-1]) + len(escaped) > _MAX_SECTION_CHARS:
            sections.append("")
        sections[-1] += escaped
    if len(sections) == 1:
        return ["%s*=utf-8''%s" % (name, sections[0])]
    sections[0] = "utf-8''" + sections[0]
    return ["%s*%d*=%s" % (name, number, text) for number, text in enumerate(sections)]


def parameter_field(field_name, value, parameters):
    """Return the header field of a value with parameters, a list of (name, text).

    Raises ProtocolError `header_injection`.
    """
    check_text(value)
    tokens = [value]
    for name, text in parameters:
        tokens[-1] += ";"
        group = _parameter_tokens(name, text)
        tokens.extend([token + ";" for token in group[:-1]] + group[-1:])
    return _fold(field_name, tokens)
