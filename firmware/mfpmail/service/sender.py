"""Sends a job of the outbox, through the account that can.

What signing in does not need is loaded after it: a renewal of the token meanwhile takes most of
the memory that a lean board has.
"""

from mfpmail.core import errors, settings
from mfpmail.core.errors import MailError, ReplyError, StorageError
from mfpmail.service.jobs import QUEUED, SENDING, waiting_recipients

_AVOIDED_MS = 300000


class Accounts:
    """Chooses between the first account for sending and the alternative one.

    `servers` is the MailServers. `postman` keeps what must outlive this object, which is made for
    each round of sending: which account is in use, and until when the first one is avoided.
    """

    def __init__(self, servers, postman, clock, log):
        self._servers = servers
        self._postman = postman
        self._clock = clock
        self._log = log
        self._rejected = {}

    async def open(self):
        """Return `(setting, session)`, signed in at the first account or, where that fails, at
        the alternative one. Raises MailError; with both, it is the first one's reason."""
        names = [settings.SMTP, settings.ALTERNATIVE]
        if self._first_is_avoided():
            names.reverse()
        failed = {}
        for name in names:
            try:
                session = await self._open(name)
            except MailError as error:
                failed[name] = error
                continue
            self._note(name, failed)
            return name, session
        raise _decisive(failed[settings.SMTP], failed[settings.ALTERNATIVE])

    def reject(self, name, error):
        """An account is not available, as its mail server says: in this round no more, and its
        token is Invalid."""
        self._rejected[name] = error
        self._servers.reject(name, error)

    def sender(self, name):
        """Return `(name, address)` with which mail leaves through an account."""
        setting = self._servers.setting(name)
        first = self._servers.setting(settings.SMTP)
        return setting["sender_name"] or first["sender_name"], settings.sender_of(setting)

    async def _open(self, name):
        if name in self._rejected:
            raise self._rejected[name]
        try:
            session = await self._servers.open(name)
        except MailError as error:
            if error.kind not in errors.DEAD_TOKEN:
                self._avoid(name)
            elif isinstance(error, ReplyError):
                self.reject(name, error)
            raise
        if name == settings.SMTP:
            self._postman.avoided = None
        return session

    def _avoid(self, name):
        """What failed is likely to fail again, and costs each mail a timeout or a renewal."""
        if name == settings.SMTP:
            until_ms = self._clock.now_ms() + _AVOIDED_MS
            self._postman.avoided = self._servers.setting(name), until_ms

    def _first_is_avoided(self):
        if not self._postman.avoided:
            return False
        setting, until_ms = self._postman.avoided
        changed = setting is not self._servers.setting(settings.SMTP)  # it may be mended now
        return not changed and self._clock.now_ms() < until_ms

    def _note(self, name, failed):
        if name == self._postman.sending_through:
            return
        self._postman.sending_through = name
        self._postman.sending_since = self._clock.now_s()
        first = failed.get(settings.SMTP)
        self._log("sending through %s%s" % (name, ": " + first.message if first else ""))


def _decisive(first, alternative):
    """Return the error that decides what becomes of a mail when no account takes it."""
    if alternative.code == "no_server":
        return first
    if first.code == "no_server":
        return alternative
    if first.kind in errors.DEAD_TOKEN and alternative.kind not in errors.DEAD_TOKEN:
        # The alternative one comes back by itself: the mail must not wait for a person.
        return MailError(first.code, first.message, errors.TRANSIENT, first.topic)
    return first


class Sender:
    """`accounts` are the Accounts that open a signed-in SMTP session."""

    def __init__(self, outbox, accounts, clock, random_bytes, log):
        self._outbox = outbox
        self._accounts = accounts
        self._clock = clock
        self._random_bytes = random_bytes
        self._log = log
        self._via = ""  # the account of this attempt, once it has signed in

    async def send(self, job):
        """Try to send one job; whatever happens is stored with it."""
        job.state = SENDING
        job.bytes_done = 0
        self._via = ""
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
        self._via, session = await self._accounts.open()
        try:
            _stop_if_cancelled(job)
            outcome = self._outcome()  # before the final dot: what is sent must not be sent twice
            record = job.record
            reverse_path, message = self._mail(job, record)
            results = await session.send(
                reverse_path,
                waiting_recipients(record),
                message,
                lambda index: self._outbox.open_file(job, index),
                lambda bytes_done: _progress(job, bytes_done - message.added_bytes),
            )
        except BaseException:
            await session.abort()  # without the final dot nothing is delivered
            raise
        try:
            outcome.answered(job, results)
        except StorageError as error:  # it is settled in memory: better than sending it twice
            self._log("job %s: %s" % (job.id, error.message))
        await session.quit()

    def _mail(self, job, record):
        """Return the envelope sender and the message.

        Providers refuse a sender that is not their account's: both name the one it goes through,
        and answers go to whom the mail was made for.
        """
        from mfpmail.service.spooled import SpooledMessage, sender_fields

        address, exchange = record["reverse_path"], (0, 0, b"")
        own = self._accounts.sender(self._via)
        if record["from_span"] and own[1] not in ("", address):
            at, count = record["from_span"]
            exchange = at, count, sender_fields(own, (record["sender_name"], address))
            address = own[1]
        sizes_bytes = [file["size"] for file in record["files"]]

        def open_mail():
            return self._outbox.open_file(job, "mail")

        return address, SpooledMessage(record["plan"], sizes_bytes, open_mail, exchange)

    def _outcome(self):
        from mfpmail.service.outcome import Outcome

        return Outcome(self._outbox, self._accounts, self._via, self._clock, self._random_bytes)


def _progress(job, bytes_done):
    _stop_if_cancelled(job)
    job.bytes_done = bytes_done


def _stop_if_cancelled(job):
    if job.cancelled:
        raise MailError("cancelled", "The job was cancelled.", errors.MESSAGE)
