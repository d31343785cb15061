"""A rendered mail on flash, put together again while it is sent."""

from mfpmail.core.errors import CONFIGURATION, MESSAGE, MailError

_PIECE_BYTES = 1024


class SpooledMessage:
    """What `SmtpSession.send` streams: the mail of a job's `record`.

    `open_mail()` opens the rendered part. It is opened for each piece, so that no file is left
    open where a connection breaks. `exchange` may name bytes of its header, by offset and length,
    and what is sent in their place.
    """

    def __init__(self, record, open_mail, exchange=(0, 0, b"")):
        self.sizes_bytes = [file["size"] for file in record["files"]]
        self.smtputf8 = record["smtputf8"]
        self._total_bytes = record["bytes_total"]
        self._plan = record["plan"]
        self._open_mail = open_mail
        self._exchange = exchange

    @property
    def size_bytes(self):
        """The size of the mail on the wire, before dot-stuffing."""
        return self._total_bytes + self.added_bytes

    @property
    def added_bytes(self):
        """How much longer the mail is for the exchange."""
        return len(self._exchange[2]) - self._exchange[1]

    def segments(self):
        """Yield bytes to send as they are, or the index of a file. Raises StorageError, and
        MailError `mail_short` when the rendered part is incomplete."""
        offset = 0
        for entry in self._plan:
            if entry < 0:
                yield -1 - entry
                continue
            end = offset + entry
            if not offset:  # the header
                at, count, fields = self._exchange
                yield from self._pieces(0, at)
                yield fields
                offset = at + count
            yield from self._pieces(offset, end)
            offset = end

    def _pieces(self, offset, end):
        while offset < end:
            count = min(end - offset, _PIECE_BYTES)
            yield self._read(offset, count)
            offset += count

    def _read(self, offset, count):
        file = self._open_mail()
        try:
            file.seek(offset)
            data = file.read(count)
        finally:
            file.close()
        if len(data) != count:
            raise MailError("mail_short", "The stored mail of this job is incomplete.", MESSAGE)
        return data


def envelope(record, own, open_mail):
    """Return the reverse-path and the message of a record, to send through an account whose
    sender is `own`, `(name, address)`.

    Providers refuse a sender that is not their account's: both name the one it goes through, and
    answers go to whom the mail was made for. Raises ProtocolError as `sender_fields`.
    """
    address, exchange = record["reverse_path"], (0, 0, b"")
    if record["from_span"] and own[1] not in ("", address):
        at, count = record["from_span"]
        answers_to = record["reply_to"] or [(record["sender_name"], address)]
        exchange = at, count, sender_fields(own, answers_to)
        address = own[1]
    return address, SpooledMessage(record, open_mail, exchange)


def sender_fields(sender, reply_to):
    """Return the From and the Reply-To field, as bytes, for a mailbox and a list of them: an
    address or `(name, address)`. Raises ProtocolError as `address_field`."""
    from mfpmail.core.headers import address_field  # most mails go out as they are

    try:
        return (address_field("From", [sender]) + address_field("Reply-To", reply_to)).encode()
    except MailError as error:
        error.kind = CONFIGURATION  # of the setting: this mail is as good as any
        raise
