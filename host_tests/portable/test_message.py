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
    assert failure(lambda: build("", [Attachment(bad, "", 1)])).code == "header_injection"


def test_attachment_bad_content_type_is_refused():
    for bad in ("pdf", "a/b/c", "/", "a/", "a/b; x=y", "a b/c", "a/b\r\nX: y", "α/b"):
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
