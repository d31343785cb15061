"""core/filetypes.py and core/pdfpages.py: what a file is, in any pieces, whole and damaged."""

import struct

from vectors.heap import peak_growth

from mfpmail.core.filetypes import Sniffer, nothing_known

PDF_HEAD = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
PDF_END = b"trailer <</Root 1 0 R/Size 9>>\nstartxref\n9\n%%EOF\n"


def sniffed(data, step=None, size_bytes=None):
    sniffer = Sniffer()
    for at in range(0, len(data), step or len(data) or 1):
        sniffer.feed(memoryview(data)[at : at + (step or len(data))])
    return sniffer.result(len(data) if size_bytes is None else size_bytes)


def found_in(data):
    """Return what is found, having checked that the pieces do not matter."""
    found = sniffed(data)
    for step in (1, 7, 100):
        assert sniffed(data, step) == found, step
    return found


def expected(content_type, **values):
    found = nothing_known(content_type)
    found.update(values)
    return found


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + b"\x12\x34\x56\x78"


def png(before=b"", width=2480, height=3508):
    header = struct.pack(">II", width, height) + b"\x08\x00\x00\x00\x00"
    image = chunk(b"IDAT", bytes(range(256)) * 3)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + image + chunk(b"IEND", b"")


def segment(marker, data):
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def jpeg(before=b"", frame=0xC0, unit=1, density=(300, 300), size=(3508, 2480)):
    app0 = b"JFIF\0\1\2" + struct.pack(">BHH", unit, *density) + b"\0\0"
    sof = struct.pack(">BHH", 8, *size) + b"\x03" + bytes(9)
    data = b"\xff\xd8" + segment(0xE0, app0) + before + segment(0xDB, bytes(65))
    return data + segment(frame, sof) + segment(0xDA, bytes(10)) + b"\x11\x22" * 200 + b"\xff\xd9"


def obj(number, text, stream=None):
    data = b"%d 0 obj\n" % number + text
    if stream is not None:
        data += b"\nstream\r\n" + stream + b"\r\nendstream"
    return data + b"\nendobj\n"


def pdf(*objects):
    return PDF_HEAD + b"".join(objects) + PDF_END


PAGES = obj(2, b"<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>")
PAGE = obj(3, b"<< /Type /Page /Parent 2 0 R /Contents 5 0 R >>")


def test_nothing_is_nothing():
    assert sniffed(b"") == expected("")


def test_tiff_is_left_to_its_own_reader():
    for magic in (b"II*\0", b"MM\0*"):
        assert found_in(magic + bytes(100)) == expected("image/tiff")


def test_png_size_and_resolution_are_read():
    found = found_in(png(chunk(b"pHYs", struct.pack(">IIB", 11811, 5906, 1))))
    size = {"width": 2480, "height": 3508}
    assert found == expected("image/png", pages=1, resolution_dpi=(300, 150), **size)
    assert found_in(png()) == expected("image/png", pages=1, **size)
    text = chunk(b"tEXt", b"Comment\0" + b"x" * 5000)
    found = found_in(png(text + chunk(b"pHYs", struct.pack(">IIB", 11811, 11811, 1))))
    assert found["resolution_dpi"] == (300, 300)


def test_png_resolution_without_a_unit_is_unknown():
    assert found_in(png(chunk(b"pHYs", struct.pack(">IIB", 1, 2, 0))))["resolution_dpi"] is None


def test_png_damaged_gives_what_is_there():
    whole = png()
    for end in range(8, len(whole) - 8):
        found = sniffed(whole[:end])
        assert found["type"] == "image/png" and found["truncated"]
    assert found_in(whole[:8] + b"\xff" * 100)["width"] is None
    assert found_in(png(chunk(b"IHDR", b"")[:4] + b"\xff" * 60))["width"] == 2480
    assert found_in(png(width=0))["width"] is None


def test_jpeg_size_and_resolution_are_read():
    size = {"width": 2480, "height": 3508}
    for frame in (0xC0, 0xC1, 0xC2, 0xCA):
        found = found_in(jpeg(frame=frame))
        assert found == expected("image/jpeg", pages=1, resolution_dpi=(300, 300), **size)
    assert found_in(jpeg(unit=2, density=(118, 79)))["resolution_dpi"] == (300, 201)
    assert found_in(jpeg(unit=0, density=(1, 1)))["resolution_dpi"] is None
    assert found_in(jpeg(density=(0, 300)))["resolution_dpi"] is None


def test_jpeg_size_behind_long_segments_is_found():
    rest = b"\xff\xff" + segment(0xC4, b"\xff\xc0" * 20) + jpeg()[2:]
    for step in (1000, 2048, 30000):
        sniffer = Sniffer()
        sniffer.feed(b"\xff\xd8\xff\xe1\xff\xff" + bytes(100))
        left = 65533 - 100
        while left > step:
            sniffer.feed(bytes(step))
            left -= step
        sniffer.feed(bytes(left))
        sniffer.feed(rest)
        found = sniffer.result(0)
        assert (found["width"], found["height"], found["truncated"]) == (2480, 3508, False)


def test_jpeg_damaged_gives_what_is_there():
    whole = jpeg()
    for end in range(3, len(whole) - 1):
        found = sniffed(whole[:end])
        assert found["type"] == "image/jpeg" and found["truncated"]
    for rest in (b"\0" * 40, b"\xff" * 400, b"\xe0\0\0" + bytes(40), b"\xe0\0\1" + bytes(40)):
        assert found_in(b"\xff\xd8\xff" + rest)["width"] is None
    assert found_in(jpeg(size=(0, 2480)))["height"] is None  # told behind the first scan


def test_padding_behind_the_end_is_no_damage():
    for data in (jpeg(), png(), pdf(PAGES, PAGE)):
        assert not found_in(data + bytes(3000))["truncated"]
        assert not found_in(data + b"\r\n" * 2000)["truncated"]


def test_fewer_bytes_than_the_file_has_are_truncated():
    assert sniffed(png(), size_bytes=5000)["truncated"]
    assert sniffed(b"text", size_bytes=5)["truncated"]


def test_pdf_root_of_the_page_tree_counts():
    assert found_in(pdf(PAGES, PAGE)) == expected("application/pdf", pages=2)
    spaced = obj(2, b"<<\r\n/Count   17\r\n/Type\t/Pages\r\n/Kids [ 3 0 R ]\r\n>>")
    assert found_in(pdf(PAGE, spaced))["pages"] == 17


def test_pdf_inner_nodes_of_the_page_tree_do_not_count():
    inner = obj(6, b"<</Type/Pages/Parent 2 0 R/Count 1/Kids[3 0 R]>>")
    assert found_in(pdf(inner, PAGES, inner, PAGE))["pages"] == 2


def test_pdf_last_revision_counts():
    later = obj(2, b"<</Type/Pages/Kids[3 0 R]/Count 9>>")
    assert found_in(pdf(PAGES, PAGE) + pdf(later)[len(PDF_HEAD) :])["pages"] == 9


def test_pdf_long_list_of_pages_and_long_tables_are_no_obstacle():
    kids = b" ".join([b"%d 0 R" % n for n in range(700)])
    for text in (
        b"<</Type/Pages/Count 700/Kids[" + kids + b"]>>",
        b"<</Kids[" + kids + b"]/Count 700/Type/Pages>>",
        b"<</Type/Pages/Kids[" + kids + b"]/Count 700>>",
    ):
        data = pdf(obj(2, text))
        for step in (2048, 100, None):
            assert sniffed(data, step)["pages"] == 700
    table = b"xref\n0 900\n" + b"0000000000 00000 n \n" * 900
    for filling in (0, 600, 5000):
        late = obj(2, b"<</Type/Pages/Count 3/Kids[" + b" " * filling + b"]>>")
        assert found_in(PDF_HEAD + table + PDF_END + late + PDF_END)["pages"] == 3


def test_pdf_page_objects_are_counted_without_a_root():
    assert found_in(pdf(PAGE, PAGE, PAGE))["pages"] == 3
    assert found_in(pdf())["pages"] is None
    reference = obj(2, b"<</Type/Pages/Count 12 0 R>>")
    assert found_in(pdf(reference, PAGE))["pages"] == 1


def test_pdf_compressed_objects_hide_the_count():
    compressed = obj(7, b"<</Type/ObjStm/N 5/First 30/Length 11>>", b"\x78\x9c\x00abcdefgh")
    assert found_in(pdf(compressed, PAGE)) == expected("application/pdf", pages=None)
    assert found_in(pdf(compressed, PAGES))["pages"] == 2


def test_pdf_contents_of_streams_are_passed():
    trap = b"endobj /Type/Page endobj " + PAGES.replace(b"Count 2", b"Count 99") + b"stream\n"
    nested = b"x endstream " + trap
    for text, data in (
        (b"<</Length %d>>" % len(trap), trap),
        (b"<</Length %d>>" % len(nested), nested),
        (b"<</Length 8 0 R>>", trap),
        (b"<</Length1 3/Length 8 0 R>>", trap),
        (b"<<>>", trap * 40),
    ):
        assert found_in(pdf(obj(5, text, data), PAGES, PAGE))["pages"] == 2, text
        assert sniffed(pdf(obj(5, text, data), PAGE), 64)["pages"] == 1, text


def test_pdf_words_in_texts_are_no_streams():
    info = obj(8, b"<</Title (Down stream\nstream\nand upstream)>>")
    assert found_in(pdf(info, PAGES, PAGE))["pages"] == 2


def test_pdf_absurd_numbers_are_not_believed():
    for count in (b"100001", b"9" * 400, b"-3", b"x", b""):
        root = obj(2, b"<</Type/Pages/Count " + count + b">>")
        assert found_in(pdf(root, PAGE))["pages"] == 1, count
    endless = obj(5, b"<</Length %s>>" % (b"9" * 10), b"x")
    assert found_in(pdf(PAGE, endless, PAGES))["pages"] == 1


def test_pdf_cut_anywhere_is_truncated():
    whole = pdf(PAGES, PAGE)
    for end in range(6, len(whole) - 1):
        found = sniffed(whole[:end])
        assert found["type"] == "application/pdf" and found["truncated"], end


def test_pdf_behind_blanks_is_found_and_a_text_about_it_is_not():
    assert found_in(b"\xef\xbb\xbf\r\n" + pdf(PAGES))["pages"] == 2
    assert found_in(b"A text about %PDF-1.4 and more\n")["type"] == "text/plain"


def test_text_in_utf8_and_in_latin_1():
    for data in (
        b"x",
        b"Line\r\nLine\tTab\x0cnext page\n",
        "Δοκιμή εκτύπωσης, 印刷 😀".encode() * 20,
        "\ufeffText".encode(),
        b"Gr\xfc\xdfe aus M\xfcnchen, \xa3\xa7",
    ):
        assert found_in(data) == expected("text/plain"), data


def test_text_with_control_characters_is_no_text():
    for code in list(range(9)) + [11] + list(range(14, 32)) + [127]:
        for data in (bytes((code,)), b"text" * 30 + bytes((code,)) + b"text" * 30):
            assert found_in(data)["type"] == "", code
    for code in range(128, 160):
        assert found_in(b"Gr\xfc\xdfe " + bytes((code,)) + b" text" * 20)["type"] == "", code
    assert found_in("\u0085".encode() + b" text")["type"] == "text/plain"


def test_text_cut_inside_a_character_is_truncated():
    assert found_in("text σ".encode()[:-1])["truncated"]


def test_other_files_have_no_type():
    for data in (
        b"PK\x03\x04" + bytes(60),
        b"GIF89a\x01\0\x01\0",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        bytes(5000),
        b"\x1b%-12345X@PJL\r\n",
        b"\xff\xfeU\0T\0F\0",  # UTF-16
    ):
        assert found_in(data)["type"] == "", data[:8]


def test_type_is_known_long_before_the_end():
    for data, name in ((jpeg(), "image/jpeg"), (pdf(PAGES), "application/pdf"), (bytes(99), "")):
        sniffer = Sniffer()
        sniffer.feed(data[:64])
        assert sniffer.result(64)["type"] == name


def test_memory_does_not_depend_on_the_size():
    heads = (b"\xff\xd8\xff\xe1\xff\xff", png()[:60], pdf()[:40] + b"9 0 obj ", b"text ", b"\0")
    bodies = (
        b"no end of it " * 100,
        b"endobj 1 0 obj <</Type /Page " * 40,
        bytes(2000),
        b"/" * 900,
    )
    for head in heads:
        for body in bodies:
            sniffer = Sniffer()
            sniffer.feed(head + bytes(40))
            sniffer.feed(body)
            assert peak_growth(sniffer.feed, [body] * 100, every=9) < 3000, (head, body)
