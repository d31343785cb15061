"""Warns of tokens that die soon or have died: in the journal and by mail.

The token's record notes of what a mail was queued, and only that: a warning that could not be
mailed (no account works, no address, no room) is tried again at the next look.
"""

from mfpmail.core import lifetime, limits, settings, token
from mfpmail.core.datetimes import format_iso
from mfpmail.core.errors import MailError
from mfpmail.service.status import is_usable, warnings_of

_MAIL_BYTES = 4096


def tell(device, told):
    """Tell what has not been told yet of the tokens in use.

    `told` is a dict that the caller keeps: what stands in the journal already, by setting.
    """
    found = {item["setting"]: item for item in warnings_of(device)}
    for name in settings.SETTINGS:
        try:
            _forget(device, name)
            if name in found:
                _warn(device, told, name, found[name])
            else:
                told.pop(name, None)
        except MailError as error:
            _log_once(device, told, "", "warnings: " + error.message)


def _forget(device, name):
    """Note that an end of which was warned has moved away.

    It must be a day away from its threshold: a clock that is put right repeats no mail.
    """
    keeper = device.keepers[name]
    record, now_s = keeper.record, device.clock.now_s()
    warned = record["warned"]
    if warned is None or keeper.state != token.ACQUIRED or now_s < (record["renewed_at"] or 0):
        return
    setting, secret_ends_at = keeper.asking()[0], device.configuration.secret_ends_at(name)
    end = lifetime.next_end(now_s + lifetime.DAY_S, record, setting, secret_ends_at)
    if not end or not warned:
        keeper.note({"warned": None})
    elif end[0] > warned:
        keeper.note({"warned": end[0]})


def _warn(device, told, name, item):
    keeper = device.keepers[name]
    warned = keeper.record["warned"]
    if warned is not None and warned <= item["days"]:
        return
    _log_once(device, told, name, _line(keeper, item))
    if _can_mail(device):
        _mail(device, keeper, item)
        keeper.note({"warned": item["days"]})  # last: a power cut may repeat a mail, not lose it
        told.pop("", None)


def _log_once(device, told, name, text):
    if told.get(name) != text:
        told[name] = text
        device.journal.write(text)


def _line(keeper, item):
    if item["dies_at"] is None:
        return "token %s: is Invalid (%s)" % (keeper.setting, keeper.record["reason"])
    return "token %s: dies on %s, within %d days" % (
        keeper.setting,
        _day(item["dies_at"]),
        item["days"],
    )


def _day(end_at):
    """Return the last day before an end."""
    return format_iso(end_at - 1)[:10]


def _can_mail(device):
    """Say whether the administrator wants mail and an account for sending works."""
    if not device.configuration.get(settings.DEVICE)["alert_to"]:
        return False
    return any(is_usable(device, name) for name in (settings.SMTP, settings.ALTERNATIVE))


def _mail(device, keeper, item):
    """Queue the mail. Raises MailError; then nothing is left behind."""
    from mfpmail.service.draft import Draft

    subject, text = _texts(device, keeper, item)
    fields = {
        "to": device.configuration.get(settings.DEVICE)["alert_to"],
        "subject": subject[: limits.MAX_SUBJECT_CHARS],
        "mode": "",
    }
    device.outbox.check_room(_MAIL_BYTES)
    draft = Draft(device.outbox, device.store.files, device.clock, device.random_bytes)
    try:
        draft.write_text(text.encode())
        draft.commit(fields, device.configuration.sender())
    except BaseException:
        draft.discard()
        raise


def _texts(device, keeper, item):
    """Return subject and text in the device's language."""
    find = device.texts.find
    language = device.configuration.get(settings.DEVICE)["language"]
    setting = device.configuration.get(keeper.setting)
    cause, advice = find(language, item["topic"])
    values = {
        "setting": find(language, "setting_" + keeper.setting)[0],
        "account": keeper.record["account"] or setting["account"],
        "device": device.configuration.sender()[0] or device.hello_name,
        "cause": cause or keeper.record["detail"],
        "advice": advice,
    }
    topic = "alert_token_invalid"
    if item["dies_at"] is not None:
        topic = "alert_token_dies"
        left_s = max(item["dies_at"] - device.clock.now_s(), 0)
        values["days"] = (left_s + lifetime.DAY_S - 1) // lifetime.DAY_S
        values["date"] = _day(item["dies_at"])
    subject, text = find(language, topic)
    return subject.format(**values), text.replace("\\n", "\n").format(**values)
