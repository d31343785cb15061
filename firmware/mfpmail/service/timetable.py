"""When the status mail is due.

The record `alerts.json` says up to when status mails are `settled_at`, for which `schedule`, since
when (`since`, None for the first start) mails are counted, and how many were `sent` and `failed`.
"""

from mfpmail.core import settings
from mfpmail.core.errors import MailError
from mfpmail.core.schedule import last_slot

_PATH = "alerts.json"
_VERSION = 1
_HOUR_S = 3600
_CLOCK_SET_S = 1700000000  # less than that is shown by clocks that nobody has set


def look(device, told):
    """Queue the mail that the schedule asks for; note what was counted.

    `told` is a dict that the caller keeps: what stands in the journal already, see `warnings`.
    """
    _load(device)
    try:
        due = _is_due(device)
        if due:
            _send_due(device, told)
        _save(device)
        if not due:
            told.pop("status", None)
    except MailError as error:
        _log_once(device, told, error.message)


def send_now(device):
    """Queue a status mail, whatever the schedule says. Raises MailError."""
    _load(device)
    _send(device)
    _save(device)


def answer(device, to):
    """Queue a status mail to who has asked for it by mail; the counts go on. Raises MailError."""
    from mfpmail.service import statusmail

    _load(device)
    statusmail.answer(device, to)
    _save(device)


def _load(device):
    """Read the record, and add what was counted since the last call."""
    alerts = device.alerts
    if alerts.kept is None:
        alerts.kept = {"schedule": "", "settled_at": 0, "since": None, "sent": 0, "failed": 0}
        alerts.kept.update(device.store.load(_PATH, _VERSION) or {})
    if alerts.sent or alerts.failed:
        _note(device, "sent", alerts.kept["sent"] + alerts.sent)
        _note(device, "failed", alerts.kept["failed"] + alerts.failed)
        alerts.sent = alerts.failed = 0


def _note(device, name, value):
    device.alerts.kept[name] = value
    device.alerts.unsaved = True


def _save(device):
    alerts = device.alerts
    if alerts.unsaved:
        device.store.save(_PATH, _VERSION, alerts.kept)
        alerts.unsaved = False


def _is_due(device):
    """Say whether a time of the schedule has passed. One that was changed counts from now on, this
    hour included."""
    kept, now_s = device.alerts.kept, device.clock.now_s()
    setting = device.configuration.get(settings.DEVICE)
    every, hour = setting["status_every"], setting["status_hour"]
    offset_min = setting["utc_offset_min"]
    schedule = "" if every == "off" else "%s %d %d" % (every, hour, offset_min)
    if now_s < _CLOCK_SET_S:
        return False
    if schedule != kept["schedule"]:
        _note(device, "schedule", schedule)
        _note(device, "settled_at", max(kept["settled_at"], now_s - _HOUR_S))
    if not schedule or _clock_is_behind(device, now_s):
        return False
    return last_slot(now_s, every, hour, offset_min) > kept["settled_at"]


def _clock_is_behind(device, now_s):
    """Say whether the last mail lies in the future. If that lasts for an hour, it was the clock of
    then that was wrong."""
    alerts, now_ms = device.alerts, device.clock.now_ms()
    if alerts.kept["settled_at"] <= now_s:
        alerts.behind_ms = None
        return False
    if alerts.behind_ms is None:
        alerts.behind_ms = now_ms
    if now_ms - alerts.behind_ms >= _HOUR_S * 1000:
        _note(device, "settled_at", now_s)
    return True


def _send_due(device, told):
    from mfpmail.service.notice import can_mail

    to = device.configuration.get(settings.DEVICE)["status_to"]
    if can_mail(device, to):
        _send(device)
    elif to:  # as soon as an account works
        _log_once(device, told, "no account for sending can be used")
        return
    else:
        device.journal.write("status mail: there is no address")
    _note(device, "settled_at", device.clock.now_s())


def _send(device):
    from mfpmail.service.statusmail import send

    send(device)
    _note(device, "since", device.clock.now_s())
    _note(device, "sent", 0)
    _note(device, "failed", 0)


def _log_once(device, told, sentence):
    if told.get("status") != sentence:
        told["status"] = sentence
        device.journal.write("status mail: " + sentence)
