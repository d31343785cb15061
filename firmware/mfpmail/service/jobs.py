"""One mail on its way: its states, and the little of it that is kept in memory."""

from mfpmail.core.errors import MESSAGE, MailError

QUEUED = "queued"
SENDING = "sending"  # stored of a mail only that is passed through: see `cut_off`
SENT = "sent"
PARTLY_SENT = "partly_sent"
HELD = "held"
RETRYING = "retrying"
FAILED = "failed"

FINISHED = (SENT, PARTLY_SENT, FAILED)

PATIENCE_S = 4 * 86400  # after which a mail that still waits fails (RFC 5321 section 4.5.4.1)
_CLOCK_SET_S = 1700000000  # what is dated earlier was taken before the clock was set

_PRIVATE = ("plan", "from_span", "sender_name", "smtputf8", "notice", "note_due")


def upgrade_1(stored):
    """Return a record of version 1 as one of version 2: texts have given way to topics; where
    the sender stands in the mail is not known, so it stays."""
    stored["detail"] = stored.pop("message", "")
    stored["topic"] = stored["reason"]
    stored.pop("hint", None)
    stored["failing_since"] = None
    stored["from_span"] = None
    stored["via"] = ""
    return stored


def upgrade_2(stored):
    """Return a record of version 2 as one of version 3, which knows Cc, Reply-To, addresses
    beyond ASCII, and what is told of a failure."""
    for name, value in (("cc", []), ("reply_to", []), ("smtputf8", False)):
        stored.setdefault(name, value)
    return complete(stored)


def complete(record):
    """Add to a record what the queue itself notes: `notice`, it is a mail of the device about
    something (True, or the id of the job that failed), so that nobody is told when it fails;
    `note_due`, its sender is to be told."""
    record.setdefault("notice", False)
    record.setdefault("note_due", False)
    return record


def cut_error():
    """Return the error of a mail that was passed through and is not complete."""
    return MailError("pass_cut", "The upload ended before the mail was complete.", MESSAGE)


def cut_off(record):
    """Note in a record that the power went while its mail was passed through."""
    record["state"] = FAILED
    for recipient in record["recipients"]:
        if recipient["state"] == QUEUED:
            recipient["state"] = FAILED
    record.update(cut_error().cause())
    return record


class Job:
    """One mail to send. `record` is read from flash each time: a queue of jobs must not fill the
    heap. `bytes_done` and `cancelled` are only known here."""

    def __init__(self, record, read):
        self.id = record["id"]
        self.created_at = record["created_at"]
        self.bytes_done = 0
        self.cancelled = False
        self._read = read
        self.note(record)

    def note(self, record):
        """Take over what is kept in memory from a record."""
        self.state = record["state"]
        self.next_attempt_at = record["next_attempt_at"]
        self.note_due = record["note_due"]

    @property
    def record(self):
        """What stands on flash, as a dict of its own. Raises StorageError."""
        return self._read(self.id)

    @property
    def finished(self):
        return self.state in FINISHED

    def is_due(self, now_s):
        """Say whether an attempt to send it is to be made now: also one that waits for a person,
        when nobody has come for long."""
        if self.state == RETRYING:
            return self.next_attempt_at <= now_s
        return self.state == QUEUED or (self.state == HELD and self.is_old(now_s))

    def is_old(self, now_s):
        """Say whether it has waited longer than a mail may."""
        return self.created_at >= _CLOCK_SET_S and now_s - self.created_at >= PATIENCE_S

    def public(self):
        """Return the job as the API shows it."""
        shown = {name: value for name, value in self.record.items() if name not in _PRIVATE}
        shown["state"] = self.state
        shown["bytes_done"] = shown["bytes_total"] if self.state == SENT else self.bytes_done
        return shown


def waiting_recipients(record):
    """Return the addresses that have neither got the mail nor been refused for good."""
    return [r["address"] for r in record["recipients"] if r["state"] == QUEUED]
