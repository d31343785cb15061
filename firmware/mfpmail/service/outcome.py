"""Decides what the end of an attempt to send a job means, and stores it."""

from mfpmail.core import errors
from mfpmail.core.errors import MailError
from mfpmail.service.jobs import FAILED, HELD, PARTLY_SENT, QUEUED, RETRYING, SENT

_FIRST_PAUSE_S = 30
_MAX_PAUSE_S = 3600
_FIRST_QUOTA_PAUSE_S = 3600
_MAX_QUOTA_PAUSE_S = 86400
_LASTING_S = 3600


class Outcome:
    """`via` is the account of `accounts` that the attempt went through, "" for none."""

    def __init__(self, outbox, accounts, via, clock, random_bytes):
        self._outbox = outbox
        self._accounts = accounts
        self._via = via
        self._clock = clock
        self._random_bytes = random_bytes

    def answered(self, job, results):
        """Store the reply of every recipient and what the job has become."""
        if job.cancelled:
            return
        recipients = _with_replies(job.record["recipients"], dict(results))
        states = [recipient["state"] for recipient in recipients]
        if QUEUED in states:
            error = MailError("recipient_deferred", "The server wants some recipients later.")
            self._retry(job, error, recipients=recipients)
            return
        state, cause = SENT, errors.NO_CAUSE
        if FAILED in states:
            state = PARTLY_SENT if SENT in states else FAILED
            cause = _refused_recipients()
        self._update(job, state=state, recipients=recipients, **cause)

    def failed(self, job, error):
        """Store what the error of an attempt makes of a job."""
        if job.cancelled:
            return
        results = getattr(error, "results", None)
        if results:
            self.answered(job, results)
        elif error.kind == errors.MESSAGE:
            self._give_up(job, error)
        elif error.kind in errors.DEAD_TOKEN:
            self._settle_dead(job, error)
        else:
            self._retry(job, error)

    def _settle_dead(self, job, error):
        """A person must act, unless it is the mail server that says so: then it is the turn of
        the other account, at once."""
        if self._via:
            self._accounts.reject(self._via, error)
        self._update(job, state=QUEUED if self._via else HELD, **error.cause())

    def _give_up(self, job, error):
        """The mail cannot be delivered; an earlier attempt may have reached some recipients."""
        recipients = job.record["recipients"]
        state = FAILED
        for recipient in recipients:
            if recipient["state"] == SENT:
                state = PARTLY_SENT
            elif recipient["state"] == QUEUED:
                recipient["state"] = FAILED
        self._update(job, state=state, recipients=recipients, **error.cause())

    def _retry(self, job, error, **changes):
        record, now_s = job.record, self._clock.now_s()
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


def _refused_recipients():
    return MailError("recipient_refused", "The server refused some recipients.").cause()


def _with_replies(recipients, replies):
    """Return the recipients with what the server said of each: gone, refused, or still waiting."""
    for recipient in recipients:
        reply = replies.get(recipient["address"])
        if reply:
            recipient["reply"] = str(reply)
            recipient["state"] = SENT if reply.ok else FAILED if reply.code >= 500 else QUEUED
    return recipients
