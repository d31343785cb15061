"""Outgoing mail as a sequence of segments, so that no attachment is ever in memory.

scan = Attachment("scan.pdf", guess_type("scan.pdf"), 48213)
message = Message(("Printer", "printer@example.org"), ["office@example.org"], "Scan",
                  "See the file.", [scan], date, message_id, boundary)
for segment in message.segments(): ...
"""

import binascii

from mfpmail.core.base64stream import LINE_BYTES, Base64Encoder, encoded_bytes
from mfpmail.core.errors import MESSAGE, ProtocolError
from mfpmail.core.headers import (
    address_field,
    check_text,
    is_ascii,
    parameter_field,
    text_field,
)
from mfpmail.core.mediatypes import DEFAULT_TYPE
from mfpmail.core.text import encode_utf8

_TYPE_SPECIALS = '()<>@,;:\\"/[]?='  # RFC 2045 section 5.1
_MAX_LINE_BYTES = 998  # RFC 5322 section 2.1.1
_TEXT_BLOCK_BYTES = 12 * LINE_BYTES


def make_message_id(random_bytes, domain):
    """Return a Message-ID (RFC 5322 section 3.6.4); 16 random bytes are enough."""
    return "<%s@%s>" % (binascii.hexlify(random_bytes).decode(), domain)


def make_boundary(random_bytes):
    """Return a boundary for 16 to 23 random bytes; `=_` is in no base64 and in no
    quoted-printable body (RFC 2045 section 6.7)."""
    return "=_" + binascii.hexlify(random_bytes).decode()


class Attachment:
    """A file of a message: its name, media type without parameters ("" for the default), size.

    Raises ProtocolError `bad_content_type`.
    """

    def __init__(self, name, content_type, size_bytes):
        self.name = name
        self.content_type = content_type or DEFAULT_TYPE
        self.size_bytes = size_bytes
        names = self.content_type.split("/")
        if len(names) != 2 or not all(_is_token(name) for name in names):
            raise ProtocolError("bad_content_type", "A media type is not valid.", MESSAGE)


def _is_token(text):
    return bool(text) and all("!" <= c <= "~" and c not in _TYPE_SPECIALS for c in text)


def _normalise(text):
    """Return the text as UTF-8 where each line, the last one too, ends with CRLF."""
    data = encode_utf8(text).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if data and not data.endswith(b"\n"):
        data += b"\n"
    return data.replace(b"\n", b"\r\n")


def _fits_7bit(data):
    """Tell whether a text in ASCII may travel as it is (RFC 2045 section 2.7)."""
    if data.find(b"\0") >= 0:
        return False
    at = 0
    while at < len(data):
        end = data.find(b"\r\n", at)
        if end - at > _MAX_LINE_BYTES:
            return False
        at = end + 2
    return True


class Message:
    """One mail with a text and any number of attachments.

    `from_` and each of `to` is an address or a tuple (name, address); `date` comes from
    `format_date`, `message_id` from `make_message_id`, `boundary` from `make_boundary`. The same
    arguments give the same bytes, so a retry sends the same mail.
    Raises ProtocolError `bad_address`, `header_injection`.
    """

    def __init__(self, from_, to, subject, text, attachments, date, message_id, boundary):
        check_text(date)
        check_text(message_id)
        self.attachments = attachments
        self._fields = (
            "Date: %s\r\n" % date
            + address_field("From", [from_])
            + address_field("To", to)
            + text_field("Subject", subject)
            + "Message-ID: %s\r\nMIME-Version: 1.0\r\n" % message_id
        )
        self._text = _normalise(text)
        self._is_7bit = is_ascii(text) and _fits_7bit(self._text)
        self._boundary = boundary
        for attachment in attachments:
            _attachment_fields(attachment)

    def segments(self):
        """Yield bytes to send as they are (CRLF, not dot-stuffed), or the index of the attachment
        whose content, in base64 by `Base64Encoder`, has its place there."""
        if not self.attachments:
            yield from self._text_part(self._fields)
            return
        content_type = parameter_field(
            "Content-Type", "multipart/mixed", [("boundary", self._boundary)]
        )
        delimiter = "\r\n--" + self._boundary
        head = self._fields + content_type + "Content-Transfer-Encoding: 7bit\r\n"
        yield from self._text_part(head + delimiter + "\r\n")
        for index, attachment in enumerate(self.attachments):
            yield (delimiter + "\r\n" + _attachment_fields(attachment) + "\r\n").encode()
            yield index
        yield (delimiter + "--\r\n").encode()

    def total_bytes(self):
        """Return the exact size of the message on the wire, before dot-stuffing, for SIZE
        (RFC 1870) and for the progress."""
        total = 0
        for segment in self.segments():
            if isinstance(segment, int):
                total += encoded_bytes(self.attachments[segment].size_bytes)
            else:
                total += len(segment)
        return total

    def _text_part(self, head):
        yield (
            head
            + parameter_field("Content-Type", "text/plain", [("charset", "utf-8")])
            + "Content-Transfer-Encoding: %s\r\n\r\n" % ("7bit" if self._is_7bit else "base64")
        ).encode()
        if self._is_7bit:
            yield self._text
            return
        encoder = Base64Encoder(_TEXT_BLOCK_BYTES)
        view = memoryview(self._text)
        for at in range(0, len(view), _TEXT_BLOCK_BYTES):
            block = view[at : at + _TEXT_BLOCK_BYTES]
            yield bytes(encoder.encode(block, len(block), at + len(block) == len(view)))


def _attachment_fields(attachment):
    # Old receivers look for the name in Content-Type only.
    name = attachment.name
    return (
        parameter_field("Content-Type", attachment.content_type, [("name", name)])
        + "Content-Transfer-Encoding: base64\r\n"
        + parameter_field("Content-Disposition", "attachment", [("filename", name)])
    )
