"""Sends a job of the outbox and decides what a failure means."""

from mfpmail.core import errors
from mfpmail.core.errors import MailError
from mfpmail.service.compose import message_of
from mfpmail.service.jobs import FAILED, HELD, PARTLY_SENT, QUEUED, RETRYING, SENDING, SENT

_HOLD_KINDS = (errors.INVALID, errors.INTERACTION, errors.ACCOUNT)
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
        job.record["state"] = SENDING
        job.bytes_done = 0
        try:
            await self._deliver(job)
        except MailError as error:
            self._settle_failure(job, error)
        if job.cancelled:
            self._outbox.sweep(job)
        self._log("job %s: %s %s" % (job.id, job.state, job.record["reason"]))

    async def _deliver(self, job):
        session = await self._servers.open("smtp")
        try:
            _stop_if_cancelled(job)
            record = job.record
            results = await session.send(
                record["from"][1],
                job.waiting_recipients(),
                message_of(record),
                lambda index: self._outbox.open_file(job, index),
                lambda bytes_done: _progress(job, bytes_done),
            )
        except BaseException:
            await session.abort()  # without the final dot nothing is delivered
            raise
        self._settle(job, results)
        await session.quit()

    def _settle(self, job, results):
        """Store the reply of every recipient and what the job has become."""
        replies = dict(results)
        for recipient in job.record["recipients"]:
            reply = replies.get(recipient["address"])
            if reply:
                recipient["reply"] = str(reply)
                recipient["state"] = SENT if reply.ok else FAILED if reply.code >= 500 else QUEUED
        states = [recipient["state"] for recipient in job.record["recipients"]]
        if QUEUED in states:
            self._retry(job, "recipient_deferred", "The server wants some recipients later.", "")
        elif FAILED not in states:
            self._outbox.update(job, state=SENT, reason="", message="", hint="")
        else:
            state = PARTLY_SENT if SENT in states else FAILED
            message = "The server refused some recipients."
            self._outbox.update(job, state=state, reason="recipient_refused", message=message)

    def _settle_failure(self, job, error):
        if job.cancelled:
            return
        results = getattr(error, "results", None)
        if results:
            self._settle(job, results)
        elif error.kind in _HOLD_KINDS or error.kind == errors.MESSAGE:
            state = FAILED if error.kind == errors.MESSAGE else HELD
            self._outbox.update(
                job, state=state, reason=error.code, message=error.message, hint=error.hint
            )
        else:
            self._retry(job, error.code, error.message, error.hint)

    def _retry(self, job, reason, message, hint):
        attempts = job.record["attempts"] + 1
        pause_s = min(_FIRST_PAUSE_S << min(attempts - 1, 10), _MAX_PAUSE_S)
        pause_s += pause_s * self._random_bytes(1)[0] // 1024  # up to a quarter more
        self._outbox.update(
            job,
            state=RETRYING,
            attempts=attempts,
            next_attempt_at=self._clock.now_s() + pause_s,
            reason=reason,
            message=message,
            hint=hint,
        )


def _progress(job, bytes_done):
    _stop_if_cancelled(job)
    job.bytes_done = bytes_done


def _stop_if_cancelled(job):
    if job.cancelled:
        raise MailError("cancelled", "The job was cancelled.", errors.MESSAGE)
