"""One mail on its way: its states and what is stored of it."""

QUEUED = "queued"
SENDING = "sending"  # never stored: after a restart the job is queued again
SENT = "sent"
PARTLY_SENT = "partly_sent"
HELD = "held"
RETRYING = "retrying"
FAILED = "failed"

FINISHED = (SENT, PARTLY_SENT, FAILED)

_PRIVATE = ("from", "text", "message_id", "boundary")


class Job:
    """One mail to send. `record` is what stands on flash, `bytes_done` and `cancelled` do not."""

    def __init__(self, record):
        self.record = record
        self.bytes_done = 0
        self.cancelled = False

    @property
    def id(self):
        return self.record["id"]

    @property
    def state(self):
        return self.record["state"]

    @property
    def finished(self):
        return self.record["state"] in FINISHED

    def waiting_recipients(self):
        """Return the addresses that have neither got the mail nor been refused for good."""
        return [r["address"] for r in self.record["recipients"] if r["state"] == QUEUED]

    def public(self):
        """Return the job as the API shows it."""
        shown = {name: value for name, value in self.record.items() if name not in _PRIVATE}
        shown["bytes_done"] = self.record["bytes_total"] if self.state == SENT else self.bytes_done
        return shown
