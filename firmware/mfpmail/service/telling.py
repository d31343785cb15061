"""Tells of events: in the journal, in the list of the last alerts, and by mail."""

from mfpmail.core import events
from mfpmail.core.errors import MailError
from mfpmail.service import notice

_KEPT_ALERTS = 8


def tell(device):
    """Tell of what was reported since the last call, and of repeats whose time is over."""
    alerts, now_ms = device.alerts, device.clock.now_ms()
    while alerts.waiting:
        _take(device, now_ms, *alerts.waiting.pop(0))
    for event, more in events.take_due(alerts.folds, now_ms):
        _tell_more(device, event, more)
    alerts.next_ms = events.next_ms(alerts.folds)


def _take(device, now_ms, at, event, detail, state, times):
    if event not in events.all_names():
        device.journal.write("alerts: there is no event %s" % event)
        return
    if state == "off":
        device.alerts.folds.pop(event, None)
        device.journal.write("alert %s: over" % event)
        return
    if event == "job_failed":
        detail = _about_job(device, detail)
        if not detail:
            return
    detail = events.one_line(detail)[: events.MAX_DETAIL_CHARS]
    first = events.take(device.alerts.folds, event, times, now_ms)
    _show(device.alerts, {"at": at, "event": event, "detail": detail}, first)
    if first:
        device.journal.write("alert %s: %s" % (event, detail))
        _mail(device, event, 1, *_filled(device, "alert_" + event, at, detail))


def _about_job(device, job_id):
    """Return what failed and why; "" where nobody must be told: the job is gone, or was a notice
    itself."""
    job = device.outbox.find(job_id)
    try:
        record = job.record if job else {"notice": True}
    except MailError:  # a fault of the storage, which is an alert of its own
        return ""
    if record.get("notice"):
        return ""
    cause = notice.text(device, record["topic"])[0] or record["detail"]
    return "%s (%s): %s" % (record["subject"][:40], job_id, cause)


def _show(alerts, shown, first):
    """A repeat takes the place of the one before it."""
    others = [a for a in alerts.last if first or a["event"] != shown["event"]]
    alerts.last = others[-_KEPT_ALERTS + 1 :] + [shown]


def _tell_more(device, event, more):
    newest = [a for a in device.alerts.last if a["event"] == event]
    at, detail = device.clock.now_s(), ""
    if newest:
        at, detail = newest[-1]["at"], newest[-1]["detail"]
    device.journal.write("alert %s: %d more" % (event, more))
    values = {"subject": _filled(device, "alert_" + event, at, "")[0], "count": more}
    _mail(device, event, more, *_filled(device, "alert_more", at, detail, values))


def _filled(device, topic, at, detail, more=None):
    """Return subject and lines of a mail in the device's language; without a detail its line is
    left out."""
    values = {
        "device": notice.name_of(device),
        "time": notice.local_time(device, at),
        "detail": detail,
    }
    values.update(more or {})
    subject, text = notice.text(device, topic)
    lines = [line for line in text.split("\\n") if detail or line != "{detail}"]
    return subject.format(**values), [line.format(**values) for line in lines]


def _mail(device, event, reports, subject, lines):
    """Queue a mail that tells of so many reports, where it is wanted and possible."""
    if not notice.can_alert(device, event):
        return
    try:
        if not notice.hour_is_full(device):
            notice.alert(device, subject, lines)
            return
    except MailError as error:
        device.journal.write("alerts: " + error.message)
    device.alerts.dropped += reports
