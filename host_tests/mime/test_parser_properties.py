"""core/mimeparse.py against what CPython's `email` generates, and against anything at all."""

import base64
import itertools
import quopri
from email.message import EmailMessage
from email.policy import SMTP

from hypothesis import given, settings
from hypothesis import strategies as st

from mfpmail.core import headerparse
from mfpmail.core.mimeparse import DATA, PART_BEGIN, PART_END, MimeParser

FEW = settings(max_examples=150, deadline=None)

NAMES = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs"), exclude_characters='/\\"?'),
    min_size=1,
    max_size=60,
).filter(lambda name: name not in (".", "..") and not any("\u202a" <= c <= "\u2069" for c in name))
CUTS = st.lists(st.integers(0, 6000), max_size=8)
SYNTAX = st.sampled_from(
    [b"\r\n", b"\n", b"\r", b"--", b"--b", b"--b--", b"--c", b"\r\n--b\r\n", b"\r\n--b--\r\n"]
    + [b"\n\n", b"=", b"==", b"QUJD", b"=41", b"=\r\n", b" ", b"\t", b"\0", b"\xff", b";", b'"']
    + [b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Type: multipart/x; boundary=c\n"]
    + [b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n"]
    + [b"Content-Disposition: form-data; name=a; filename*0*=utf-8''%ce\r\n", b"x" * 300]
    + [b"Subject: =?utf-8?Q?=zz?= =?x?B?!?=\r\n\tfolded\r\n", b"From: <a@b\r\n"]
)
SOUP = st.one_of(
    st.binary(max_size=300),
    st.lists(st.one_of(SYNTAX, st.binary(max_size=6)), max_size=60).map(b"".join),
)
STARTS = st.sampled_from([None, "multipart/form-data; boundary=b", "multipart/form-data"])


def events_of(data, cuts=(), content_type=None):
    parser = MimeParser(max_header_bytes=400, max_parts=12, max_depth=3, content_type=content_type)
    edges = [0] + sorted(min(cut, len(data)) for cut in cuts) + [len(data)]
    found = []
    for start, end in itertools.pairwise(edges):
        collect(parser.feed(memoryview(data)[start:end]), found)
    collect(parser.close(), found)
    return found, sorted(parser.defects)


def collect(events, found):
    for kind, value in events:
        if kind == DATA and found[-1][0] == DATA:
            found[-1][1] += bytes(value)
        elif kind == DATA:
            found.append([DATA, bytes(value)])
        elif kind == PART_BEGIN:
            described = (value.depth, value.content_type, value.name, value.file_name)
            found.append([kind, described, value.headers, value.is_attachment])
        else:
            found.append([kind, value.depth, sorted(value.defects)])


def parts_of(data):
    parser = MimeParser()
    parts = []
    for kind, value in parser.feed(data) + parser.close():
        if kind == PART_BEGIN:
            parts.append([value, b""])
        elif kind == DATA:
            parts[-1][1] += bytes(value)
    assert parser.defects == []
    return parts


@FEW
@given(st.text(max_size=200), st.lists(st.tuples(NAMES, st.binary(max_size=500)), max_size=3))
def test_mail_of_email_package_gives_the_same_attachments(text, files):
    message = EmailMessage()
    message["Subject"] = "Δοκιμή"
    message["From"] = "a@mail.example"
    message.set_content(text.encode("utf-8", "replace").decode())
    message.add_alternative("<p>text</p>", subtype="html")
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype="pdf", filename=name)
    for wire in (message.as_bytes(policy=SMTP), message.as_bytes()):
        parts = parts_of(wire)
        assert headerparse.decode_words(parts[0][0].headers["subject"]) == "Δοκιμή"
        found = [(p.file_name, data) for p, data in parts if p.is_attachment]
        assert found == files


@FEW
@given(st.binary(max_size=600), st.sampled_from([base64.encodebytes, quopri.encodestring]))
def test_transfer_encodings_of_the_standard_library_are_decoded(data, encoder):
    name = "base64" if encoder is base64.encodebytes else "quoted-printable"
    wire = b"Content-Transfer-Encoding: %s\r\n\r\n" % name.encode() + encoder(data)
    assert parts_of(wire)[0][1] == data


@FEW
@given(st.binary(max_size=300), st.integers(1, 80))
def test_base64_with_junk_keeps_all_that_can_be_decoded(data, every):
    text = base64.b64encode(data)
    noisy = b"\x00!".join(text[at : at + every] for at in range(0, len(text), every))
    found, _ = events_of(b"Content-Transfer-Encoding: base64\n\n" + noisy, [100, 200])
    assert b"".join(event[1] for event in found if event[0] == DATA) == data


@settings(max_examples=300, deadline=None)
@given(SOUP, CUTS, STARTS)
def test_any_input_in_any_pieces_gives_the_same_events(data, cuts, content_type):
    whole = events_of(data, (), content_type)
    assert events_of(data, cuts, content_type) == whole
    assert events_of(data, range(len(data)), content_type) == whole
    depths = [1 if event[0] == PART_BEGIN else -1 for event in whole[0] if event[0] != DATA]
    assert sum(depths) == 0
    assert all(sum(depths[:n]) >= 0 for n in range(len(depths)))
    assert sum(event[0] == PART_END for event in whole[0]) <= 12


@FEW
@given(
    st.one_of(st.text(max_size=80), st.text(alphabet="=?utf-8BbQq_%*'\";\\<>@(), aΑ", max_size=80))
)
def test_header_readers_any_text_never_raises(value):
    headerparse.decode_words(value)
    headerparse.parse_parameters(value)
    headerparse.parse_address(value)


@FEW
@given(st.binary(max_size=300), st.lists(st.tuples(NAMES, st.binary(max_size=300)), max_size=4))
def test_form_data_gives_the_same_fields(boundary_like, fields):
    boundary = b"----form0123456789"
    wire = b""
    for name, data in fields:
        disposition = 'form-data; name="%s"; filename="%s"' % (name, name)
        wire += b"--" + boundary + b"\r\nContent-Disposition: " + disposition.encode()
        wire += b"\r\n\r\n" + data + boundary_like + b"\r\n"
    wire += b"--" + boundary + b"--\r\n"
    found, defects = events_of(
        wire, range(0, len(wire), 7), "multipart/form-data; boundary=" + boundary.decode()
    )
    contents = [event[1] for event in found if event[0] == DATA]
    assert contents == [data + boundary_like for _, data in fields if data + boundary_like]
    assert defects == []
