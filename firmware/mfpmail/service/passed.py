"""What a mail that was passed through has become; see `PassThrough`."""

from mfpmail.core import errors
from mfpmail.core.errors import MailError, SettingsError, StorageError
from mfpmail.service.jobs import FAILED, QUEUED, SENT, cut_error
from mfpmail.service.outcome import settled


def note_sent(device, job, files):
    """The server has taken the mail, for those recipients that it accepted."""
    try:
        _settle(device, job, files, SENT, None)
    except StorageError as error:  # better a record that is wrong than a mail sent twice
        device.journal.write("job %s: %s" % (job.id, error.message))


def note_failed(device, job, files, via, error):
    """Note why nobody gets the mail; return the Job, None when nothing of it stays. `via` is the
    account whose server had begun to take it, "" for none."""
    if job.finished:
        return job
    is_seen = not via or isinstance(error, SettingsError)  # by whoever sent it
    if is_seen and not job.cancelled:
        device.outbox.delete(job)
    if job.cancelled:
        device.outbox.sweep(job)
        return None
    if not isinstance(error, MailError) or error.code == "upload_cut":
        error = cut_error()
    if error.kind in errors.DEAD_TOKEN:
        device.keepers[via].reject(error, True)
    _settle(device, job, files, FAILED, error.cause())
    return job


def _settle(device, job, files, outcome, cause):
    recipients = job.record["recipients"]
    for recipient in recipients:
        if recipient["state"] == QUEUED:
            recipient["state"] = outcome
    state, found = settled(recipients)
    changes = {"state": state, "recipients": recipients, "files": files}
    changes.update(cause or found)
    device.outbox.update(job, bytes_total=job.bytes_done, **changes)
    device.journal.write("job %s: %s" % (job.id, state))


async def leave(postman, line):
    """The connection may serve others, where memory allows it."""
    if postman.is_lean:
        await line[2].quit()
        return
    accounts = postman.accounts()
    accounts.line = line
    await accounts.settle()
