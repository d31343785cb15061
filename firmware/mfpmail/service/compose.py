"""Turns what was entered for a job into a record, and a record into the message it becomes."""

from mfpmail.core import limits
from mfpmail.core.datetimes import format_date
from mfpmail.core.errors import MailError
from mfpmail.core.headers import check_address
from mfpmail.core.mediatypes import DEFAULT_TYPE, guess_type
from mfpmail.core.message import Attachment, Message, make_boundary, make_message_id
from mfpmail.service.jobs import QUEUED


def new_record(job_id, entered, now_s, random_bytes):
    """Return the record of a new job.

    `entered` is `{"to", "subject", "text", "sender", "files"}` as `faults_of` accepts it.
    """
    sender = entered["sender"]
    record = {
        "id": job_id,
        "state": QUEUED,
        "created_at": now_s,
        "message_id": make_message_id(random_bytes(16), sender[1].split("@")[-1]),
        "boundary": make_boundary(random_bytes(16)),
        "from": list(sender),
        "subject": entered["subject"],
        "text": entered["text"],
        "files": entered["files"],
        "recipients": [
            {"address": address, "state": QUEUED, "reply": ""}
            for address in addresses_in(entered["to"])
        ],
        "reason": "",
        "message": "",
        "hint": "",
        "attempts": 0,
        "next_attempt_at": None,
    }
    record["bytes_total"] = message_of(record).total_bytes()
    return record


def addresses_in(to):
    """Return the addresses of a comma-separated list."""
    return [address.strip() for address in to.split(",") if address.strip()]


def file_type(name, content_type):
    """Return the media type to send: the given one if it says something and is well-formed."""
    try:
        if content_type and content_type != DEFAULT_TYPE:
            return Attachment(name, content_type, 0).content_type
    except MailError:
        pass
    return guess_type(name)


def message_of(record):
    """Return the Message of a stored job: the same on every attempt, the Message-ID too."""
    return Message(
        tuple(record["from"]),
        [recipient["address"] for recipient in record["recipients"]],
        record["subject"],
        record["text"],
        [Attachment(f["name"], f["type"], f["size"]) for f in record["files"]],
        format_date(record["created_at"]),
        record["message_id"],
        record["boundary"],
    )


def faults_of(entered, mode):
    """Return `{field: sentence}` for everything about a job that cannot be taken."""
    found = {
        "to": _addresses_fault(addresses_in(entered["to"])),
        "subject": _subject_fault(entered["subject"]),
    }
    if len(entered["text"].encode()) > limits.MAX_TEXT_BYTES:
        found["text"] = "At most %d bytes." % limits.MAX_TEXT_BYTES
    if not entered["sender"][1]:
        found["sender_address"] = "Enter the sender address in the SMTP settings."
    if mode != "spool":
        found["mode"] = "Only spool is available."
    return {name: fault for name, fault in found.items() if fault}


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
    if len(subject) > limits.MAX_SUBJECT_CHARS or any(c < " " or c == "\x7f" for c in subject):
        return "One line of at most %d characters." % limits.MAX_SUBJECT_CHARS
    return None
