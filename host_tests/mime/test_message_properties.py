"""Messages of core/message.py, read by CPython's `email`, hold exactly what went in."""

import email
import email.policy
import email.utils
from email.header import decode_header, make_header

from hypothesis import given, settings
from hypothesis import strategies as st

from mfpmail.core.base64stream import Base64Encoder
from mfpmail.core.datetimes import format_date
from mfpmail.core.headerparse import decode_words, parse_address
from mfpmail.core.headers import format_address, text_field
from mfpmail.core.mediatypes import guess_type
from mfpmail.core.message import Attachment, Message

FEW = settings(max_examples=150, deadline=None)
BLOCK_BYTES = 2 * 57

NASTY = st.sampled_from(
    [
        "Ελληνικά κείμενα",
        "日本語のテスト",
        "😀📠👨‍👩‍👧",
        "=?utf-8?Q?x?=",
        '"a\\b"',
        "%41''*0*=;",
        ".",
        "  ",
    ]
)
# `email` itself loses blanks beyond ASCII between two encoded words of a display name.
LETTERS = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs"), include_characters=" ")
WORDS = st.one_of(st.text(LETTERS, max_size=80), st.lists(NASTY, max_size=12).map(" ".join))
LINES = st.one_of(
    st.text(max_size=60),
    NASTY,
    st.sampled_from(["x" * 998, "y" * 999, ".", "..", "", "\0", "\x80"]),
)
TEXTS = st.lists(LINES, max_size=6).flatmap(
    lambda lines: st.sampled_from(["\r\n", "\n", "\r"]).map(lambda end: end.join(lines))
)
# `email` strips the names of files.
FILES = st.lists(st.tuples(WORDS.map(str.strip), st.binary(max_size=400)), max_size=3)


def build(name="", subject="", text="", files=(), html=None):
    attachments = [Attachment(n, guess_type(n), len(data)) for n, data in files]
    return Message(
        from_=(name, "mfp@mail.example"),
        to=[(name, "a@mail.example"), "b@mail.example"],
        subject=subject,
        text=text,
        attachments=attachments,
        date=format_date(1795464000),
        message_id="<1@mail.example>",
        boundary="=_0123456789abcdef",
        html=html,
    )


def wire(message, files):
    out = b""
    for segment in message.segments():
        out += encode(files[segment][1]) if isinstance(segment, int) else segment
    return out


def encode(data):
    encoder = Base64Encoder(BLOCK_BYTES)
    out = b""
    for at in range(0, len(data), BLOCK_BYTES):
        block = memoryview(data)[at : at + BLOCK_BYTES]
        out += bytes(encoder.encode(block, len(block), at + len(block) == len(data)))
    return out


def normalised(text):
    text = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if not text or text.endswith("\n") else text + "\n"


@FEW
@given(TEXTS, FILES)
def test_message_parsed_by_email_has_the_same_content(text, files):
    message = build(text=text, files=files)
    data = wire(message, files)
    assert len(data) == message.total_bytes()
    parsed = email.message_from_bytes(data, policy=email.policy.default)
    assert not parsed.defects
    body = parsed.get_body(("plain",)).get_payload(decode=True)
    assert body.decode().replace("\r\n", "\n") == normalised(text)
    attachments = list(parsed.iter_attachments())
    assert [a.get_payload(decode=True) for a in attachments] == [data for _, data in files]
    names = [a["Content-Disposition"].params["filename"] for a in attachments]
    assert names == [name for name, _ in files]


@FEW
@given(TEXTS, TEXTS, FILES)
def test_message_with_html_parsed_by_email_has_both_texts_and_the_files(text, html, files):
    message = build(text=text, files=files, html=html)
    data = wire(message, files)
    assert len(data) == message.total_bytes()
    parsed = email.message_from_bytes(data, policy=email.policy.default)
    parts = list(parsed.walk())
    assert not [part for part in parts if part.defects]
    alternative = parts[1] if files else parsed
    assert alternative.get_content_type() == "multipart/alternative"
    bodies = [part.get_payload(decode=True).decode() for part in alternative.iter_parts()]
    assert [body.replace("\r\n", "\n") for body in bodies] == [normalised(text), normalised(html)]
    assert [p.get_payload(decode=True) for p in parts[4:]] == [content for _, content in files]


@FEW
@given(WORDS)
def test_subject_decoded_by_email_is_the_same(subject):
    data = wire(build(subject=subject), ())
    parsed = email.message_from_bytes(data, policy=email.policy.default)
    assert parsed["Subject"] == subject
    assert all(len(line) <= 78 for line in data.split(b"\r\n"))


@FEW
@given(WORDS)
def test_names_decoded_by_email_are_the_same(name):
    data = wire(build(name=name), ())
    parsed = email.message_from_bytes(data, policy=email.policy.compat32)
    (shown, first), second = email.utils.getaddresses([parsed["To"]])
    assert (first, second) == ("a@mail.example", ("", "b@mail.example"))
    assert str(make_header(decode_header(shown))) == name
    assert email.utils.parseaddr(parsed["From"]) == (shown, "mfp@mail.example")


@FEW
@given(WORDS)
def test_header_values_come_back_from_our_own_decoder(text):
    assert decode_words(unfolded(text_field("Subject", text))) == text
    assert parse_address(format_address(text, "a@b.example")) == (text, "a@b.example")


def unfolded(field):
    return field.replace("\r\n ", " ").split(":", 1)[1][1:-2]
