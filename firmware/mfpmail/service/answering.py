"""Answers to received mails: that nothing could be printed, and how the device is.

Both go out through the queue of all mails, marked as automatic (RFC 3834 section 5), and never
more often than the limits below. `answers.json` holds to whom they went within a day, as digests:
`{kind: [[digest, Unix time], ...]}`.
"""

import binascii
import hashlib

from mfpmail.core import settings
from mfpmail.core.errors import MailError
from mfpmail.service import notice

_PATH = "answers.json"
_VERSION = 1
_DAY_S = 86400
# kind: (seconds between two to one address, how many a day in all)
_LIMITS = {"note": (_DAY_S, 50), "status": (600, 20)}


def answer(device):
    """Queue what the receivers have found that senders are to be told, as far as the limits allow.

    `device.maildrops.answers` has `(setting, kind, address, subject of the mail, its date)` each,
    and is empty after it. "note": nothing in the mail could be printed; "status": how the device
    is. What fails is in the journal.
    """
    answers = device.maildrops.answers
    while answers:
        name, kind, to, asked, date = answers.pop(0)
        try:
            sent = _answer(device, name, kind, to, asked, date)
            text = "sent to" if sent else "not sent to"
        except MailError as error:
            text = "not queued (%s) for" % error.message
        device.journal.write("%s: %s %s %s" % (name, kind, text, to[:80]))


def _answer(device, name, kind, to, asked, date):
    """Return whether an answer was queued. Raises MailError."""
    if not _can_answer(device, to) or not _is_within_limits(device, kind, to):
        return False
    if kind == "status":
        from mfpmail.service import timetable

        timetable.answer(device, to)
    else:
        subject, advice = notice.text(device, "answer_" + name)
        lines = [advice, "", "> " + asked, "> " + date]
        notice.queue(device, to, "%s: %s" % (subject, asked), lines, auto_submitted="auto-replied")
    return True


def _can_answer(device, to):
    """Say whether mail can go there, and comes from somebody else than this device."""
    own = [device.configuration.sender()[1]]
    for name in settings.SETTINGS:
        own.append(device.configuration.get(name)["account"])
    return to not in [address.lower() for address in own] and notice.can_mail(device, to)


def _is_within_limits(device, kind, to):
    """Count an answer, on flash: what is lost with the power is the answer, not the count."""
    now_s = device.clock.now_s()
    pause_s, most = _LIMITS[kind]
    digest = binascii.hexlify(hashlib.sha256(to.encode()).digest()[:8]).decode()
    answers = device.store.load(_PATH, _VERSION) or {}
    recent = [e for e in answers.get(kind, ()) if abs(now_s - e[1]) < _DAY_S]
    if len(recent) >= most or any(e[0] == digest and abs(now_s - e[1]) < pause_s for e in recent):
        return False
    answers[kind] = recent + [[digest, now_s]]
    device.store.save(_PATH, _VERSION, answers)
    return True
