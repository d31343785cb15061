"""Has a mail server agree to take a mail that is to be passed through; see `PassThrough`."""

from mfpmail.core import errors
from mfpmail.core.base64stream import encoded_bytes
from mfpmail.core.errors import MailError, NetworkError, SettingsError
from mfpmail.service.jobs import FAILED, QUEUED


async def offer(device, job, file_bytes):
    """Return the connection whose server waits for the mail, as `Accounts.line`, and the message;
    files of about `file_bytes` are still to come.

    A connection that has broken since its last mail is replaced, and an account that is not
    available, as its mail server says, gives way to the other. Raises MailError for the uploader.
    """
    failed = None
    while True:
        try:
            line, own = await _sign_in(device, failed)
        except MailError as error:
            raise _refusal(error)
        try:
            return line, await _announce(device.outbox, job, file_bytes, line, own)
        except MailError as error:
            if failed or not (_is_of_account(error) or _was_broken(error, line[2])):
                raise _refusal(error)
            failed = line[0], error


async def _announce(outbox, job, file_bytes, line, own):
    """Return the message, once the server waits for it."""
    session = line[2]
    try:
        reverse_path, addresses, message = _open(outbox, job, own)
        size_bytes = message.size_bytes + encoded_bytes(file_bytes)
        results = await session.begin_message(reverse_path, addresses, size_bytes, message.smtputf8)
        _note(outbox, job, dict(results), line[0], size_bytes)
    except BaseException:
        await session.abort()
        raise
    return message


def _is_of_account(error):
    return error.kind in errors.DEAD_TOKEN


def _was_broken(error, session):
    return session.sent_count and session.step == "mail" and isinstance(error, NetworkError)


async def _sign_in(device, failed):
    """Return the connection and the sender of its account. What was only needed to choose them
    makes room for the mail."""
    with device.overlays:
        accounts = device.postman.accounts()
        try:
            if failed and _is_of_account(failed[1]):
                accounts.reject(*failed)
            if accounts.pause_ms():
                message = "The provider takes no more mails in this minute."
                raise MailError("sending_busy", message, errors.TRANSIENT)
            line = await accounts.take_line()
        finally:
            await accounts.drop()
        return line, accounts.sender(line[0])


def _open(outbox, job, own):
    """Return what is needed of the record, which is large: the reverse-path, the recipients and
    the message."""
    from mfpmail.service.spooled import envelope

    job_id = job.id
    record = job.record
    reverse_path, message = envelope(record, own, lambda: outbox.open_file(job_id, "mail"))
    return reverse_path, [recipient["address"] for recipient in record["recipients"]], message


def _note(outbox, job, replies, via, size_bytes):
    """Store what the server says of the recipients. Nothing is kept for those whom it wants later,
    so they are refused."""
    recipients = job.record["recipients"]
    for recipient in recipients:
        reply = replies[recipient["address"]]
        recipient["reply"] = str(reply)
        recipient["state"] = QUEUED if reply.ok else FAILED
    outbox.update(job, recipients=recipients, via=via, bytes_total=size_bytes)


def _refusal(error):
    """Return the error for the uploader, who is to see whose fault it is."""
    results = getattr(error, "results", None)
    if results:
        fault = "; ".join(["%s: %s" % pair for pair in results])
        return SettingsError("recipient_refused", error.message, {"to": fault})
    code = error.code
    if error.kind in errors.DEAD_TOKEN:
        code = "token_missing"
    elif error.topic == "mail_too_large":
        code = "body_too_large"
    return MailError(code, error.message, error.kind, error.topic)
