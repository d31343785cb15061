"""Turns what was entered for a job into a record, and a record into the message it becomes."""

from mfpmail.core import limits
from mfpmail.core.datetimes import format_date
from mfpmail.core.errors import MailError
from mfpmail.core.headers import check_address
from mfpmail.core.mediatypes import DEFAULT_TYPE, guess_type
from mfpmail.core.message import Attachment, Message, make_boundary, make_message_id
from mfpmail.core.text import is_control
from mfpmail.service.jobs import QUEUED


def new_record(job_id, entered, now_s, random_bytes, writer):
    """Return the record of a new job, and write its mail, but for the files, to `writer`.

    `entered` is `{"to", "subject", "text_bytes", "text_pieces", "sender", "files"}` as `faults_of`
    accepts it. The mail is rendered once, so that every attempt sends the same bytes, the
    Message-ID too, and so that sending needs none of the code that renders.
    """
    sender = entered["sender"]
    addresses = addresses_in(entered["to"])
    message_id = make_message_id(random_bytes(16), sender[1].split("@")[-1])
    message = Message(
        tuple(sender),
        addresses,
        entered["subject"],
        entered["text_pieces"],
        [Attachment(f["name"], f["type"], f["size"]) for f in entered["files"]],
        format_date(now_s),
        message_id,
        make_boundary(random_bytes(16)),
    )
    return {
        "id": job_id,
        "state": QUEUED,
        "created_at": now_s,
        "message_id": message_id,
        "sender_name": sender[0],
        "reverse_path": sender[1],
        "subject": entered["subject"],
        "files": entered["files"],
        "plan": _render(message, writer),
        "from_span": message.from_span,
        "bytes_total": message.total_bytes(),
        "recipients": [{"address": a, "state": QUEUED, "reply": ""} for a in addresses],
        "reason": "",
        "topic": "",
        "detail": "",
        "attempts": 0,
        "failing_since": None,
        "next_attempt_at": None,
        "via": "",
    }


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
            return Attachment(name, content_type, 0).content_type
    except MailError:
        pass
    return guess_type(name)


def faults_of(entered, mode):
    """Return `{field: sentence}` for everything about a job that cannot be taken."""
    found = {
        "to": _addresses_fault(addresses_in(entered["to"])),
        "subject": _subject_fault(entered["subject"]),
    }
    if entered["text_bytes"] > limits.MAX_TEXT_BYTES:
        found["text"] = "At most %d bytes." % limits.MAX_TEXT_BYTES
    found["sender_address"] = _sender_fault(entered["sender"][1])
    if mode != "spool":
        found["mode"] = "Only spool is available."
    return {name: fault for name, fault in found.items() if fault}


def _sender_fault(address):
    if not address:
        return "Enter the sender address in the SMTP settings."
    return _addresses_fault([address])


def _addresses_fault(addresses):
    if not addresses:
        return "Enter at least one address."
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
