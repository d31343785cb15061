"""Warns of tokens that die soon or have died: in the journal and by mail.

The token's record notes of what a mail was queued, and only that: a warning that could not be
mailed (no account works, no address, no room) is tried again at the next look.
"""

from mfpmail.core import lifetime, settings, token
from mfpmail.core.datetimes import format_iso
from mfpmail.core.errors import MailError
from mfpmail.service.status import warnings_of


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
    if _mail(device, keeper, item):
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


def _mail(device, keeper, item):
    """Queue the mail where it is wanted and possible; return whether it was. Raises MailError."""
    from mfpmail.service import notice  # most looks find nothing to tell

    event = "token_invalid" if item["dies_at"] is None else "token_dies"
    if not notice.can_alert(device, event) or notice.hour_is_full(device):
        return False
    values = _values(device, keeper, item, notice.text)
    values["device"] = notice.name_of(device)
    subject, text = notice.text(device, "alert_" + event)
    lines = [line.format(**values) for line in text.split("\\n")]
    notice.alert(device, subject.format(**values), lines)
    return True


def _values(device, keeper, item, find):
    setting = device.configuration.get(keeper.setting)
    cause, advice = find(device, item["topic"])
    values = {
        "setting": find(device, "setting_" + keeper.setting)[0],
        "account": keeper.record["account"] or setting["account"],
        "cause": cause or keeper.record["detail"],
        "advice": advice,
    }
    if item["dies_at"] is not None:
        left_s = max(item["dies_at"] - device.clock.now_s(), 0)
        values["days"] = (left_s + lifetime.DAY_S - 1) // lifetime.DAY_S
        values["date"] = _day(item["dies_at"])
    return values
