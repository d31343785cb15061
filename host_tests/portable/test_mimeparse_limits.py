"""core/mimeparse.py takes bounded memory, whatever comes, and says what it left out."""

from vectors import hostile
from vectors.heap import live_bytes, peak_growth

from mfpmail.core import mimeparse
from mfpmail.core.headerparse import decode_words, parse_address, parse_parameters
from mfpmail.core.mimeparse import DATA, PART_BEGIN, PART_END, MimeParser, clean_file_name


def counted(pieces, **options):
    """Return (how many parts, length of all their contents, parser); keeps no part."""
    parser = MimeParser(**options)
    parts = length = 0
    for block in hostile.blocks(pieces):
        for kind, value in parser.events(block):
            parts += kind == PART_BEGIN
            length += len(value) if kind == DATA else 0
    assert all(kind == PART_END for kind, _ in parser.close())
    return parts, length, parser


def taken(pieces, **options):
    """Return ([[Part, length of its content]], parser) of a mail that comes in blocks."""
    parser = MimeParser(**options)
    parts = []
    for block in hostile.blocks(pieces):
        take(parser.events(block), parts)
    take(parser.close(), parts)
    return parts, parser


def take(events, parts):
    for kind, value in events:
        if kind == PART_BEGIN:
            parts.append([value, 0])
        elif kind == DATA:
            parts[-1][1] += len(value)


def growth(pieces, **options):
    """Return the live memory that a mail took at most while it was parsed, and the parser."""
    parser = MimeParser(**options)

    def consume(block):
        for _ in parser.events(block):
            pass

    return peak_growth(consume, hostile.blocks(pieces), every=16), parser


def test_parser_fields_behind_a_long_header_are_read():
    for field in (b"X-Trace: y\r\n", b"Received: by a\r\n\tfor b\r\n", b"X" * 70 + b"\r\n"):
        part = taken(hostile.long_header(field, 200000))[0][0][0]
        assert part.headers["from"] == "a@mail.example" and part.content_type == "text/html"
        assert part.defects == []


def test_header_of_megabytes_takes_no_memory_and_ends():
    fields = (
        b"X-Trace: %s\r\n" % (b"y" * 60),
        b"Subject: %s\r\n" % (b"y" * 60),
        b"Subject: %s\r\n" % (b"y" * 3000),
        b" folded %s\r\n" % (b"y" * 60),
        b"y" * 100,  # one line
        b":" * 30 + b"\r\n",
        b"\0",
        b"Content-Type: text/plain; %s\r\n" % (b"a=b;" * 400),
    )
    for field in fields:
        grown, parser = growth(hostile.long_header(field, 2200000))
        assert grown < 16000, (field[:20], grown)
        assert parser.close()[-1][0] == PART_END
        # A single line, however long, is passed, and the fields behind it are read.
        is_line = not field.endswith(b"\n")
        assert parser.defects == ([] if is_line else [mimeparse.HEADER_CUT]), field[:20]


def test_header_of_a_subject_folded_for_megabytes_is_cut():
    part = taken([b"Subject: a\r\n"] + [b" y\r\n"] * 2000 + [b"From: a@b\r\n\r\n"])[0][0][0]
    assert 2000 < len(part.headers["subject"]) <= 2048 and part.headers["from"] == "a@b"
    assert part.defects == [mimeparse.HEADER_CUT]


def test_header_kept_fields_are_bounded_together():
    names = (b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Content-Type", b"Content-ID")
    lines = [name + b": " + b"y" * 2000 + b"\r\n" for name in names]
    part = taken(lines + [b"\r\n"])[0][0][0]
    assert sum(len(value) for value in part.headers.values()) <= 6144
    assert part.defects == [mimeparse.HEADER_CUT]
    lines.insert(0, b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n")
    part = taken(lines + [b"\r\n--b--"])[0][1][0]
    assert sum(len(value) for value in part.headers.values()) <= 2048


def test_thousand_parts_all_come():
    parts, length, parser = counted(hostile.many_parts(1000), max_parts=1001)
    assert (parts, length, parser.defects) == (1001, 1000, [])


def test_thousand_parts_beyond_the_limit_are_left_out():
    parts, length, parser = counted(hostile.many_parts(1000))
    assert (parts, length, parser.defects) == (100, 99, [mimeparse.LIMIT])


def test_thousand_small_parts_take_the_memory_of_one():
    for part in (b"\r\n", b"\n", b"", hostile.PLAIN + b"x\r\n"):
        grown, _ = growth(hostile.many_parts(5000, part), max_parts=100000)
        assert grown < 12000, (part, grown)


def test_depth_of_a_hundred_is_cut_with_a_clear_result():
    found, parser = taken(hostile.deep(100))
    assert parser.defects == [mimeparse.LIMIT]
    assert [part.depth for part, _ in found] == list(range(21))
    last, length = found[-1]
    assert last.content_type == "multipart/mixed" and not last.is_multipart
    assert last.defects == [mimeparse.LIMIT] and length > 5000
    grown, _ = growth(hostile.deep(100))
    assert grown < 24000, grown


def test_depth_within_the_limit_is_followed():
    for close in (True, False):
        found, parser = taken(hostile.deep(20, close))
        assert [part.depth for part, _ in found] == list(range(21))
        assert found[-1][0].content_type == "text/plain" and found[-1][1] >= 8
        assert parser.defects == ([] if close else [mimeparse.TRUNCATED])


def test_depth_of_a_hundred_when_asked_for():
    parts, length, parser = counted(hostile.deep(100), max_depth=100, max_parts=101)
    assert (parts, length, parser.defects) == (101, 8, [])


def test_files_of_every_encoding_take_the_same_memory_however_long():
    cases = (
        (b"base64", b"QUJD" * 19 + b"\r\n", 57 / 78),
        (b"base64", b"QUJD" * 19 + b"\n", 57 / 77),
        (b"base64", b"QUJD" * 100, 3 / 4),
        (b"base64", b"QUJDQ\r\nUJDQU\r\nJDQUJ\r\nDQUJD\r\n", 15 / 28),
        (b"quoted-printable", b"plain text =3D and =\r\n", 17 / 22),
        (b"7bit", b"plain text\r\n", 1),
        (b"8bit", b"\xce\xb1\xff text\r\n", 1),
        (b"binary", bytes(range(256)), 1),
        (b"x-unknown", bytes(64), 1),
        (b"binary", b"\r\n--bb\r\n--\r\n--a", 1),
        (b"binary", b"\n" * 64, 1),
        (b"binary", b"\r" * 64, 1),
    )
    for encoding, line, ratio in cases:
        total = 300000 // len(line) * len(line)
        grown, parser = growth(hostile.file_of(encoding, line, total))
        assert grown < 12000 and parser.defects == [], (encoding, grown, parser.defects)
        found, parser = taken(hostile.file_of(encoding, line, total))
        assert len(found) == 2 and found[1][0].file_name == "a.pdf"
        assert abs(found[1][1] - total * ratio) <= 4, (encoding, found[1][1], total * ratio)


def test_damage_of_any_length_takes_the_same_memory():
    for encoding, line in (
        (b"base64", b"!!!! ----\0\xff\r\n"),
        (b"base64", b"QUI=" * 8),
        (b"base64", b"=" * 64),
        (b"base64", b"Q\r\n"),
        (b"quoted-printable", b"=zz=" * 8),
        (b"quoted-printable", b"=" * 64),
        (b"quoted-printable", b"= " * 64),
        (b"quoted-printable", b"=" + b" " * 63),
    ):
        grown, _ = growth(hostile.file_of(encoding, line, 60000))
        assert grown < 12000, (encoding, line, grown)


def test_names_leave_nothing_behind():
    """MicroPython keeps every character that was ever taken out of a text, for good."""
    for read in (decode_words, parse_parameters, parse_address, clean_file_name):
        read("a@b; " + characters(0x3000, 50))
        before = live_bytes()
        for first in range(0x4E00, 0x5E00, 64):
            read("a@b; n=" + characters(first, 64))
        assert live_bytes() - before < 2000, read


def characters(first, count):
    """Return a text of successive characters of three bytes, none of which is made alone."""
    data = bytearray()
    for code in range(first, first + count):
        data.extend(bytes((0xE0 | code >> 12, 0x80 | code >> 6 & 63, 0x80 | code & 63)))
    return bytes(data).decode()


def test_parameters_without_end_are_bounded():
    found = parse_parameters("a/b" + ";".join(["x%d=y" % n for n in range(500)]))[1]
    assert len(found) <= 64
