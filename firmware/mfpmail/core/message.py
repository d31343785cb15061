"""Outgoing mail as a sequence of segments, so that no attachment is ever in memory.

scan = Attachment("scan.pdf", guess_type("scan.pdf"), 48213)
message = Message(("Printer", "printer@example.org"), ["office@example.org"], "Scan",
                  "See the file.", [scan], date, message_id, boundary)
for segment in message.segments(): ...
"""

import binascii

from mfpmail.core.base64stream import encoded_bytes
from mfpmail.core.headers import address_field, check_text, is_ascii, parameter_field, text_field
from mfpmail.core.mediatypes import check_type
from mfpmail.core.text import encode_utf8
from mfpmail.core.textpart import TextPart


def make_message_id(random_bytes, domain):
    """Return a Message-ID (RFC 5322 section 3.6.4); 16 random bytes are enough."""
    return "<%s@%s>" % (binascii.hexlify(random_bytes).decode(), domain)


def make_boundary(random_bytes):
    """Return a boundary for 16 to 22 random bytes; `=_` is in no base64 and in no
    quoted-printable body (RFC 2045 section 6.7)."""
    return "=_" + binascii.hexlify(random_bytes).decode()


class Attachment:
    """A file of a message: its name, media type without parameters ("" for the default), size.

    With a `content_id` ("file1@inline") it is shown where an HTML text refers to it (RFC 2392).
    Raises ProtocolError `bad_content_type`.
    """

    def __init__(self, name, content_type, size_bytes, content_id=""):
        self.name = name
        self.content_type = check_type(content_type)
        self.size_bytes = size_bytes
        self.content_id = content_id


class Message:
    """One mail with a text and any number of attachments.

    `from_` and each of `to`, `cc` and `reply_to` is an address or a tuple (name, address); `date`
    comes from `format_date`, `message_id` from `make_message_id`, `boundary` from `make_boundary`.
    The same arguments give the same bytes, so a retry sends the same mail. `text`, and `html` if
    there is one, is a str or a function that returns its UTF-8 in pieces, each time from the
    beginning: it is never in memory as one. `mixed` makes room for files that are not known yet.
    `auto_submitted` ("auto-replied") says that no person has written it (RFC 3834 section 5).

    `from_span` is where From and Reply-To stand in it, line ends included: offset and length in
    bytes. `smtputf8` says that a field has an address which needs SMTPUTF8.
    Raises ProtocolError `bad_address`, `header_injection`.
    """

    def __init__(
        self,
        from_,
        to,
        subject,
        text,
        attachments,
        date,
        message_id,
        boundary,
        cc=(),
        reply_to=(),
        html=None,
        mixed=False,
        auto_submitted="",
    ):
        check_text(date)
        check_text(message_id)
        self.attachments = attachments
        date_field = "Date: %s\r\n" % date
        sender_fields = address_field("From", [from_]) + _list_field("Reply-To", reply_to)
        self.from_span = [len(date_field), len(encode_utf8(sender_fields))]
        self._fields = (
            date_field
            + sender_fields
            + _recipient_fields(to, cc)
            + text_field("Subject", subject)
            + "Message-ID: %s\r\nMIME-Version: 1.0\r\n" % message_id
            + ("Auto-Submitted: %s\r\n" % auto_submitted if auto_submitted else "")
        )
        self.smtputf8 = not is_ascii(self._fields)
        self._text = TextPart("text/plain", text)
        self._html = None if html is None else TextPart("text/html", html)
        self._boundary = boundary
        self._mixed = mixed or bool(attachments)
        for attachment in attachments:
            _attachment_fields(attachment)

    def segments(self):
        """Yield bytes to send as they are (CRLF, not dot-stuffed), or the index of the attachment
        whose content, in base64 by `Base64Encoder`, has its place there."""
        yield from self.head()
        for index, attachment in enumerate(self.attachments):
            yield self._head_of(attachment)
            yield index
        if self._mixed:
            yield self.tail()

    def head(self):
        """Yield the header and the texts, bytes in pieces, up to the place of the first file."""
        fields = self._fields
        if self._mixed:
            fields += _multipart_fields("mixed", self._boundary) + _delimiter(self._boundary)
        if self._html:
            yield from self._alternatives(fields)
            return
        yield encode_utf8(fields + self._text.fields + "\r\n")
        yield from self._text.body()

    def attachment_head(self, name, content_type, content_id=""):
        """Return what comes before the content of a file that was not known before, in a `mixed`
        message. Raises ProtocolError `bad_content_type`, `header_injection`."""
        return self._head_of(Attachment(name, content_type, 0, content_id))

    def tail(self):
        """Return what comes after the last file of a `mixed` message."""
        return ("\r\n--%s--\r\n" % self._boundary).encode()

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

    def _alternatives(self, fields):
        """Yield both texts, the plain one first: readers show the last one they can."""
        # Not the outer one and more: its delimiter would be found in each of these.
        boundary = "=_=" + self._boundary[2:]
        delimiter = _delimiter(boundary)
        fields += _multipart_fields("alternative", boundary)
        for part in (self._text, self._html):
            yield encode_utf8(fields + delimiter + part.fields + "\r\n")
            yield from part.body()
            fields = ""
        yield ("\r\n--%s--\r\n" % boundary).encode()

    def _head_of(self, attachment):
        return (_delimiter(self._boundary) + _attachment_fields(attachment) + "\r\n").encode()


def _delimiter(boundary):
    return "\r\n--%s\r\n" % boundary


def _list_field(name, mailboxes):
    return address_field(name, mailboxes) if mailboxes else ""


def _recipient_fields(to, cc):
    # A mail with neither is often taken for unsolicited; RFC 5322 appendix A.1.3 has this form.
    if not to and not cc:
        return "To: undisclosed-recipients:;\r\n"
    return _list_field("To", to) + _list_field("Cc", cc)


def _multipart_fields(kind, boundary):
    content_type = parameter_field("Content-Type", "multipart/" + kind, [("boundary", boundary)])
    return content_type + "Content-Transfer-Encoding: 7bit\r\n"


def _attachment_fields(attachment):
    # Old receivers look for the name in Content-Type only.
    name, content_id = attachment.name, attachment.content_id
    check_text(content_id)
    disposition = "inline" if content_id else "attachment"
    return (
        parameter_field("Content-Type", attachment.content_type, [("name", name)])
        + "Content-Transfer-Encoding: base64\r\n"
        + parameter_field("Content-Disposition", disposition, [("filename", name)])
        + ("Content-ID: <%s>\r\n" % content_id if content_id else "")
    )
