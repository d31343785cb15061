"""Sends a job of the outbox and decides what a failure means."""

from mfpmail.core import errors
from mfpmail.core.errors import MailError, StorageError
from mfpmail.service.jobs import (
    FAILED,
    HELD,
    PARTLY_SENT,
    QUEUED,
    RETRYING,
    SENDING,
    SENT,
    waiting_recipients,
)
from mfpmail.service.spooled import SpooledMessage

_FIRST_PAUSE_S = 30
_MAX_PAUSE_S = 3600


class Sender:
    """`servers` is the MailServers that opens a signed-in SMTP session."""

    def __init__(self, outbox, servers, clock, random_bytes, log):
        self._outbox = outbox
        self._servers = servers
        self._clock = clock
        self._random_bytes = random_bytes
        self._log = log

    async def send(self, job):
        """Try to send one job; whatever happens is stored with it."""
        job.state = SENDING
        job.bytes_done = 0
        try:
            await self._attempt(job)
        finally:
            if job.state == SENDING:  # not even that could be stored: as on flash, it waits
                job.state = QUEUED
        if job.cancelled:
            self._outbox.sweep(job)
        self._log("job %s: %s" % (job.id, "cancelled" if job.cancelled else job.state))

    async def _attempt(self, job):
        try:
            await self._deliver(job)
        except MailError as error:
            self._settle_failure(job, error)
        except Exception as error:  # a fault of ours must not leave the job without a state
            message = "The device made a mistake (%s)." % type(error).__name__
            self._settle_failure(job, MailError("internal", message, errors.TRANSIENT))

    async def _deliver(self, job):
        session = await self._servers.open("smtp")
        try:
            _stop_if_cancelled(job)
            record = job.record
            results = await session.send(
                record["reverse_path"],
                waiting_recipients(record),
                self._message(job, record),
                lambda index: self._outbox.open_file(job, index),
                lambda bytes_done: _progress(job, bytes_done),
            )
        except BaseException:
            await session.abort()  # without the final dot nothing is delivered
            raise
        try:
            self._settle(job, results)
        except StorageError as error:  # it is settled in memory: better than sending it twice
            self._log("job %s: %s" % (job.id, error.message))
        await session.quit()

    def _message(self, job, record):
        sizes_bytes = [file["size"] for file in record["files"]]
        return SpooledMessage(
            record["plan"], sizes_bytes, lambda: self._outbox.open_file(job, "mail")
        )

    def _settle(self, job, results):
        """Store the reply of every recipient and what the job has become."""
        if job.cancelled:
            return
        recipients = _with_replies(job.record["recipients"], dict(results))
        states = [recipient["state"] for recipient in recipients]
        if QUEUED in states:
            error = MailError("recipient_deferred", "The server wants some recipients later.")
            self._retry(job, error, recipients=recipients)
            return
        reason = message = ""
        state = SENT
        if FAILED in states:
            state = PARTLY_SENT if SENT in states else FAILED
            reason, message = "recipient_refused", "The server refused some recipients."
        self._outbox.update(
            job, state=state, reason=reason, message=message, hint="", recipients=recipients
        )

    def _settle_failure(self, job, error):
        if job.cancelled:
            return
        results = getattr(error, "results", None)
        if results:
            self._settle(job, results)
        elif error.kind == errors.MESSAGE:
            self._give_up(job, error)
        elif error.kind in errors.DEAD_TOKEN:
            self._outbox.update(job, state=HELD, **error.cause())
        else:
            self._retry(job, error)

    def _give_up(self, job, error):
        """The mail cannot be delivered; an earlier attempt may have reached some recipients."""
        recipients = job.record["recipients"]
        state = FAILED
        for recipient in recipients:
            if recipient["state"] == SENT:
                state = PARTLY_SENT
            elif recipient["state"] == QUEUED:
                recipient["state"] = FAILED
        self._outbox.update(job, state=state, recipients=recipients, **error.cause())

    def _retry(self, job, error, **changes):
        attempts = job.record["attempts"] + 1
        pause_s = min(_FIRST_PAUSE_S << min(attempts - 1, 10), _MAX_PAUSE_S)
        pause_s += pause_s * self._random_bytes(1)[0] // 1024  # up to a quarter more
        changes.update(error.cause())
        changes["attempts"] = attempts
        changes["next_attempt_at"] = self._clock.now_s() + pause_s
        self._outbox.update(job, state=RETRYING, **changes)


def _with_replies(recipients, replies):
    """Return the recipients with what the server said of each: gone, refused, or still waiting."""
    for recipient in recipients:
        reply = replies.get(recipient["address"])
        if reply:
            recipient["reply"] = str(reply)
            recipient["state"] = SENT if reply.ok else FAILED if reply.code >= 500 else QUEUED
    return recipients


def _progress(job, bytes_done):
    _stop_if_cancelled(job)
    job.bytes_done = bytes_done


def _stop_if_cancelled(job):
    if job.cancelled:
        raise MailError("cancelled", "The job was cancelled.", errors.MESSAGE)
