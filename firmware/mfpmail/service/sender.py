"""Sends a job of the outbox.

What signing in does not need is loaded after it: a renewal of the token meanwhile takes most of
the memory that a lean board has.
"""

from mfpmail.core import errors
from mfpmail.core.errors import MailError, StorageError
from mfpmail.service.jobs import QUEUED, SENDING, waiting_recipients


async def send_jobs(device, random_bytes):
    """Send jobs until none is due or somebody else wants to send; return a job of whose failure
    its sender is to be told, or None."""
    postman, clock = device.postman, device.clock
    accounts = postman.accounts()
    sender = Sender(device.outbox, accounts, clock, random_bytes, device.journal.write)
    try:
        job = _next_job(device, accounts)
        while job and not job.finished:
            await sender.send(job)
            job = _next_job(device, accounts)
        return job
    finally:
        await accounts.settle()


def _next_job(device, accounts):
    if device.postman.wanted:
        return None
    now_s = device.clock.now_s()
    pause_ms = accounts.pause_ms()
    if pause_ms:
        device.outbox.pause(now_s + (pause_ms + 999) // 1000)
    return device.outbox.next_due(now_s)


class Sender:
    """`accounts` are the Accounts that the mails go through, one after the other."""

    def __init__(self, outbox, accounts, clock, random_bytes, log):
        self._outbox = outbox
        self._accounts = accounts
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
            self._outcome().failed(job, error)
        except Exception as error:  # a fault of ours must not leave the job without a state
            message = "The device made a mistake (%s)." % type(error).__name__
            self._outcome().failed(job, MailError("internal", message, errors.TRANSIENT))

    async def _deliver(self, job):
        results = await self._accounts.hand_over(lambda session: self._send(job, session))
        try:
            self._outcome().answered(job, results)
        except StorageError as error:  # it is settled in memory: better than sending it twice
            self._log("job %s: %s" % (job.id, error.message))

    async def _send(self, job, session):
        _stop_if_cancelled(job)
        self._outcome()  # loaded before the final dot: what is sent must not be sent twice
        recipients, (reverse_path, message) = self._mail(job)
        return await session.send(
            reverse_path,
            recipients,
            message,
            lambda index: self._outbox.open_file(job.id, index),
            lambda bytes_done: _progress(job, bytes_done - message.added_bytes),
        )

    def _mail(self, job):
        """Return what is needed of the record, which is large: the recipients, and the reverse-path
        with the message."""
        from mfpmail.service.spooled import envelope

        record = job.record
        own = self._accounts.sender(self._accounts.via)
        mail = envelope(record, own, lambda: self._outbox.open_file(job.id, "mail"))
        return waiting_recipients(record), mail

    def _outcome(self):
        from mfpmail.service.outcome import Outcome

        return Outcome(self._outbox, self._accounts, self._clock, self._random_bytes)


def _progress(job, bytes_done):
    _stop_if_cancelled(job)
    job.bytes_done = bytes_done


def _stop_if_cancelled(job):
    if job.cancelled:
        raise MailError("cancelled", "The job was cancelled.", errors.MESSAGE)
