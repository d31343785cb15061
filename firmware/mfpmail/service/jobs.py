"""One mail on its way: its states, and the little of it that is kept in memory."""

QUEUED = "queued"
SENDING = "sending"  # never stored: after a restart the job is queued again
SENT = "sent"
PARTLY_SENT = "partly_sent"
HELD = "held"
RETRYING = "retrying"
FAILED = "failed"

FINISHED = (SENT, PARTLY_SENT, FAILED)

_PRIVATE = ("plan", "from_span", "sender_name")


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


class Job:
    """One mail to send. `record` is read from flash each time: a queue of jobs must not fill the
    heap. `bytes_done` and `cancelled` are only known here."""

    def __init__(self, record, read):
        self.id = record["id"]
        self.bytes_done = 0
        self.cancelled = False
        self._read = read
        self.note(record)

    def note(self, record):
        """Take over what is kept in memory from a record."""
        self.state = record["state"]
        self.next_attempt_at = record["next_attempt_at"]

    @property
    def record(self):
        """What stands on flash, as a dict of its own. Raises StorageError."""
        return self._read(self.id)

    @property
    def finished(self):
        return self.state in FINISHED

    def public(self):
        """Return the job as the API shows it."""
        shown = {name: value for name, value in self.record.items() if name not in _PRIVATE}
        shown["state"] = self.state
        shown["bytes_done"] = shown["bytes_total"] if self.state == SENT else self.bytes_done
        return shown


def waiting_recipients(record):
    """Return the addresses that have neither got the mail nor been refused for good."""
    return [r["address"] for r in record["recipients"] if r["state"] == QUEUED]
