"""Decides what the end of an attempt to send a job means, and stores it."""

from mfpmail.core import errors
from mfpmail.core.errors import MailError
from mfpmail.service.jobs import FAILED, HELD, PARTLY_SENT, PATIENCE_S, QUEUED, RETRYING, SENT

_FIRST_PAUSE_S = 30
_MAX_PAUSE_S = 3600
_FIRST_QUOTA_PAUSE_S = 3600
_MAX_QUOTA_PAUSE_S = 86400
_LASTING_S = 3600


class Outcome:
    """`accounts` are the Accounts through one of which the attempt went, if it got that far."""

    def __init__(self, outbox, accounts, clock, random_bytes):
        self._outbox = outbox
        self._accounts = accounts
        self._via = accounts.via
        self._clock = clock
        self._random_bytes = random_bytes

    def answered(self, job, results):
        """Store the reply of every recipient and what the job has become."""
        if job.cancelled:
            return
        record = job.record
        recipients = with_replies(record["recipients"], dict(results))
        states = [recipient["state"] for recipient in recipients]
        if QUEUED in states:
            error = MailError("recipient_deferred", "The server wants some recipients later.")
            self._retry(job, error, record)
        else:
            self._settle(job, record, *settled(recipients))

    def failed(self, job, error):
        """Store what the error of an attempt makes of a job."""
        if job.cancelled:
            return
        results = getattr(error, "results", None)
        if results:
            self.answered(job, results)
        elif error.kind == errors.MESSAGE:
            self._give_up(job, error, job.record)
        elif error.kind in errors.DEAD_TOKEN:
            self._settle_dead(job, error, job.record)
        else:
            self._retry(job, error, job.record)

    def _settle_dead(self, job, error, record):
        """A person must act, unless it is the mail server that says so: then it is the turn of
        the other account, at once."""
        if self._via:
            self._accounts.reject(self._via, error)
            self._update(job, state=QUEUED, **error.cause())
        elif self._has_expired(job, record):
            self._give_up(job, _expired(error), record)
        else:
            self._update(job, state=HELD, **error.cause())

    def _give_up(self, job, error, record):
        """The mail cannot be delivered; an earlier attempt may have reached some recipients."""
        for recipient in record["recipients"]:
            if recipient["state"] == QUEUED:
                recipient["state"] = FAILED
        self._settle(job, record, settled(record["recipients"])[0], error.cause())

    def _settle(self, job, record, state, cause):
        """Store the end of a job, and whether its sender is to be told."""
        told = state != SENT and _may_be_told(record)
        recipients = record["recipients"]
        self._update(job, state=state, recipients=recipients, note_due=told, **cause)

    def _has_expired(self, job, record):
        """A mail that has waited for long fails, after one more attempt: the clock may be wrong,
        and the device may have been off all the time."""
        return record["state"] in (RETRYING, HELD) and job.is_old(self._clock.now_s())

    def _retry(self, job, error, record):
        now_s = self._clock.now_s()
        if self._has_expired(job, record):
            self._give_up(job, _expired(error), record)
            return
        changes = {"recipients": record["recipients"]}
        same = record["topic"].startswith(error.topic)  # it may be the lasting one
        since_s = (record["failing_since"] if same else None) or now_s
        changes.update(error.cause())
        changes["attempts"] = record["attempts"] + 1
        changes["failing_since"] = since_s
        pause_s = self._pause_s(error.kind, changes["attempts"], max(now_s - since_s, 0))
        changes["next_attempt_at"] = now_s + pause_s
        if error.kind == errors.TRANSIENT_HOUR and now_s - since_s >= _LASTING_S:
            changes["topic"] += "_lasting"
        self._update(job, state=RETRYING, **changes)

    def _update(self, job, **changes):
        if self._via:
            changes["via"] = self._via
        self._outbox.update(job, **changes)

    def _pause_s(self, kind, attempts, failing_s):
        """Return the pause after the n-th attempt, or after failing so long for this cause:
        doubled each time, up to a quarter more."""
        if kind == errors.PAUSE:
            pause_s = min(_FIRST_QUOTA_PAUSE_S + failing_s, _MAX_QUOTA_PAUSE_S)
        else:
            pause_s = min(_FIRST_PAUSE_S << min(attempts - 1, 10), _MAX_PAUSE_S)
        return pause_s + pause_s * self._random_bytes(1)[0] // 1024


def settled(recipients):
    """Return the state of a job whose recipients all have theirs, and its cause."""
    states = [recipient["state"] for recipient in recipients]
    if FAILED not in states:
        return SENT, errors.NO_CAUSE
    refused = MailError("recipient_refused", "The server refused some recipients.")
    return PARTLY_SENT if SENT in states else FAILED, refused.cause()


def _expired(error):
    message = "It could not be sent for %d days. %s" % (PATIENCE_S // 86400, error.message)
    return MailError("expired", message, errors.MESSAGE)


def _may_be_told(record):
    """Say whether the sender is somebody whom a mail about the failure can reach."""
    sender = record["reverse_path"]
    refused = [r["address"] for r in record["recipients"] if r["state"] == FAILED and r["reply"]]
    return bool(sender) and not record["notice"] and sender not in refused


def with_replies(recipients, replies):
    """Return the recipients with what the server said of each: gone, refused, or still waiting."""
    for recipient in recipients:
        reply = replies.get(recipient["address"])
        if reply:
            recipient["reply"] = str(reply)
            recipient["state"] = SENT if reply.ok else FAILED if reply.code >= 500 else QUEUED
    return recipients
