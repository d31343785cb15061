"""The status mail: what stands in it."""

from mfpmail.core import settings
from mfpmail.core.errors import MailError, SettingsError
from mfpmail.service import notice
from mfpmail.service.status import is_usable, warnings_of

_MAIL_BYTES = 16384
_MAX_FAULTS = 5


def send(device):
    """Queue a status mail. Raises MailError; then nothing is left behind."""
    to = device.configuration.get(settings.DEVICE)["status_to"]
    notice.to_administrator(device, to, *_mail(device), _MAIL_BYTES)


def answer(device, to):
    """Queue a status mail to whoever has asked for it by mail; raises as `send` does."""
    notice.queue(device, to, *_mail(device), _MAIL_BYTES, "auto-replied")


def _mail(device):
    """Return `(subject, lines)`."""
    subject, text = notice.text(device, "status_mail")
    return subject.format(device=notice.name_of(device)), _lines(device, text)


def check(device):
    """Raise the MailError that keeps a status mail from being queued."""
    if not device.configuration.get(settings.DEVICE)["status_to"]:
        faults = {"status_to": "Enter at least one address."}
        raise SettingsError("bad_settings", "Nobody is entered for status mails.", faults)
    if any(is_usable(device, name) for name in (settings.SMTP, settings.ALTERNATIVE)):
        return
    if not device.configuration.get(settings.SMTP)["server"]:
        raise MailError("no_server", "No server has been entered.")
    cause = device.keepers[settings.SMTP].record
    sentence = "No account for sending can be used."
    raise MailError("token_missing", cause["detail"] or sentence, topic=cause["topic"])


def _lines(device, text):
    """Yield the lines of the mail: a line `{tokens}` stands for many, or for none."""
    lists = {"{tokens}": _tokens, "{checks}": _checks, "{warnings}": _warnings}
    values = _values(device)
    for line in text.split("\\n"):
        if line in lists:
            yield from list(lists[line](device)) or ["-"]
        else:
            yield line.format(**values)


def _values(device):
    kept, now_s = device.alerts.kept, device.clock.now_s()
    uptime_s = device.clock.now_ms() // 1000
    since = kept["since"] or now_s - uptime_s
    return {
        "device": notice.name_of(device),
        "time": notice.local_time(device, now_s),
        "since": notice.local_time(device, since),
        "sent": kept["sent"],
        "failed": kept["failed"],
        "waiting": len([job for job in device.outbox.jobs if not job.finished]),
        "free": device.store.files.free_bytes() // 1024,
        "days": uptime_s // 86400,
        "hours": uptime_s // 3600 % 24,
    }


def _tokens(device):
    """Yield a line for each token in use."""
    for name in settings.SETTINGS:
        setting = device.configuration.get(name)
        if setting["server"] and setting["auth_method"] == "oauth2":
            state = notice.text(device, "state_" + device.keepers[name].state.lower())[0]
            yield "- %s, %s: %s" % (_name_of(device, name), setting["account"], state)


def _checks(device):
    """Yield a line for each maildrop in use: when it was checked last and how that went."""
    for name in settings.POP_SETTINGS:
        if device.configuration.get(name)["server"]:
            yield "- %s: %s" % (_name_of(device, name), _check(device, device.maildrops.last[name]))


def _check(device, last):
    if not last:
        return notice.text(device, "check_never")[0]
    at = notice.local_time(device, last["at"])
    if last["result"] == "ok":
        return "%s, %s" % (at, notice.text(device, "check_ok")[0])
    return "%s, %s: %s" % (at, notice.text(device, "check_failed")[0], last["message"])


def _warnings(device):
    """Yield a line for everything that somebody should look at."""
    for item in warnings_of(device):
        yield "- %s: %s" % (_name_of(device, item["setting"]), _text(device, item["topic"]))
    first = device.configuration.get(settings.SMTP)
    if first["server"] and device.postman.sending_through == settings.ALTERNATIVE:
        yield "- " + _text(device, "account_down")
    if device.inbox.full:
        subject = _text(device, "alert_inbox_full")
        yield "- " + subject.format(device=notice.name_of(device))
    for fault in device.store.faults[-_MAX_FAULTS:]:
        yield "- " + fault


def _name_of(device, name):
    return _text(device, "setting_" + name)


def _text(device, topic):
    return notice.text(device, topic)[0] or topic
