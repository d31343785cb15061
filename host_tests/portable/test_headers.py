"""core/headers.py: encoding, folding, decoding; nothing injected."""

from mfpmail.core import headerparse, headers
from support import failure

GREEK = "Σάρωση εγγράφου από τον εκτυπωτή του τρίτου ορόφου, σελίδες 1 έως 24"


def lines_of(field):
    assert field.endswith("\r\n")
    return field[:-2].split("\r\n")


def unfold(field):
    return field.replace("\r\n ", " ").split(": ", 1)[1][:-2]


def test_text_field_ascii_stays_readable():
    assert headers.text_field("Subject", "Scan 24") == "Subject: Scan 24\r\n"


def test_text_field_long_ascii_folds_at_spaces():
    subject = " ".join(["word%d" % n for n in range(40)])
    field = headers.text_field("Subject", subject)
    assert all(len(line) <= 78 for line in lines_of(field))
    assert unfold(field) == subject


def test_text_field_greek_becomes_encoded_words():
    field = headers.text_field("Subject", GREEK)
    lines = lines_of(field)
    assert len(lines) > 1
    assert all(len(line) <= 76 for line in lines)
    assert headerparse.decode_words(unfold(field)) == GREEK


def test_text_field_encoded_words_never_divide_a_character():
    for text in (GREEK, "印刷ジョブが完了しました" * 5, "😀📠" * 30, "x" + "😀" * 40):
        for word in unfold(headers.text_field("Subject", text)).split(" "):
            assert len(word) <= 75
            assert "\ufffd" not in headerparse.decode_words(word)


def test_text_field_text_that_looks_encoded_comes_back_as_it_was():
    for text in ("=?utf-8?Q?a?=", " leading", "two  spaces", "x" * 200, "trailing "):
        assert headerparse.decode_words(unfold(headers.text_field("Subject", text))) == text


def test_text_field_empty_is_an_empty_field():
    assert headers.text_field("Subject", "") == "Subject:\r\n"


def test_text_field_control_characters_are_refused():
    for bad in ("a\r\nBcc: x@y.example", "a\nb", "a\rb", "a\0b", "a\tb", "a\x7fb", "a\x85b"):
        assert failure(headers.text_field, "Subject", bad).code == "header_injection"


def test_encode_utf8_lone_surrogate_becomes_replacement():
    text = "a" + chr(0xD83D) + "퀀b" + chr(0xDE00)
    assert headers.encode_utf8(text) == "a\ufffd퀀b\ufffd".encode()


def test_format_address_name_is_quoted_and_escaped():
    assert headers.format_address("", "a@b.example") == "a@b.example"
    assert headers.format_address("MFP, 3rd", "a@b.example") == '"MFP, 3rd" <a@b.example>'
    assert headers.format_address('a"b\\c', "a@b.example") == '"a\\"b\\\\c" <a@b.example>'


def test_format_address_name_comes_back():
    for name in ("Εκτυπωτής", "複合機", 'a"b\\c', "=?x?=", "long name " * 12, "😀"):
        value = headers.format_address(name, "a@b.example")
        assert headerparse.parse_address(value) == (name, "a@b.example")


def test_format_address_injection_is_refused():
    for name in ("a\r\nBcc: x", "a\0"):
        assert failure(headers.format_address, name, "a@b.example").code == "header_injection"
    assert failure(headers.format_address, "", "a@b.example\r\nBcc: x").code == "bad_address"


def test_address_field_many_addresses_fold():
    addresses = ["person%d@mail.example" % n for n in range(20)]
    field = headers.address_field("To", [("Κώστας", "k@mail.example")] + addresses)
    assert all(len(line) <= 78 for line in lines_of(field))
    assert unfold(field).split(", ")[1:] == addresses


def test_check_address_good_ones_pass():
    good = ("a@b", "a.b+c@d-e.example", "o'neil@x.example", "a..b@x.example")
    for address in good + ("l" * 64 + "@x.example",):
        assert headers.check_address(address) == address


def test_check_address_bad_ones_are_refused():
    bad = ("", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b c", "<a@b>", "a@b,c@d", "a@b\r\n")
    bad += ("a\0@b", "a@b..c", "a@.b", "a@b.", '"a b"@c', "a@[::1]", "a:b@c", "a;b@c")
    bad += ("l" * 65 + "@x.example", "a@" + "d" * 64 + ".example", "a@" + "dd." * 84 + "dd")
    for address in bad:
        assert failure(headers.check_address, address).code == "bad_address", address


def test_check_address_domain_beyond_ascii_becomes_a_labels():
    for address, wire in (
        ("a@παράδειγμα.δοκιμή", "a@xn--hxajbheg2az3al.xn--jxalpdlp"),
        ("a@BÜCHER.Example", "a@xn--bcher-kva.Example"),
        ("a@例え。テスト", "a@xn--r8jz45g.xn--zckzah"),
    ):
        assert headers.check_address(address) == wire
        assert headers.format_address("", address) == wire


def test_check_address_local_part_beyond_ascii_stays_as_it_is():
    for address in ("γιάννης@mail.example", "用户.x+y@mail.example", "😀@mail.example"):
        assert headers.check_address(address) == address
        assert headers.address_field("To", [address]) == "To: %s\r\n" % address
    assert headers.check_address("ά@ά.example") == "ά@xn--hxa.example"


def test_check_address_beyond_ascii_bad_ones_are_refused():
    bad = ("ά", "ά@", "@ά.gr", "ά@b@c", "ά b@c", "ά@b c.gr", "ά@β..gr", "ά,x@b", "ά<x@b", "a@β;c")
    bad += ("ά\u200b@b", "ά\xa0@b", "ά\u202e@b", "ά\x85@b", "a@β\u200b.gr", "a@α\u0301.gr")
    bad += ("a@ｅｘ.gr", "a@β\r\n.gr", "ά\0@b", "ά@[::1]", chr(0xD83D) + "@b", "a@" + chr(0xDC00))
    for address in bad:
        assert failure(headers.check_address, address).code == "bad_address", address


def test_check_address_limits_count_bytes():
    for address in ("ά" * 32 + "@x.example", "a@" + "ά" * 40 + ".gr", "a" * 64 + "@x.example"):
        headers.check_address(address)
    for address in ("ά" * 33 + "@x.example", "a" * 65 + "@ά.gr"):
        assert "64 bytes" in failure(headers.check_address, address).message
    for address in ("a@" + "άβ" * 30 + ".gr", "a@" + "άβγδεζ." * 20 + "gr"):
        assert failure(headers.check_address, address).code == "bad_address"


def test_address_field_beyond_ascii_folds_by_characters():
    addresses = ["πρόσωπο%d@mail.example" % n for n in range(20)]
    field = headers.address_field("To", addresses)
    assert all(len(line) <= 78 for line in lines_of(field))
    assert unfold(field).split(", ") == addresses


def test_parameter_field_ascii_is_quoted():
    field = headers.parameter_field("Content-Type", "image/tiff", [("name", "a b.tif")])
    assert field == 'Content-Type: image/tiff; name="a b.tif"\r\n'


def test_parameter_field_every_name_comes_back():
    for name in (
        "a.pdf",
        "σάρωση.pdf",
        GREEK * 4,
        "請求書😀.tif",
        "a" * 300,
        "it's 100%.pdf",
        'a "b" \\c',
        "=?",
    ):
        field = headers.parameter_field("Content-Disposition", "attachment", [("filename", name)])
        assert all(len(line) <= 78 for line in lines_of(field))
        assert headerparse.parse_parameters(unfold(field)) == ("attachment", {"filename": name})


def test_parameter_field_injection_is_refused():
    for value, name in (("attachment", "a\r\nX: y"), ("a\nb", "x")):
        arguments = ("Content-Disposition", value, [("filename", name)])
        assert failure(headers.parameter_field, *arguments).code == "header_injection"


def test_decode_words_q_and_b_and_charsets():
    cases = (
        ("plain", "plain"),
        ("=?utf-8?Q?=CE=B1_b?=", "α b"),
        ("=?UTF-8?b?zrE=?= x", "α x"),
        ("=?iso-8859-1?q?caf=E9?=", "café"),
        ("=?us-ascii*en?Q?abc?=", "abc"),
        ("a =?utf-8?Q?b?= =?utf-8?Q?c?=\t=?utf-8?Q?d?= e", "a bcd e"),
        ("=?utf-8?B?zg==?= =?utf-8?B?sQ==?=", "α"),
    )
    for value, text in cases:
        assert headerparse.decode_words(value) == text, value


def test_decode_words_broken_ones_stay_or_are_replaced():
    cases = (
        ("=?", "=?"),
        ("=?=?=?", "=?=?=?"),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("=?utf-8?Q?abc", "=?utf-8?Q?abc"),
        ("=?utf-8?Q?=FF?=", "\ufffd"),
        ("=?koi8-r?B?8PI=?=", "\ufffd\ufffd"),
        ("=?utf-8?B?!!?=", ""),
        ("=?utf-8?Q?a=0D=0Ab?=", "a  b"),
    )
    for value, text in cases:
        assert headerparse.decode_words(value) == text, value


def test_parse_parameters_quotes_and_escapes():
    value = 'Multipart/Mixed; Boundary="a;b\\"c" ; x=1;y; z = 2 ; x=3'
    main, parameters = headerparse.parse_parameters(value)
    assert main == "multipart/mixed"
    assert parameters == {"boundary": 'a;b"c', "x": "1", "y": "", "z": "2"}


def test_parse_parameters_rfc2231_forms():
    cases = (
        ("filename*=UTF-8''%ce%b1.pdf", "α.pdf"),
        ("filename*=iso-8859-1'en'caf%E9", "café"),
        ('filename*0="a b"; filename*1=c', "a bc"),
        ("filename*1*=%b1; filename*0*=utf-8''%ce; filename*2=.pdf", "α.pdf"),
        ("filename=plain; filename*=utf-8''ext", "ext"),
        ("filename*=utf-8''ext; filename=plain", "ext"),
        ("filename*=%zz%4", "%zz%4"),
        ("filename*=utf-8''%  %", "%  %"),
        ("filename*x=1", "1"),
    )
    for text, name in cases:
        assert headerparse.parse_parameters("attachment; " + text)[1]["filename"] == name, text


def test_parse_parameters_browser_path_keeps_its_backslashes():
    parameters = headerparse.parse_parameters('form-data; filename="C:\\temp\\scan.pdf"')[1]
    assert parameters["filename"] == "C:\\temp\\scan.pdf"


def test_parse_parameters_broken_ones_never_raise():
    for value in ("", ";", ";;=;", '"', 'a; b="', "a; =c", "a; *=b; *0*=c", '"; \\'):
        headerparse.parse_parameters(value)


def test_parse_address_forms():
    cases = (
        ("a@b.example", ("", "a@b.example")),
        ("<a@b.example>", ("", "a@b.example")),
        ("Name <a@b.example>, c@d", ("Name", "a@b.example")),
        ('"Doe, John" <a@b.example>', ("Doe, John", "a@b.example")),
        ("a@b.example (John Doe)", ("John Doe", "a@b.example")),
        ("=?utf-8?Q?=CE=B1?= <a@b.example>", ("α", "a@b.example")),
        ("undisclosed-recipients:;", ("", "")),
        ("", ("", "")),
    )
    for value, mailbox in cases:
        assert headerparse.parse_address(value) == mailbox, value
