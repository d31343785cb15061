"""core/message.py and core/base64stream.py: the bytes on the wire and their number."""

import binascii

from mfpmail.core.base64stream import Base64Encoder, encoded_bytes
from mfpmail.core.mediatypes import guess_type
from mfpmail.core.message import Attachment, Message, make_boundary, make_message_id
from support import failure

DATE = "Mon, 23 Nov 2026 20:00:00 +0000"


def build(text="Hello", attachments=(), **changes):
    values = {
        "from_": ("MFP", "mfp@mail.example"),
        "to": ["office@mail.example"],
        "subject": "Scan",
        "text": text,
        "attachments": attachments,
        "date": DATE,
        "message_id": "<1@mail.example>",
        "boundary": "=_b",
    }
    values.update(changes)
    return Message(**values)


def encode(data, block_bytes=114):
    encoder = Base64Encoder(block_bytes)
    out = b""
    for at in range(0, len(data), block_bytes):
        block = memoryview(data)[at : at + block_bytes]
        out += encoder.encode(block, len(block), at + len(block) == len(data))
    return out


def wire(message, files=()):
    out = b""
    for segment in message.segments():
        out += encode(files[segment]) if isinstance(segment, int) else segment
    return out


def test_encoder_every_length_gives_lines_of_76():
    data = bytes([n * 7 & 255 for n in range(400)])
    for count in range(400):
        text = encode(data[:count])
        assert len(text) == encoded_bytes(count)
        assert text.endswith(b"\r\n") or not count
        assert all(len(line) <= 76 for line in text.split(b"\r\n"))
        assert binascii.a2b_base64(text) == data[:count]


def test_encoder_lines_are_full_before_the_last():
    lines = encode(bytes(300)).split(b"\r\n")
    assert [len(line) for line in lines] == [76, 76, 76, 76, 76, 20, 0]


def test_encoder_short_block_in_between_is_refused():
    try:
        Base64Encoder(114).encode(memoryview(bytes(114)), 58, False)
    except ValueError:
        return
    raise AssertionError("taken")


def test_message_that_no_person_has_written_says_so():
    assert b"Auto-Submitted" not in wire(build())
    lines = wire(build(auto_submitted="auto-replied")).split(b"\r\n\r\n")[0].split(b"\r\n")
    assert lines.count(b"Auto-Submitted: auto-replied") == 1


def test_message_text_alone_is_one_part():
    lines = wire(build("a\nb")).split(b"\r\n")
    assert lines == [
        b"Date: Mon, 23 Nov 2026 20:00:00 +0000",
        b'From: "MFP" <mfp@mail.example>',
        b"To: office@mail.example",
        b"Subject: Scan",
        b"Message-ID: <1@mail.example>",
        b"MIME-Version: 1.0",
        b'Content-Type: text/plain; charset="utf-8"',
        b"Content-Transfer-Encoding: 7bit",
        b"",
        b"a",
        b"b",
        b"",
    ]


def test_message_bare_line_ends_are_repaired():
    assert wire(build("a\rb\nc\r\nd\n\ne")).endswith(b"\r\n\r\na\r\nb\r\nc\r\nd\r\n\r\ne\r\n")


def test_message_text_beyond_7bit_is_base64():
    for text in ("γεια", "a\0b", "x" * 999, "\n" + "y" * 1200, "\x80"):
        data = wire(build(text))
        assert b"Content-Transfer-Encoding: base64\r\n" in data
        body = data.split(b"\r\n\r\n", 1)[1]
        expected = text.encode().replace(b"\n", b"\r\n") + b"\r\n"
        assert binascii.a2b_base64(body) == expected


def test_message_line_of_998_stays_7bit():
    assert b"Encoding: 7bit\r\n" in wire(build("x" * 998 + "\n" + "y" * 998))


def test_message_empty_text_has_an_empty_body():
    assert wire(build("")).endswith(b"7bit\r\n\r\n")


def test_message_attachments_have_their_places():
    files = [Attachment("a.pdf", "application/pdf", 5), Attachment("b", "", 0)]
    segments = list(build("Hi", files).segments())
    assert [s for s in segments if isinstance(s, int)] == [0, 1]
    data = wire(build("Hi", files), (b"12345", b""))
    assert b'Content-Type: multipart/mixed; boundary="=_b"\r\n' in data
    assert b'\r\nContent-Type: application/pdf; name="a.pdf"\r\n' in data
    assert b'\r\nContent-Disposition: attachment; filename="a.pdf"\r\n\r\nMTIzNDU=\r\n' in data
    assert b'\r\nContent-Type: application/octet-stream; name="b"\r\n' in data
    assert data.endswith(b'filename="b"\r\n\r\n\r\n--=_b--\r\n')


def test_message_html_follows_the_text_in_an_alternative():
    lines = wire(build("Hi", html="<p>Γεια</p>")).split(b"\r\n")
    start = lines.index(b'Content-Type: multipart/alternative; boundary="=_=b"')
    assert lines[start:] == [
        b'Content-Type: multipart/alternative; boundary="=_=b"',
        b"Content-Transfer-Encoding: 7bit",
        b"",
        b"--=_=b",
        b'Content-Type: text/plain; charset="utf-8"',
        b"Content-Transfer-Encoding: 7bit",
        b"",
        b"Hi",
        b"",
        b"--=_=b",
        b'Content-Type: text/html; charset="utf-8"',
        b"Content-Transfer-Encoding: base64",
        b"",
        binascii.b2a_base64("<p>Γεια</p>\r\n".encode())[:-1],
        b"",
        b"--=_=b--",
        b"",
    ]


def test_message_html_and_files_are_an_alternative_in_a_mixed():
    data = wire(build("Hi", [Attachment("a.pdf", "", 3)], html="<p>"), (b"abc",))
    marks = (b"multipart/mixed", b"--=_b\r\n", b"multipart/alternative", b"--=_=b\r\n", b"text/pl")
    marks += (b"text/html", b"--=_=b--\r\n", b"\r\n--=_b\r\n", b"a.pdf", b"--=_b--\r\n")
    places = [data.find(mark) for mark in marks[:7]] + [data.rfind(mark) for mark in marks[7:]]
    assert places == sorted(places) and places[0] > 0


def test_message_inner_boundary_never_begins_with_the_outer_one():
    # A delimiter is recognised by its beginning (RFC 2046 section 5.1.2).
    for outer in (make_boundary(b"\xaa" * 16), make_boundary(bytes(16))):
        data = wire(build("Hi", [Attachment("a", "", 0)], html="<p>", boundary=outer), (b"",))
        begin = b"--" + outer.encode()
        ends = [line[len(begin) :] for line in data.split(b"\r\n") if line.startswith(begin)]
        assert ends == [b"", b"", b"--"]


def test_message_mixed_without_files_takes_them_later():
    known = build("Hi", [Attachment("σ.jpg", "image/jpeg", 3)], html="<p>")
    later = build("Hi", html="<p>", mixed=True)
    data = b"".join(later.head())
    data += later.attachment_head("σ.jpg", "image/jpeg") + b"YWJj\r\n" + later.tail()
    assert data == wire(known, (b"abc",))
    alone = build("Hi", mixed=True)
    assert b"".join(alone.head()) + alone.tail() == wire(alone)
    assert b"multipart/mixed" in wire(alone)


def test_message_attachment_head_is_checked():
    message = build(mixed=True)
    assert failure(message.attachment_head, "a", "b").code == "bad_content_type"
    assert failure(message.attachment_head, "a\r\nX: y", "").code == "header_injection"
    assert failure(message.attachment_head, "a", "", "x\r\nX: y").code == "header_injection"


def test_message_copies_and_replies_have_their_fields():
    data = wire(build(cc=[("Γ", "c@mail.example"), "d@mail.example"], reply_to=["r@mail.example"]))
    assert b"Reply-To: r@mail.example\r\n" in data
    assert b"Cc: =?utf-8?B?zpM=?= <c@mail.example>, d@mail.example\r\n" in data


def test_message_without_visible_recipients_names_none():
    assert b"\r\nTo: undisclosed-recipients:;\r\n" in wire(build(to=[]))
    data = wire(build(to=[], cc=["c@mail.example"]))
    assert b"\r\nCc: c@mail.example\r\n" in data and b"\r\nTo:" not in data


def test_message_from_span_is_in_bytes_and_covers_the_reply_to():
    for changes in ({}, {"reply_to": ["ρ@mail.example"]}, {"from_": ("Σ", "σ@mail.example")}):
        message = build(**changes)
        at, count = message.from_span
        fields = wire(message)[at : at + count]
        assert fields.startswith(b"From: ") and fields.endswith(b"\r\n")
        assert (b"\r\nReply-To: " in fields) == ("reply_to" in changes)
        assert wire(message)[at + count :].startswith(b"To: ")


def test_message_needs_smtputf8_only_for_a_local_part_beyond_ascii():
    for changes in (
        {"from_": ("Σάρωση", "a@mail.example")},
        {"to": [("Σ", "a@ελληνικά.gr")], "subject": "Σάρωση", "text": "Σ"},
        {"attachments": [Attachment("σ", "", 0)]},
    ):
        message = build(**changes)
        assert not message.smtputf8
        assert all(byte < 127 for byte in wire(message, (b"",)))
    address = "γιάννης@mail.example"
    for changes in ({"from_": address}, {"to": [address]}, {"cc": [address]}):
        message = build(**changes)
        assert message.smtputf8
        assert address.encode() in wire(message)
        assert message.total_bytes() == len(wire(message))
    assert build(reply_to=[address]).smtputf8


def test_message_file_with_a_content_id_is_inline():
    image = Attachment("a.png", "image/png", 3, "file1@inline")
    data = wire(build("Hi", [image]), (b"abc",))
    assert (
        b'Content-Disposition: inline; filename="a.png"\r\nContent-ID: <file1@inline>\r\n\r\n'
        in data
    )


def test_message_total_bytes_is_exact():
    for text in ("", "Hi", "γ" * 2000, "x" * 700):
        for sizes in ((), (0,), (1, 57), (56, 58, 1000), (3000,)):
            files = [Attachment("f%d.bin" % size, "", size) for size in sizes]
            message = build(text, files)
            data = wire(message, [bytes(size) for size in sizes])
            assert message.total_bytes() == len(data)


def test_message_wire_has_no_bare_line_end():
    data = wire(build("a\rb\n\nγ", [Attachment("σ.pdf", "", 3)]), (b"\r\n\n",))
    rest = data.replace(b"\r\n", b"")
    assert b"\r" not in rest and b"\n" not in rest


def test_message_same_arguments_give_the_same_bytes():
    message = build("γ", [Attachment("a", "", 3)])
    assert wire(message, (b"abc",)) == wire(message, (b"abc",))


def test_message_injection_is_refused_when_it_is_made():
    bad = "x\r\nBcc: y@mail.example"
    for field in ("subject", "date", "message_id"):
        assert failure(lambda field=field: build(**{field: bad})).code == "header_injection"
    assert failure(lambda: build(from_=(bad, "a@b"))).code == "header_injection"
    assert failure(lambda: build(to=[bad])).code == "bad_address"
    assert failure(lambda: build(cc=[bad])).code == "bad_address"
    assert failure(lambda: build(reply_to=[bad])).code == "bad_address"
    assert failure(lambda: build("", [Attachment(bad, "", 1)])).code == "header_injection"


def test_attachment_bad_content_type_is_refused():
    for bad in (
        "pdf",
        "a/b/c",
        "/",
        "a/",
        "a/b; x=y",
        "a b/c",
        "a/b\r\nX: y",
        "α/b",
        "a/" + "b" * 126,
    ):
        assert failure(Attachment, "x", bad, 1).code == "bad_content_type", bad


def test_guess_type_known_and_unknown_extensions():
    assert guess_type("a.b.PDF") == "application/pdf"
    assert guess_type("fax.tif") == guess_type("fax.tiff") == "image/tiff"
    assert guess_type("σάρωση.jpg") == "image/jpeg"
    for name in ("", "a", "a.exe", ".", "a."):
        assert guess_type(name) == "application/octet-stream"


def test_make_message_id_and_boundary_from_random_bytes():
    assert make_message_id(b"\x00\xff", "mail.example") == "<00ff@mail.example>"
    assert make_boundary(b"\x01\x02") == "=_0102"
