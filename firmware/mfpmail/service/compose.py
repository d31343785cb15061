"""Turns what was entered for a job into a record, and a record into the message it becomes."""

from mfpmail.core import limits
from mfpmail.core.base64stream import encoded_bytes
from mfpmail.core.datetimes import format_date
from mfpmail.core.errors import MailError
from mfpmail.core.headers import check_address, is_ascii
from mfpmail.core.mediatypes import DEFAULT_TYPE, check_type, guess_type
from mfpmail.core.message import Attachment, Message, make_boundary, make_message_id
from mfpmail.core.text import is_control
from mfpmail.service.jobs import QUEUED

_RECIPIENT_FIELDS = ("to", "cc", "bcc")
_MODES = ("spool", "pass")


def new_record(job_id, entered, now_s, random_bytes, writer):
    """Return the record of a new job, and write its mail, but for the files, to `writer`.

    `entered` is as `new_message` takes it. The mail is rendered once, so that every attempt sends
    the same bytes, the Message-ID too, and so that sending needs none of the code that renders.
    """
    record, message = new_message(entered, now_s, random_bytes, False)
    record["id"] = job_id
    record["plan"] = _render(message, writer)
    record["bytes_total"] = sum(
        [e if e >= 0 else encoded_bytes(record["files"][-1 - e]["size"]) for e in record["plan"]]
    )
    return record


def new_message(entered, now_s, random_bytes, mixed=True):
    """Return `(record, message)`: of a job that nothing is stored of yet, so that its id, plan and
    total are missing, and the Message with the bytes around its files.

    `entered`, as `faults_of` accepts it: "to", "subject" (str), "sender" `(name, address)`,
    "text_bytes" and "text_pieces", a function that returns UTF-8 in pieces, "files" `[{"name",
    "type", "size"}]`; and, where there are any, "cc", "bcc", "reply_to" (str), "html_bytes",
    "html_pieces", "utc_offset_min", the zone of the Date, and "auto_submitted", as Message takes
    it. `mixed`: files may follow that are not in the list. An HTML text shows its n-th file, an
    image, by the address `cid:fileN@inline`.
    """
    reverse_path = check_address(entered["sender"][1])
    lists = {
        field: [check_address(address) for address in addresses_in(entered.get(field, ""))]
        for field in _RECIPIENT_FIELDS + ("reply_to",)
    }
    message_id = make_message_id(random_bytes(16), reverse_path.split("@")[1])
    text, html = _texts(entered)
    message = Message(
        (entered["sender"][0], reverse_path),
        lists["to"],
        entered["subject"],
        text,
        _attachments(entered["files"], html),
        format_date(now_s, entered.get("utc_offset_min", 0)),
        message_id,
        make_boundary(random_bytes(16)),
        cc=lists["cc"],
        reply_to=lists["reply_to"],
        html=html,
        mixed=mixed,
        auto_submitted=entered.get("auto_submitted", ""),
    )
    record = _record(entered, lists, message)
    record.update(created_at=now_s, message_id=message_id, reverse_path=reverse_path)
    return record, message


def _record(entered, lists, message):
    addresses = list(lists["to"])
    for field in ("cc", "bcc"):  # who stands in two fields gets it once
        addresses += [address for address in lists[field] if address not in addresses]
    return {
        "id": "",
        "state": QUEUED,
        "sender_name": entered["sender"][0],
        "reply_to": lists["reply_to"],
        "cc": lists["cc"],
        "subject": entered["subject"],
        "files": entered["files"],
        "plan": [],
        "from_span": message.from_span,
        "smtputf8": message.smtputf8 or not is_ascii("".join(addresses)),
        "bytes_total": 0,
        "recipients": [{"address": a, "state": QUEUED, "reply": ""} for a in addresses],
        "reason": "",
        "topic": "",
        "detail": "",
        "attempts": 0,
        "failing_since": None,
        "next_attempt_at": None,
        "via": "",
    }


def _texts(entered):
    """Return the functions that give the text and the HTML; the latter may be None."""
    text, html = entered["text_pieces"], entered.get("html_pieces")
    if not entered.get("html_bytes"):
        return text, None
    if entered["text_bytes"]:
        return text, html

    from mfpmail.core.htmlpart import plain_text

    return lambda: plain_text(html()), html


def _attachments(files, html):
    shown = _shown_in(files, html) if html else {}
    return [
        Attachment(f["name"], f["type"], f["size"], shown.get(index, ""))
        for index, f in enumerate(files)
    ]


def _shown_in(files, html):
    """Return `{index: Content-ID}` of the images that the HTML refers to. Others have none: some
    readers hide a file that has one and is referred to nowhere."""
    images = [index for index, f in enumerate(files) if f["type"].startswith("image/")]
    if not images:
        return {}

    from mfpmail.core.htmlpart import find_words

    ids = {index: "file%d@inline" % (index + 1) for index in images}
    words = {index: b"cid:" + ids[index].encode() for index in images}
    found = find_words(html(), list(words.values()))
    return {index: ids[index] for index in images if words[index] in found}


def _render(message, writer):
    """Write the segments of a message; return the plan to put it together again, as
    `SpooledMessage` reads it: how many bytes to copy, or -1 - the index of a file."""
    plan = []
    for segment in message.segments():
        if isinstance(segment, int):
            plan.append(-1 - segment)
            continue
        writer.write(segment)
        if plan and plan[-1] >= 0:
            plan[-1] += len(segment)
        else:
            plan.append(len(segment))
    return plan


def addresses_in(to):
    """Return the addresses of a comma-separated list."""
    return [address.strip() for address in to.split(",") if address.strip()]


def file_type(name, content_type):
    """Return the media type to send: the given one if it says something and is well-formed.

    A file is sent in base64, which no multipart and no message may be (RFC 2045 section 6.4)."""
    composite = content_type.split("/")[0] in ("multipart", "message")
    try:
        if content_type and content_type != DEFAULT_TYPE and not composite:
            return check_type(content_type)
    except MailError:
        pass
    return guess_type(name)


def faults_of(entered, mode):
    """Return `{field: sentence}` for everything about a job that cannot be taken."""
    found = _recipient_faults(entered)
    found["reply_to"] = _addresses_fault(addresses_in(entered.get("reply_to", "")))
    found["subject"] = _subject_fault(entered["subject"])
    for name in ("text", "html"):
        if entered.get(name + "_bytes", 0) > limits.MAX_TEXT_BYTES:
            found[name] = "At most %d bytes." % limits.MAX_TEXT_BYTES
    found["sender_address"] = _sender_fault(entered["sender"][1])
    if mode not in _MODES:
        found["mode"] = "Choose one of: %s." % ", ".join(_MODES)
    return {name: fault for name, fault in found.items() if fault}


def _recipient_faults(entered):
    found = {}
    count = 0
    for name in _RECIPIENT_FIELDS:
        addresses = addresses_in(entered.get(name, ""))
        count += len(addresses)
        found[name] = _addresses_fault(addresses)
        if addresses and count > limits.MAX_RECIPIENTS:
            found[name] = "At most %d addresses." % limits.MAX_RECIPIENTS
    if not count:
        found["to"] = "Enter at least one address."
    return found


def _sender_fault(address):
    if not address:
        return "Enter the sender address in the SMTP settings."
    return _addresses_fault([address])


def _addresses_fault(addresses):
    if len(addresses) > limits.MAX_RECIPIENTS:
        return "At most %d addresses." % limits.MAX_RECIPIENTS
    for address in addresses:
        try:
            check_address(address)
        except MailError as error:
            return "%s: %s" % (address[:64], error.message)
    return None


def _subject_fault(subject):
    if len(subject) > limits.MAX_SUBJECT_CHARS or any(is_control(c) for c in subject):
        return "One line of at most %d characters." % limits.MAX_SUBJECT_CHARS
    return None
