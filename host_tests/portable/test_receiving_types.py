"""What is taken in, and what becomes of the rest."""

import struct

from fakes.popserver import PDF, contents, device_with, mail_of, receive, result

ZIP = b"PK\x03\x04" + bytes(40)
JPEG = b"\xff\xd8\xff\xe0" + bytes(60)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def tiff(pages=1, compression=3, width=1728):
    """Return a TIFF of so many pages of two bytes each; by default of profile S (RFC 2301)."""
    fields = (
        (256, 3, 1, width),
        (257, 3, 1, 2200),
        (258, 3, 1, 1),
        (259, 3, 1, compression),
        (262, 3, 1, 0),
        (266, 3, 1, 2),
        (273, 4, 1, 24),
        (278, 3, 1, 2200),
        (279, 4, 1, 2),
        (282, 5, 1, 8),
        (283, 5, 1, 16),
        (296, 3, 1, 2),
    )
    size = 2 + 12 * len(fields) + 4
    data = b"II*\0" + struct.pack("<IIIII", 26, 204, 1, 196, 1) + b"\x55\xaa"
    for page in range(pages):
        data += struct.pack("<H", len(fields))
        for tag, kind, count, value in fields:
            data += struct.pack("<HHII", tag, kind, count, value)
        data += struct.pack("<I", 0 if page == pages - 1 else 26 + size * (page + 1))
    return data


def test_ifax_takes_fax_and_nothing_else():
    fax, photo = tiff(3), tiff(1, 1)
    device, ports = device_with(("a", mail_of((fax, PDF, photo, b"text"))), name="ifax")
    assert receive(device, ports, "ifax") == result(1)
    (item,) = device.inbox.items()
    assert (item["name"], item["type"], item["pages"]) == ("f0.bin", "image/tiff", 3)
    assert (item["width"], item["height"], item["fax_profile"]) == (1728, 2200, "S")
    assert list(item["resolution_dpi"]) == [204, 196]
    assert list(contents(device).values()) == [fax]


def test_ifax_does_not_print_a_text_alone():
    device, ports = device_with(("a", mail_of((tiff(1, 1),))), ("b", mail_of()), name="ifax")
    assert receive(device, ports, "ifax") == result(0, left=2, unsupported=2)


def test_file_that_its_sender_has_cut_off_is_stored():
    whole = tiff(2)
    device, ports = device_with(("a", mail_of((whole[: len(whole) - 30],), None)))
    assert receive(device, ports) == result(1)
    device, ports = device_with(("a", mail_of((whole[:30],), None)))
    assert receive(device, ports) == result(0, left=1, unsupported=1)


def test_eprint_takes_what_can_be_printed_whatever_it_is_called():
    files = (PDF, ZIP, JPEG, PNG, tiff(), b"plain text\n", bytes(range(256)))
    device, ports = device_with(("a", mail_of(files)))
    assert receive(device, ports) == result(1, 5)
    kinds = ["application/pdf", "image/jpeg", "image/png", "image/tiff", "text/plain"]
    assert sorted(kind for _, kind in contents(device)) == kinds
    assert sorted(contents(device).values()) == sorted(f for f in files if f not in (ZIP, files[6]))


def test_items_tell_pages_and_measures():
    device, ports = device_with(("a", mail_of((PDF, tiff()))))
    receive(device, ports)
    wanted = {"pages", "width", "height", "resolution_dpi", "fax_profile"}
    for item in device.inbox.items():
        assert wanted <= set(item), item
        assert {"id", "setting", "from", "subject", "date", "name", "type", "size"} <= set(item)


def test_text_is_printed_when_no_file_can_be():
    device, ports = device_with(("a", mail_of((ZIP,))))
    assert receive(device, ports) == result(1)
    assert list(contents(device)) == [("message.txt", "text/plain")]


def test_blank_text_and_html_are_nothing_to_print():
    html = b"From: a@far.test\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n"
    nothing = b"Subject: empty\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n"
    for mail in (mail_of((ZIP,), b" \r\n\r\n"), html, nothing, b"Subject: e\r\n\r\n", b"\r\n"):
        device, ports = device_with(("a", mail))
        assert receive(device, ports) == result(0, left=1, unsupported=1), mail
        assert ports.files.names("inbox") == []


def test_plain_text_is_taken_behind_html():
    mail = (
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/html"
        b"\r\n\r\n<p>Hi</p>\r\n--b\r\nContent-Type: text/plain\r\n\r\nHi\r\n--b--\r\n"
    )
    device, ports = device_with(("a", mail))
    assert receive(device, ports) == result(1)
    assert list(contents(device).values()) == [b"Hi"]


def test_useless_file_is_not_written_to_the_end():
    device, ports = device_with(("a", mail_of((ZIP + bytes(3000), PDF))))
    sizes = []
    ports.files.on_change = lambda verb, path: sizes.append(
        len(ports.files.content.get("inbox/%s/1" % ports.files.names("inbox")[0], b""))
        if ports.files.names("inbox")
        else 0
    )
    assert receive(device, ports) == result(1)
    assert 0 < max(sizes) < 2000


def test_unsupported_mail_is_kept_and_not_fetched_again():
    device, ports = device_with(("a", mail_of((ZIP,), None)), ("b", mail_of()))
    assert receive(device, ports) == result(1, left=1, unsupported=1)
    assert len(ports.net.mails) == 1
    for _ in range(3):
        assert receive(device, ports) == result(0, left=1, unsupported=1)
        assert ports.net.commands == ["AUTH XOAUTH2", "UIDL", "QUIT"]
    assert len(ports.net.fetched) == 2
    assert any("left at the server: nothing in it" in line for line in ports.lines)


def test_unsupported_mail_is_deleted_where_that_is_set():
    mail = mail_of((ZIP,), None)
    device, ports = device_with(("a", mail), ("b", mail_of()), unsupported="delete")
    assert receive(device, ports) == result(1, unsupported=1)
    assert ports.net.mails == []
    assert [line for line in ports.lines if "mail from alice@far.test deleted" in line]


def test_sender_who_is_not_allowed_is_not_even_fetched():
    denied = mail_of((PDF,), head="From: spam@far.test\r\n")
    device, ports = device_with(("a", denied), ("b", mail_of()), deny_from="spam@far.test")
    assert receive(device, ports) == result(1, left=1, unsupported=1)
    assert ports.net.fetched == [mail_of()]
    assert receive(device, ports) == result(0, left=1, unsupported=1)
    assert ports.net.verbs("TOP") == []


def test_sender_who_is_not_allowed_is_turned_away_without_top():
    denied = mail_of((PDF,), head="From: spam@far.test\r\n")
    device, ports = device_with(("a", denied), allow_from="@near.test", unsupported="delete")
    ports.net.top = False
    assert receive(device, ports) == result(0, unsupported=1)
    assert ports.files.names("inbox") == [] and ports.net.mails == []


def test_mail_too_large_for_the_storage_stays_with_the_reason():
    device, ports = device_with(("a", mail_of((PDF + bytes(4000),))), ("b", mail_of()))
    ports.files.free -= ports.files.free_bytes() - 65536 - 2500
    for _ in range(2):
        answer = receive(device, ports)
        assert (answer["left"], answer["too_large"], answer["full"]) == (1, 1, False)
    assert len(ports.net.fetched) == 1
    assert [line for line in ports.lines if "is too large for the storage" in line]


def test_mail_that_fits_once_the_inbox_is_empty_makes_it_full():
    device, ports = device_with(("a", mail_of((PDF + bytes(3000),))))
    receive(device, ports)
    ports.net.mails = [("b", mail_of((PDF + bytes(3000),)))]
    ports.files.free -= ports.files.free_bytes() - 65536 - 1500
    assert receive(device, ports) == result(0, left=1, full=True)
    for item in list(device.inbox.items()):
        device.inbox.delete(item["id"])
    assert receive(device, ports) == result(1)
