"""core/mimeparse.py and core/mimedecode.py: events, defects, every cut of the input."""

from mfpmail.core import mimeparse
from mfpmail.core.headerparse import decode_words, parse_address
from mfpmail.core.mimeparse import DATA, PART_BEGIN, PART_END, MimeParser, clean_file_name

MIXED = b"""Received: by mail.example; Mon, 23 Nov 2026 20:00:00 +0000
From: =?utf-8?Q?=CE=91?= <a@mail.example>
To: office@mail.example
Subject: two
 lines
Date: Mon, 23 Nov 2026 20:00:00 +0000
Message-ID: <1@mail.example>
Content-Type: multipart/mixed; boundary="outer"

This is the preamble.
--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

=CE=B1 =3D soft =
break
--outer is text
--inner
Content-Type: text/html

<p>
--inner--
epilogue of inner
--outer
Content-Type: application/pdf; name="=?utf-8?Q?=CF=83.pdf?="
Content-Disposition: attachment
Content-Transfer-Encoding: BASE64

AAECAwQF
BgcICQ==

--outer--
epilogue
""".replace(b"\n", b"\r\n")

FORM = (
    b"--XX\r\n"
    b'Content-Disposition: form-data; name="to"\r\n\r\na@b.example\r\n'
    b"--XX\r\n"
    b'Content-Disposition: form-data; name="file"; filename="\xcf\x83.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n"
    b"\x00\r\n--X\r\n--XY\r\r\n\n\xff\r\n--XX--\r\n"
)
FORM_TYPE = "multipart/form-data; boundary=XX"


def events_of(data, step=None, **options):
    """Return the events as [(kind, depth, content)], adjacent DATA joined, and the parser."""
    parser = MimeParser(**options)
    found = []
    blocks = [data[at : at + step] for at in range(0, len(data), step)] if step else [data]
    for block in blocks + [None]:
        for kind, value in parser.close() if block is None else parser.feed(block):
            if kind == PART_BEGIN:
                found.append([kind, value.depth, value.content_type])
            elif kind == PART_END:
                found.append([kind, value.depth, sorted(value.defects)])
            elif found[-1][0] == DATA:
                found[-1][2] += bytes(value)
            else:
                found.append([kind, None, bytes(value)])
    return found, parser


def parts_of(data, **options):
    """Return ([(Part, content)], parser)."""
    parser = MimeParser(**options)
    parts = []
    for kind, value in parser.feed(data) + parser.close():
        if kind == PART_BEGIN:
            parts.append([value, b""])
        elif kind == DATA:
            parts[-1][1] += bytes(value)
    return parts, parser


def single(body, header=b""):
    parts, parser = parts_of(header + b"\r\n" + body)
    assert len(parts) == 1
    return parts[0][1], parser.defects


def test_parser_mixed_message_gives_all_events():
    found, parser = events_of(MIXED)
    assert found == [
        [PART_BEGIN, 0, "multipart/mixed"],
        [PART_BEGIN, 1, "multipart/alternative"],
        [PART_BEGIN, 2, "text/plain"],
        [DATA, None, "α = soft break\r\n--outer is text".encode()],
        [PART_END, 2, []],
        [PART_BEGIN, 2, "text/html"],
        [DATA, None, b"<p>"],
        [PART_END, 2, []],
        [PART_END, 1, []],
        [PART_BEGIN, 1, "application/pdf"],
        [DATA, None, bytes(range(10))],
        [PART_END, 1, []],
        [PART_END, 0, []],
    ]
    assert parser.defects == []


def test_parser_any_step_gives_the_same_events():
    for data, options in (
        (MIXED, {}),
        (MIXED.replace(b"\r\n", b"\n"), {}),
        (FORM, {"content_type": FORM_TYPE}),
        (MIXED[:-30], {}),
        (MIXED, {"max_parts": 3}),
        (MIXED, {"max_depth": 1}),
        (MIXED, {"max_header_bytes": 60}),
    ):
        whole = events_of(data, **options)[0]
        for step in (1, 2, 3, 5, 7, 64, 1000):
            assert events_of(data, step, **options)[0] == whole, step


def test_parser_message_header_is_kept():
    part = parts_of(MIXED)[0][0][0]
    assert part.headers["subject"] == "two lines"
    assert part.headers["from"] == "=?utf-8?Q?=CE=91?= <a@mail.example>"
    assert part.headers["message-id"] == "<1@mail.example>"
    assert "received" not in part.headers


def test_parser_parts_tell_what_they_are():
    parts = [part for part, _ in parts_of(MIXED)[0]]
    assert [part.is_multipart for part in parts] == [True, True, False, False, False]
    assert [part.is_attachment for part in parts] == [False, False, False, False, True]
    assert parts[4].file_name == "σ.pdf"
    assert parts[2].parameters == {"charset": "utf-8"}


def test_parser_form_keeps_binary_content():
    parts, parser = parts_of(FORM, content_type=FORM_TYPE)
    assert [(p.name, p.file_name, data) for p, data in parts] == [
        ("to", "", b"a@b.example"),
        ("file", "σ.bin", b"\x00\r\n--X\r\n--XY\r\r\n\n\xff"),
    ]
    assert parser.defects == []


def test_parser_form_empty_parts_and_bodies():
    part = b'--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
    for body in (part + b"\r\n--XX--\r\n", part + b"--XX--", b"junk\r\n" + part + b"\r\n--XX--"):
        parts, parser = parts_of(body, content_type=FORM_TYPE)
        assert [(p.name, data) for p, data in parts] == [("a", b"")]
        assert parser.defects == []


def test_parser_form_cut_off_is_truncated():
    for end in range(len(FORM) - 4):
        assert parts_of(FORM[:end], content_type=FORM_TYPE)[1].defects == [mimeparse.TRUNCATED]


def test_parser_form_without_boundary_gives_nothing():
    parts, parser = parts_of(FORM, content_type="multipart/form-data")
    assert parts == [] and parser.defects == [mimeparse.NO_BOUNDARY]


def test_parser_missing_close_delimiter_is_marked():
    found, _ = events_of(MIXED[: MIXED.find(b"BgcI")])
    assert found[-2:] == [[PART_END, 1, ["truncated"]], [PART_END, 0, ["truncated"]]]
    assert found[-3] == [DATA, None, bytes(range(6))]


def test_parser_inner_close_delimiter_missing_ends_inner_only():
    found, _ = events_of(MIXED.replace(b"--inner--\r\n", b""))
    assert [PART_END, 1, ["truncated"]] in found
    assert found[-1] == [PART_END, 0, []]


def test_parser_multipart_without_boundary_is_one_block():
    data, defects = single(b"--x\r\n\r\nabc", b"Content-Type: multipart/mixed\r\n")
    assert data == b"--x\r\n\r\nabc" and defects == [mimeparse.NO_BOUNDARY]


def test_parser_too_deep_is_one_block():
    parts, _ = parts_of(MIXED, max_depth=1)
    assert [p.content_type for p, _ in parts][1] == "multipart/alternative"
    assert parts[1][1].startswith(b"--inner\r\n") and not parts[1][0].is_multipart
    assert parts[1][0].defects == [mimeparse.LIMIT] and len(parts) == 3


def test_parser_too_many_parts_are_left_out():
    parts, parser = parts_of(MIXED, max_parts=3)
    assert len(parts) == 3 and parser.defects == [mimeparse.LIMIT]


def test_parser_enclosed_message_is_one_attachment():
    header = b"Content-Type: message/rfc822\r\n"
    parts, _ = parts_of(header + b"\r\n" + MIXED)
    assert len(parts) == 1 and parts[0][0].is_attachment and parts[0][1] == MIXED


def test_parser_header_beyond_the_limit_is_cut_and_the_body_comes():
    parser = MimeParser(max_header_bytes=16384)
    for _ in range(5000):
        assert parser.feed(b"X: y\r\n") == []
    events = parser.feed(b"From: a@b\r\n\r\nbody") + parser.close()
    assert [kind for kind, _ in events] == [PART_BEGIN, DATA, PART_END]
    assert events[0][1].defects == [mimeparse.HEADER_CUT] and events[0][1].headers == {}
    assert bytes(events[1][1]) == b"body"


def test_parser_long_header_line_is_cut_and_the_next_is_read():
    parser = MimeParser()
    parser.feed(b"Subject: ")
    for _ in range(40):
        assert parser.feed(b"y" * 1000) == []
    part = parser.feed(b"\r\nFrom: a@b\r\n\r\n")[0][1]
    assert 2000 < len(part.headers["subject"]) <= 2048 and part.headers["from"] == "a@b"
    assert part.defects == [mimeparse.HEADER_CUT]


def test_parser_header_alone_and_nothing_at_all():
    assert [p.headers for p, _ in parts_of(b"From: a@b")[0]] == [{"from": "a@b"}]
    assert events_of(b"")[0] == [[PART_BEGIN, 0, "text/plain"], [PART_END, 0, []]]


def test_parser_part_without_blank_line_is_empty():
    data = MIXED.replace(b"text/html\r\n\r\n<p>\r\n", b"text/html\r\n")
    found, _ = events_of(data)
    at = found.index([PART_BEGIN, 2, "text/html"])
    assert found[at + 1] == [PART_END, 2, []]


def test_parser_garbage_in_the_header_is_no_error():
    for header in (b"\x00\xff\xfe:\r\n", b" starts folded\r\n", b"no colon\r\n", b"::\r\n--\r\n"):
        assert single(b"x", header) == (b"x", [])


def test_base64_other_line_lengths_and_ends():
    header = b"Content-Transfer-Encoding: base64\r\n"
    text = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
    for length in (1, 3, 4, 5, 8, 33):
        for line_end in (b"\r\n", b"\n", b" \r\n\t"):
            lines = [text[at : at + length] for at in range(0, len(text), length)]
            body = line_end.join(lines) + line_end
            assert single(body, header) == (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", [])


def test_base64_damage_is_marked_and_skipped():
    header = b"Content-Transfer-Encoding: base64\r\n"
    cases = (
        (b"QU!JD\x00", b"ABC"),
        (b"QUI=QUJD", b"AB"),
        (b"QUI=\r\nQUJD\r\n", b"AB"),
        (b"QUJDQ", b"ABC"),
        (b"QUI", b"AB"),
        (b"-----", b""),
        (b"Q===", b""),
        (b"QUI!", b"AB"),
        (b"QUJDQU!", b"ABCA"),
        (b"=QUJD", b"ABC"),
        (b"Q=UJD", b"ABC"),
        (b"QU=JDQUJD", b"ABCABC"),
        (b"QUJDQ=UJDQU", b"ABCABCA"),
        (b"Q" + b"=" * 500 + b"UJD", b"ABC"),
    )
    for body, data in cases:
        assert single(body, header) == (data, [mimeparse.DAMAGED]), body


def test_quoted_printable_forms():
    header = b"Content-Transfer-Encoding: Quoted-Printable\r\n"
    cases = (
        (b"a=3Db=e9=E9", b"a=b\xe9\xe9", []),
        (b"a=\r\nb= \t\r\nc=\nd", b"abcd", []),
        (b"end=", b"end", []),
        (b"a=zz=4", b"a=zz=4", [mimeparse.DAMAGED]),
        (b"a==41", b"a=A", [mimeparse.DAMAGED]),
        (b"a=  b", b"a=  b", [mimeparse.DAMAGED]),
        (b"a=" + b" " * 100 + b"\r\nb", b"a=" + b" " * 100 + b"\r\nb", [mimeparse.DAMAGED]),
    )
    for body, data, defects in cases:
        assert single(body, header) == (data, defects), body


def test_clean_file_name_paths_and_controls_are_removed():
    cases = (
        ("a.pdf", "a.pdf"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\a.pdf", "a.pdf"),
        ("..", ""),
        (".", ""),
        ("a/", ""),
        ("=?utf-8?B?zrEucGRm?=", "α.pdf"),
        ("=?utf-8?Q?..=2Fa?=", "a"),
        ("fdp\u202e.exe", "fdp.exe"),
        (" a\x00b ", "a b"),
    )
    for value, name in cases:
        assert clean_file_name(value) == name, value
    assert len(clean_file_name("x" * 500 + ".pdf")) == 128


# Boundaries


def test_boundary_that_never_comes_is_truncated():
    found, parser = events_of(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--c\r\n\r\nx")
    assert [event[0] for event in found] == [PART_BEGIN, PART_END]
    assert parser.defects == [mimeparse.TRUNCATED]


def test_boundary_that_is_the_beginning_of_another_line_does_not_divide():
    body = b"--bb\r\n--b-\r\n--b--x\r\n --b\r\n\r--b\r\nx--b\r\n-- b"
    data = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + body + b"\r\n--b--"
    assert [content for _, content in parts_of(data)[0]] == [b"", body]


def test_boundary_with_blanks_behind_it_divides():
    for blanks in (b" ", b"\t ", b" " * 200):
        data = MIXED.replace(b"--outer\r\n", b"--outer" + blanks + b"\r\n")
        data = data.replace(b"--outer--", b"--outer--" + blanks)
        assert events_of(data)[0] == events_of(MIXED)[0]


def test_boundary_of_the_outer_one_inside_the_inner_ends_both():
    inner = b"Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nx\r\n"
    data = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + inner
    parts, parser = parts_of(data + b"--b\r\n\r\ny\r\n--b--")
    assert [(p.depth, content) for p, content in parts] == [
        (0, b""),
        (1, b""),
        (2, b"x"),
        (1, b"y"),
    ]
    assert parser.defects == [mimeparse.TRUNCATED] and parts[1][0].defects == parser.defects


def test_boundary_of_two_multiparts_may_be_the_same():
    inner = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"
    data = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + inner + b"--b--"
    parts, _ = parts_of(data)
    assert [content for _, content in parts] == [b"", b"", b"x"]


def test_boundary_that_cannot_be_used_leaves_one_block():
    for boundary in (b'""', b'"   "', b""):
        header = b"Content-Type: multipart/mixed; boundary=" + boundary + b"\r\n"
        data, defects = single(b"--x\r\nabc", header)
        assert data == b"--x\r\nabc" and defects == [mimeparse.NO_BOUNDARY]
    long = b"Content-Type: multipart/mixed; boundary=" + b"x" * 201 + b"\r\n"
    assert single(b"--" + b"x" * 201, long) == (b"--" + b"x" * 201, [mimeparse.LIMIT])


def test_boundary_of_strange_characters_divides():
    for boundary in ("=_a;b", "σύνορο", "a b", "'()+_,-./:=?"):
        data = 'Content-Type: multipart/mixed; boundary="%s"\n\n--%s\n\nx\n--%s--' % (
            (boundary,) * 3
        )
        assert [content for _, content in parts_of(data.encode())[0]] == [b"", b"x"]


# Parts


def test_part_of_a_digest_is_a_message():
    data = b"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\ny\n--b--"
    parts, _ = parts_of(data)
    assert parts[1][0].content_type == "message/rfc822" and parts[1][1] == b"Subject: x\n\ny"


def test_part_with_a_strange_type_is_text():
    for value in (b"", b"text", b"a/b/c", b";x=y", b"\0"):
        part = parts_of(b"Content-Type: " + value + b"\r\n\r\n")[0][0][0]
        assert part.content_type == "text/plain", value
    part = parts_of(b"Content-Type: Text/HTML (a comment); charset=x\r\n\r\n")[0][0][0]
    assert part.content_type == "text/html" and part.parameters == {"charset": "x"}


def test_part_encoding_is_read_whatever_stands_around_it():
    for value in (b"base64", b" BASE64 ", b"Base64; x=y", b"base64 (a comment)"):
        assert single(b"QUJD", b"Content-Transfer-Encoding: " + value + b"\r\n") == (b"ABC", [])


def test_part_names_of_all_forms_are_read():
    greek = "σάρωση.pdf"
    cases = (
        (b'attachment; filename="a b.pdf"', "a b.pdf"),
        (b"attachment; filename=a.pdf", "a.pdf"),
        (b'attachment; filename="' + greek.encode() + b'"', greek),
        (b"attachment; filename*=utf-8'el'%CF%83%CE%AC%CF%81%CF%89%CF%83%CE%B7.pdf", greek),
        (b"attachment; filename*0*=UTF-8''%CF%83%CE%AC%CF; filename*1*=%81%CF%89%CF%83%CE%B7;"
         b' filename*2=".pdf"', greek),
        (b"attachment; filename*1=b.pdf; filename*0=a", "ab.pdf"),
        (b"attachment; filename*=iso-8859-7''%F3%DC%F1%F9%F3%E7.pdf", greek),
        (b'attachment; filename="=?windows-1253?Q?=F3=DC=F1=F9=F3=E7?=.pdf"', greek),
        (b'attachment; filename="=?utf-8?B?z4POrM+Bz4nPg863LnBkZg==?="', greek),
        (b"attachment; filename*=iso-8859-1''%FCber.pdf", "über.pdf"),
        (b"attachment; filename*=unknown''%FF.pdf", "\ufffd.pdf"),
        (b"attachment; filename*=%41.pdf", "A.pdf"),
        (b'attachment; filename="unclosed.pdf', "unclosed.pdf"),
    )  # fmt: skip
    for value, name in cases:
        part = parts_of(b"Content-Disposition: " + value + b"\r\n\r\n")[0][0][0]
        assert part.file_name == name, (value, part.file_name)


def test_words_in_the_charsets_of_greece_and_western_europe_are_read():
    cases = (
        ("iso-8859-7", b"\xc6\xdd\xfe\xb6\xb8\xbc\xa1x\xa2\xbb", "Ζέώ\u0386ΈΌ‘x’»"),
        ("windows-1253", b"\xc6\xdd\xfe\xa2\xb8\xbc\x80\xbb\xb5", "Ζέώ\u0386ΈΌ€»µ"),
        ("windows-1252", b"\x93M\xfcnchen\x94 \x80", "“München” €"),
        ("iso-8859-15", b"\xa4 \xe9", "€ é"),
        ("ISO-8859-1", b"\xa4 \xe9", "¤ é"),
    )
    for charset, data, text in cases:
        escaped = "".join(["=%02X" % byte for byte in data])
        assert decode_words("=?%s?Q?%s?=" % (charset, escaped)) == text, charset


# NUL bytes


def test_nul_bytes_pass_in_a_body_and_do_no_harm_elsewhere():
    assert single(b"\0a\0\r\n\0") == (b"\0a\0\r\n\0", [])
    part = parts_of(b"\0From: x\r\nFrom: a\0@b\r\nSubject:\0\r\n\r\n")[0][0][0]
    assert parse_address(part.headers["from"]) == ("", "a @b")
    assert parts_of(b"Content-Type: a\0/b; name=\0.pdf\r\n\r\n")[0][0][0].file_name == ".pdf"
    data = MIXED.replace(b"--outer\r\n", b"--outer\0\r\n", 1)
    assert parts_of(data)[1].defects == [] and len(parts_of(data)[0]) == 2
