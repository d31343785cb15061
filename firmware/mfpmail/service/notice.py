"""Mails from the device itself to its administrator, through the same queue as all others."""

from mfpmail.core import limits, settings
from mfpmail.core.datetimes import format_date, format_iso
from mfpmail.core.events import chosen
from mfpmail.service.status import is_usable

_HOUR_MS = 3600000
_MAX_ALERTS_PER_HOUR = 20


def can_mail(device, to):
    """Say whether somebody wants the mail, and an account for sending works."""
    return bool(to) and any(is_usable(device, n) for n in (settings.SMTP, settings.ALTERNATIVE))


def can_alert(device, event):
    """Say whether the administrator wants mail about this event, and an account works."""
    setting = device.configuration.get(settings.DEVICE)
    return chosen(event, setting["alert_events"]) and can_mail(device, setting["alert_to"])


def hour_is_full(device):
    """Say whether as many alerts were mailed within the last hour as may be."""
    alerts, since_ms = device.alerts, device.clock.now_ms() - _HOUR_MS
    alerts.mailed_ms = [at_ms for at_ms in alerts.mailed_ms if at_ms > since_ms]
    return len(alerts.mailed_ms) >= _MAX_ALERTS_PER_HOUR


def alert(device, subject, lines):
    """Queue an alert; see `queue`."""
    to_administrator(device, device.configuration.get(settings.DEVICE)["alert_to"], subject, lines)
    device.alerts.mailed_ms.append(device.clock.now_ms())


def to_administrator(device, to, subject, lines, expected_bytes=4096):
    """Queue a mail that also tells how many alerts there was no room for; see `queue`."""
    dropped = device.alerts.dropped
    queue(device, to, subject, _with_dropped(device, lines, dropped), expected_bytes)
    device.alerts.dropped -= dropped


def _with_dropped(device, lines, dropped):
    yield from lines
    if dropped:
        yield ""
        yield "%s %d" % (text(device, "alerts_dropped")[0], dropped)


def queue(
    device,
    to,
    subject,
    lines,
    expected_bytes=4096,
    auto_submitted="auto-generated",
    about=True,
):
    """Queue a mail made of lines of text. Raises MailError; then nothing is left behind.

    It says that no person has written it (RFC 3834 section 5). The job's record says `notice`:
    when such a mail fails, no other one is to tell of it; `about` is the id of the job whose
    failure it tells.
    """
    from mfpmail.service.draft import Draft

    device.outbox.check_room(expected_bytes)
    outbox = _NoticeOutbox(device.outbox, about)
    draft = Draft(outbox, device.store.files, device.clock, device.random_bytes)
    fields = {
        "to": to,
        "subject": subject[: limits.MAX_SUBJECT_CHARS],
        "mode": "",
        "auto_submitted": auto_submitted,
        "utc_offset_min": device.configuration.get(settings.DEVICE)["utc_offset_min"],
    }
    try:
        for line in lines:
            draft.write_text((line + "\n").encode())
        draft.commit(fields, device.configuration.sender())
    except BaseException:
        draft.discard()
        raise


class _NoticeOutbox:
    """The Outbox for a Draft whose record is to say what it is from its first write on."""

    def __init__(self, outbox, about):
        self.new_id = outbox.new_id
        self.folder = outbox.folder
        self._add = outbox.add
        self._about = about

    def add(self, record):
        record["notice"] = self._about
        return self._add(record)


def text(device, topic):
    """Return `(cause, what to do)` of a topic in the device's language."""
    language = device.configuration.get(settings.DEVICE)["language"]
    return device.texts.find(language, topic)


def name_of(device):
    """Return what the device is called in its mails."""
    name = device.configuration.get(settings.DEVICE)["device_name"]
    return name or device.configuration.sender()[0] or device.hello_name


def local_time(device, at):
    """Return a Unix time as text, by the clock of the device's place ("2026-11-23 22:00 +0200")."""
    offset_min = device.configuration.get(settings.DEVICE)["utc_offset_min"]
    shown = format_iso(at + 60 * offset_min)[:16].replace("T", " ")
    return shown + format_date(at, offset_min)[-6:]
