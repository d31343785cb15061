"""Tells the sender of a mail what became of it when it could not be delivered."""

from mfpmail.core.errors import MailError
from mfpmail.service import notice
from mfpmail.service.jobs import SENT


def tell_sender(device, job):
    """Queue the note about a job that failed, once; without room for it, the journal must do."""
    try:
        record = job.record
        subject, text = notice.text(device, "note_failed")
        values = {
            "device": notice.name_of(device),
            "subject": record["subject"],
            "time": notice.local_time(device, record["created_at"]),
        }
        lines = _lines(device, record, text.split("\\n"), values)
        to, subject = record["reverse_path"], subject.format(**values)
        notice.queue(device, to, subject, lines, about=job.id)
    except MailError as error:
        device.journal.write("no note about job %s: %s" % (job.id, error.message))
    device.outbox.update(job, note_due=False)


def _lines(device, record, rows, values):
    """Yield the lines of the note; those of the recipients in place of `{recipients}`."""
    cause, advice = notice.text(device, record["topic"])
    values = dict(values)
    values["cause"] = cause or record["detail"]
    values["advice"] = advice
    for row in rows:
        if row == "{recipients}":
            yield from _refused(record["recipients"])
        else:
            yield row.format(**values)


def _refused(recipients):
    for recipient in recipients:
        if recipient["state"] != SENT:
            yield "%s %s" % (recipient["address"], recipient["reply"])
