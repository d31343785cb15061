"""A rendered mail on flash, put together again while it is sent."""

from mfpmail.core.errors import MESSAGE, MailError

_PIECE_BYTES = 1024


class SpooledMessage:
    """What `pump_message` streams: `plan` as `compose` made it, `sizes_bytes` of the files.

    `open_mail()` opens the rendered part. It is opened for each piece, so that no file is left
    open where a connection breaks.
    """

    def __init__(self, plan, sizes_bytes, open_mail):
        self.sizes_bytes = sizes_bytes
        self._plan = plan
        self._open_mail = open_mail

    def segments(self):
        """Yield bytes to send as they are, or the index of a file. Raises StorageError, and
        MailError `mail_short` when the rendered part is incomplete."""
        offset = 0
        for entry in self._plan:
            if entry < 0:
                yield -1 - entry
            while entry > 0:
                count = min(entry, _PIECE_BYTES)
                yield self._read(offset, count)
                offset += count
                entry -= count

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
