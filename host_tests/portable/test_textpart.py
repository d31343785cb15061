"""core/textpart.py and Utf8Check: the text of a mail in pieces, wherever it is cut."""

import binascii

from mfpmail.core.text import Utf8Check
from mfpmail.core.textpart import fits_7bit, in_base64, wire_lines


def cut(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


def test_wire_lines_any_cut_gives_the_same_repaired_lines():
    text = b"one\r\ntwo\nthree\rfour\r\n\r\n\n\rend"
    expected = b"one\r\ntwo\r\nthree\r\nfour\r\n\r\n\r\n\r\nend\r\n"
    for size in range(1, len(text) + 1):
        assert b"".join(wire_lines(cut(text, size))) == expected


def test_wire_lines_last_line_end_is_added_only_when_it_is_missing():
    for text, expected in ((b"", b""), (b"x", b"x\r\n"), (b"x\n", b"x\r\n"), (b"\r", b"\r\n")):
        for size in (1, 2, 3):
            assert b"".join(wire_lines(cut(text, size))) == expected


def test_fits_7bit_line_of_998_characters_fits_and_one_more_does_not():
    for size in (1, 7, 999, 2000):
        assert fits_7bit(wire_lines(cut(b"a\n" + b"x" * 998 + b"\ny", size)))
        assert not fits_7bit(wire_lines(cut(b"a\n" + b"x" * 999 + b"\ny", size)))
        assert not fits_7bit(wire_lines(cut(b"x" * 999, size)))


def test_fits_7bit_anything_but_ascii_does_not():
    assert fits_7bit([b"tab\t and ~\r\n"])
    for text in (b"\0", "\u03a9".encode(), b"\x7f"):
        assert not fits_7bit([b"ok\r\n", text])


def test_fits_7bit_reads_to_the_end_so_that_the_file_is_closed():
    closed = []

    def pieces():
        try:
            yield b"\xff\r\n"
            yield b"more\r\n"
        finally:
            closed.append(True)

    assert not fits_7bit(pieces())
    assert closed


def test_in_base64_any_cut_gives_the_same_lines():
    data = bytes(range(256)) * 9
    expected = None
    for size in (10, 56, 57, 683, 684, 685, 3000):
        wire = b"".join(in_base64(cut(data, size)))
        assert binascii.a2b_base64(wire) == data
        assert all(len(line) == 76 for line in wire.split(b"\r\n")[:-2])
        assert expected in (None, wire)
        expected = wire
    assert list(in_base64([])) == []


def test_utf8_check_accepts_characters_cut_anywhere():
    data = "a\u03a9\u20ac\U0001f600z".encode()
    for size in range(1, len(data) + 1):
        check = Utf8Check()
        assert all(check.accepts(piece) for piece in cut(data, size))
        assert check.complete


def test_utf8_check_refuses_what_is_none():
    for data in (b"\xff", b"a\x80b", b"\xce", b"\xf0\x9f\x98"):
        check = Utf8Check()
        assert not (all(check.accepts(piece) for piece in cut(data, 1)) and check.complete)
