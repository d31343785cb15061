"""core/tiff.py: fax profiles, byte orders, chains of pages, and files made to do harm."""

import struct

from mfpmail.core import tiff
from mfpmail.core.filetypes import nothing_known

BYTE, SHORT, LONG, RATIONAL = 1, 3, 4, 5
SIZES = {BYTE: "B", SHORT: "H", LONG: "I"}

# Profile S as a fax machine writes it (RFC 2301 section 3.5.1).
FAX = {
    254: (LONG, [2]),
    256: (SHORT, [1728]),
    257: (SHORT, [1100]),
    258: (SHORT, [1]),
    259: (SHORT, [3]),
    262: (SHORT, [0]),
    266: (SHORT, [2]),
    277: (SHORT, [1]),
    278: (SHORT, [1100]),
    282: (RATIONAL, [(204, 1)]),
    283: (RATIONAL, [(98, 1)]),
    292: (LONG, [0]),
    296: (SHORT, [2]),
    297: (SHORT, [0, 1]),
}


def fax(**changes):
    """Return the fields of a fax page; `t259=4` is the first number of that tag, None leaves the
    tag out, a tuple is a fraction."""
    fields = dict(FAX)
    for name, value in changes.items():
        tag = int(name[1:])
        if value is None:
            del fields[tag]
        else:
            kind = RATIONAL if isinstance(value, tuple) else FAX.get(tag, (LONG,))[0]
            fields[tag] = (kind, [value])
    return fields


def build(pages, order="<", strips=1, data=b"\x55" * 40):
    """Return a TIFF: each page's directory, the numbers that do not fit into it, its strips."""
    out = bytearray((b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "I", 8))
    for index, fields in enumerate(pages):
        fields = dict(fields)
        fields[273] = (LONG, [0] * strips)
        fields[279] = (LONG, [len(data)] * strips)
        start = len(out)
        extra = start + 2 + 12 * len(fields) + 4
        values = b""
        after = extra + sum(size_of(f) for f in fields.values() if size_of(f) > 4)
        fields[273] = (LONG, [after + n * len(data) for n in range(strips)])
        out += struct.pack(order + "H", len(fields))
        for tag in sorted(fields):
            kind, numbers = fields[tag]
            packed = pack(order, kind, numbers)
            if len(packed) > 4:
                values += packed
                packed = struct.pack(order + "I", extra + len(values) - len(packed))
            packed += bytes(4 - len(packed))
            out += struct.pack(order + "HHI", tag, kind, len(numbers)) + packed
        is_last = index == len(pages) - 1
        out += struct.pack(order + "I", 0 if is_last else after + strips * len(data))
        out += values + data * strips
    return bytes(out)


def size_of(field):
    return len(pack("<", field[0], field[1]))


def pack(order, kind, numbers):
    if kind == RATIONAL:
        return b"".join([struct.pack(order + "II", *pair) for pair in numbers])
    return b"".join([struct.pack(order + SIZES[kind], number) for number in numbers])


def described(data, reads=None):
    """Return what is found in a file; counts the reads."""

    def read_at(offset, count):
        assert offset >= 0 and offset + count <= len(data) and count <= 64 * 12
        if reads is not None:
            reads.append((offset, count))
        return data[offset : offset + count]

    return tiff.describe(read_at, len(data))


def profile_of(order="<", strips=1, **changes):
    return described(build([fax(**changes)], order, strips))["fax_profile"]


def test_fax_page_is_described():
    expected = nothing_known("image/tiff")
    expected.update({"pages": 1, "width": 1728, "height": 1100, "resolution_dpi": (204, 98)})
    expected["fax_profile"] = "S"
    assert described(build([fax()])) == expected


def test_profile_s_takes_the_resolutions_of_the_smallest_machine():
    for x, y in ((204, 98), (204, 196), (200, 100), (200, 200)):
        assert profile_of(t282=(x, 1), t283=(y, 1)) == "S"
    assert profile_of(t292=4) == "S"  # end-of-line codes on byte borders
    assert profile_of(t282=(2040, 10), t283=(196000, 1000)) == "S"


def test_profile_f_is_what_a_smallest_machine_need_not_print():
    for changes in (
        {"order": ">"},
        {"t256": 2048},
        {"t256": 2432},
        {"t259": 4},
        {"t262": 1},
        {"t266": 1},
        {"t266": None},
        {"t283": (391, 1)},
        {"t292": 1},
        {"t292": 5},
        {"strips": 3},
        {"t296": 3, "t282": (8031, 100), "t283": (385, 10)},  # dots a centimetre
    ):
        assert profile_of(**changes) == "F", changes


def test_profile_f_every_resolution_with_its_widths():
    good = (
        ((200, 100), (1728, 2048, 2432)),
        ((200, 200), (1728, 2048, 2432)),
        ((204, 98), (1728, 2048, 2432)),
        ((204, 196), (1728, 2048, 2432)),
        ((204, 391), (1728, 2048, 2432)),
        ((300, 300), (2592, 3072, 3648)),
        ((400, 400), (3456, 4096, 4864)),
        ((408, 391), (3456, 4096, 4864)),
    )
    widths = {width for _, row in good for width in row}
    for (x, y), row in good:
        for width in widths:
            found = profile_of(t259=4, t256=width, t282=(x, 1), t283=(y, 1))
            assert found == ("F" if width in row else ""), (x, y, width)


def test_profile_j_is_jbig():
    assert profile_of(t259=9) == profile_of(t259=9, order=">", t262=1) == "J"
    assert profile_of(t259=9, t256=1000) == ""


def test_other_images_are_no_fax():
    for changes in (
        {"t256": 1000},
        {"t258": 8},
        {"t259": 1},
        {"t259": None},
        {"t259": 2},  # T.4 without line ends: TIFF has it, fax has not
        {"t259": 5},
        {"t259": 7},  # JPEG: the colour profile C
        {"t262": 2},
        {"t277": 3},
        {"t282": (300, 1)},
        {"t282": None},
        {"t283": (0, 1)},
        {"t283": (98, 0)},
        {"t292": 2},  # uncompressed mode
        {"t259": 4, "t293": 2},
        {"t296": 1},
    ):
        assert profile_of(**changes) == "", changes


def test_fields_that_change_nothing_may_be_missing():
    assert profile_of(t254=None, t297=None, t258=None, t277=None, t278=None, t292=None) == "S"
    assert profile_of(t262=None, t296=None) == "S"


def test_numbers_of_every_type_are_read():
    for kind in (BYTE, SHORT, LONG):
        for order in "<>":
            fields = fax()
            fields[257] = (kind, [200])
            fields[256] = (LONG if kind == LONG else SHORT, [1728])
            found = described(build([fields], order))
            assert (found["width"], found["height"]) == (1728, 200)
    assert described(build([fax(t258=None, t296=3)]))["resolution_dpi"] == (518, 249)


def test_pages_of_both_byte_orders_are_counted():
    for order in "<>":
        for count in (1, 2, 7, 40):
            found = described(build([fax()] * count, order))
            assert found["pages"] == count and not found["truncated"]


def test_pages_of_different_profiles_have_the_common_one():
    s, f, j, none = fax(), fax(t259=4), fax(t259=9), fax(t259=1)
    for pages, profile in (
        ([s, s], "S"),
        ([s, f], "F"),
        ([f, s, f], "F"),
        ([j, j], "J"),
        ([s, j], ""),
        ([f, none], ""),
        ([none], ""),
    ):
        assert described(build(pages))["fax_profile"] == profile


def test_first_page_tells_the_size_and_previews_do_not_count():
    preview = fax(t254=1, t256=100, t257=80)
    found = described(build([preview, fax(), fax(t257=2000), preview]))
    assert (found["pages"], found["width"], found["height"]) == (2, 1728, 1100)
    assert found["fax_profile"] == "S"


def test_too_many_pages_are_not_counted_to_the_end():
    page = build([fax()], data=b"")[8:]
    for count, pages in ((500, 500), (501, None), (100000, None)):
        offsets = []
        last = 8 + (count - 1) * len(page)

        def read_at(offset, length, last=last, offsets=offsets):
            """Read as if the page stood in the file that many times."""
            offsets.append(offset)
            if offset < 8:
                return b"II*\0\x08\0\0\0"[offset : offset + length]
            at = (offset - 8) % len(page)
            end = (offset + len(page) - at) if offset < last else 0
            if at == 2 + 12 * 16:
                return struct.pack("<I", end)
            return page[at : at + length]

        found = tiff.describe(read_at, 8 + count * len(page))
        assert found["pages"] == pages and not found["truncated"], count
        assert len(offsets) < 500 * 8


def test_cycles_are_refused():
    data = build([fax()] * 3)
    directories, links = chain_of(data)
    for target in directories:
        cyclic = data[: links[-1]] + struct.pack("<I", target) + data[links[-1] + 4 :]
        reads = []
        found = described(cyclic, reads)
        assert found["truncated"] and found["fax_profile"] == "" and found["pages"] == 3
        assert len(reads) < 50


def chain_of(data):
    """Return where the directories begin, and where each says where the next one is."""
    directories, links = [], []
    at = 8
    while at:
        directories.append(at)
        links.append(at + 2 + 12 * struct.unpack("<H", data[at : at + 2])[0])
        at = struct.unpack("<I", data[links[-1] : links[-1] + 4])[0]
    return directories, links


def test_file_cut_anywhere_is_truncated_and_harmless():
    data = build([fax(), fax()])
    for end in range(len(data)):
        found = described(data[:end])
        assert found["truncated"] or (end < 8 and found["type"] == ""), end
        assert found["fax_profile"] == ""
    assert not described(data)["truncated"]


def test_file_shorter_than_its_size_says_is_no_fax():
    data = build([fax()])
    for length in range(0, len(data) - 40, 5):
        found = tiff.describe(lambda at, n, e=length: data[at : min(at + n, e)], len(data))
        assert found["fax_profile"] == "", length


def test_every_byte_changed_gives_a_result_in_bounded_reads():
    data = build([fax(), fax()], strips=2, data=b"")
    for at in range(8, len(data)):
        for value in (0, 1, 0x7F, 0xFF):
            reads = []
            hostile = data[:at] + bytes((value,)) + data[at + 1 :]
            found = described(hostile, reads)
            assert len(reads) < 60 and sorted(found) == sorted(nothing_known(""))


def test_huge_counts_are_not_believed():
    data = bytearray(build([fax()]))
    data[8:10] = b"\xff\xff"
    assert described(bytes(data))["truncated"]
    for count in (0xFFFFFFFF, 1 << 31):
        huge = bytearray(build([fax()]))
        for at in range(10, 10 + 12 * 16, 12):
            huge[at + 4 : at + 8] = struct.pack("<I", count)
        assert described(bytes(huge))["type"] == "image/tiff"


def test_directory_of_many_fields_is_read_up_to_the_64th():
    fields = fax()
    for tag in range(40000, 40200):
        fields[tag] = (SHORT, [1])
    reads = []
    found = described(build([fields, fax()]), reads)
    assert found["pages"] == 2 and found["fax_profile"] == "S"
    assert max(count for _, count in reads) == 64 * 12


def test_what_is_no_tiff_has_no_type():
    for data in (b"", b"II", b"II*\0", b"II+\0" + bytes(12), b"MM*\0" + bytes(12), bytes(20)):
        assert described(data)["type"] == "", data


def test_empty_chain_is_truncated():
    for offset in (0, 9, 1000, 0xFFFFFFFF):
        found = described(b"II*\0" + struct.pack("<I", offset))
        assert found["truncated"] and found["pages"] == 0
