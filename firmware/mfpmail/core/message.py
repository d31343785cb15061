"""Outgoing mail as a sequence of segments, so that no attachment is ever in memory.

scan = Attachment("scan.pdf", guess_type("scan.pdf"), 48213)
message = Message(("Printer", "printer@example.org"), ["office@example.org"], "Scan",
                  "See the file.", [scan], date, message_id, boundary)
for segment in message.segments(): ...
"""

import binascii

from mfpmail.core.base64stream import encoded_bytes
from mfpmail.core.errors import MESSAGE, ProtocolError
from mfpmail.core.headers import (
    address_field,
    check_text,
    parameter_field,
    text_field,
)
from mfpmail.core.mediatypes import DEFAULT_TYPE
from mfpmail.core.text import encode_utf8
from mfpmail.core.textpart import fits_7bit, in_base64, wire_lines

_TYPE_SPECIALS = '()<>@,;:\\"/[]?='  # RFC 2045 section 5.1


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


class Message:
    """One mail with a text and any number of attachments.

    `from_` and each of `to` is an address or a tuple (name, address); `date` comes from
    `format_date`, `message_id` from `make_message_id`, `boundary` from `make_boundary`. The same
    arguments give the same bytes, so a retry sends the same mail. `text` is a str, or a function
    that returns its UTF-8 in pieces, each time from the beginning: it is never in memory as one.
    `from_span` is where the From field stands in it, line end included: offset and length.
    Raises ProtocolError `bad_address`, `header_injection`.
    """

    def __init__(self, from_, to, subject, text, attachments, date, message_id, boundary):
        check_text(date)
        check_text(message_id)
        self.attachments = attachments
        date_field = "Date: %s\r\n" % date
        from_field = address_field("From", [from_])
        self.from_span = [len(date_field), len(from_field)]
        self._fields = (
            date_field
            + from_field
            + address_field("To", to)
            + text_field("Subject", subject)
            + "Message-ID: %s\r\nMIME-Version: 1.0\r\n" % message_id
        )
        self._text = text if callable(text) else lambda: (encode_utf8(text),)
        self._is_7bit = fits_7bit(wire_lines(self._text()))
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
        lines = wire_lines(self._text())
        yield from lines if self._is_7bit else in_base64(lines)


def _attachment_fields(attachment):
    # Old receivers look for the name in Content-Type only.
    name = attachment.name
    return (
        parameter_field("Content-Type", attachment.content_type, [("name", name)])
        + "Content-Transfer-Encoding: base64\r\n"
        + parameter_field("Content-Disposition", "attachment", [("filename", name)])
    )
