"""service/compose.py and draft.py: what is entered becomes a record and a mail."""

from fakes.ports import FakePorts
from mfpmail.core import limits
from mfpmail.service.compose import addresses_in, faults_of, file_type, new_message, new_record
from mfpmail.service.device import Device
from mfpmail.service.draft import Draft
from support import configure, failure

NOW_S = 1795464000
IMAGE = {"name": "a.png", "type": "image/png", "size": 3}


class Writer:
    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += data


def entered(**changes):
    values = {
        "to": "a@far.test",
        "subject": "Scan",
        "text_bytes": 2,
        "text_pieces": lambda: (b"H", b"i"),
        "sender": ("Printer", "scan@mail.test"),
        "files": [],
    }
    values.update(changes)
    return values


def with_html(html, **changes):
    pieces = [html[at : at + 3] for at in range(0, len(html), 3)]
    return entered(html_bytes=len(html), html_pieces=lambda: iter(pieces), **changes)


def random_bytes(count):
    return bytes(range(count))


def composed(values):
    """Return `(record, mail without the files)`."""
    writer = Writer()
    return new_record("000001-ab", values, NOW_S, random_bytes, writer), writer.data


def addresses_of(record):
    return [recipient["address"] for recipient in record["recipients"]]


def test_record_has_every_recipient_once_and_the_mail_no_bcc():
    values = entered(
        to="a@far.test, b@far.test", cc="c@far.test,a@far.test", bcc="d@far.test,c@far.test"
    )
    record, mail = composed(values)
    assert addresses_of(record) == ["a@far.test", "b@far.test", "c@far.test", "d@far.test"]
    assert record["cc"] == ["c@far.test", "a@far.test"]
    assert b"\r\nTo: a@far.test, b@far.test\r\nCc: c@far.test, a@far.test\r\n" in mail
    assert b"d@far.test" not in mail
    assert b"bcc" not in mail.lower()


def test_record_of_bcc_alone_has_a_mail_that_names_nobody():
    record, mail = composed(entered(to="", bcc="d@far.test"))
    assert addresses_of(record) == ["d@far.test"]
    assert b"\r\nTo: undisclosed-recipients:;\r\n" in mail
    assert b"d@far.test" not in mail


def test_record_tells_the_total_of_what_is_sent():
    record, mail = composed(entered(files=[IMAGE, {"name": "b", "type": "x/y", "size": 100}]))
    assert record["bytes_total"] == len(mail) + len("YWJj\r\n") + 76 + 60 + 4
    assert sum([count for count in record["plan"] if count > 0]) == len(mail)
    assert [count for count in record["plan"] if count < 0] == [-1, -2]


def test_record_needs_smtputf8_for_any_local_part_beyond_ascii():
    address = "γιάννης@far.test"
    for changes in ({"to": address}, {"cc": address}, {"bcc": address}, {"reply_to": address}):
        record, mail = composed(entered(**changes))
        assert record["smtputf8"], changes
        assert (address.encode() in mail) == ("bcc" not in changes)
    assert not composed(entered(to="a@ελληνικά.gr", subject="Σ"))[0]["smtputf8"]


def test_record_has_addresses_as_they_go_on_the_wire():
    sender = ("Σ", "scan@ελληνικά.gr")
    record, mail = composed(entered(to="a@ελληνικά.gr", cc="c@bücher.test", sender=sender))
    assert addresses_of(record) == ["a@xn--hxargifdar.gr", "c@xn--bcher-kva.test"]
    assert record["cc"] == ["c@xn--bcher-kva.test"]
    assert record["reverse_path"] == "scan@xn--hxargifdar.gr"
    assert record["message_id"].endswith("@xn--hxargifdar.gr>")
    assert all(byte < 127 for byte in mail)


def test_record_keeps_the_reply_to_and_the_span_covers_it():
    record, mail = composed(entered(reply_to="r@far.test, s@far.test"))
    at, count = record["from_span"]
    assert mail[at : at + count] == (
        b'From: "Printer" <scan@mail.test>\r\nReply-To: r@far.test, s@far.test\r\n'
    )
    assert record["reply_to"] == ["r@far.test", "s@far.test"]


def test_date_is_in_the_zone_of_the_device():
    assert composed(entered())[1].startswith(b"Date: Mon, 23 Nov 2026 20:00:00 +0000\r\n")
    mail = composed(entered(utc_offset_min=120))[1]
    assert mail.startswith(b"Date: Mon, 23 Nov 2026 22:00:00 +0200\r\n")


def test_html_alone_gets_a_text_made_from_it():
    mail = composed(with_html(b"<p>One &amp; two</p>", text_bytes=0, text_pieces=lambda: ()))[1]
    assert b"multipart/alternative" in mail
    assert b"\r\n\r\nOne & two\r\n\r\n--" in mail
    assert b"\r\n\r\n<p>One &amp; two</p>\r\n\r\n--" in mail


def test_html_beside_a_text_leaves_the_text_as_it_is():
    mail = composed(with_html(b"<p>One</p>"))[1]
    assert b"\r\n\r\nHi\r\n\r\n--" in mail and b"<p>One</p>" in mail


def test_image_is_inline_only_where_the_html_refers_to_it():
    files = [IMAGE, IMAGE, {"name": "c.pdf", "type": "application/pdf", "size": 3}]
    html = b"<img src='cid:file2@inline'><img src='cid:file3@inline'>"
    mail = composed(with_html(html, files=files))[1]
    assert mail.count(b"Content-ID") == mail.count(b"Content-Disposition: inline") == 1
    assert b"\r\nContent-ID: <file2@inline>\r\n" in mail
    assert b"Content-ID" not in composed(entered(files=files))[1]


def test_new_message_takes_files_that_come_later():
    record, message = new_message(entered(), NOW_S, random_bytes)
    data = b"".join(message.head()) + message.attachment_head("a.png", "image/png")
    data += b"YWJj\r\n" + message.tail()
    known = composed(entered(files=[IMAGE]))
    assert data.replace(b"YWJj\r\n", b"") == known[1]
    assert set(record) == set(known[0])
    assert (record["plan"], record["bytes_total"], record["id"]) == ([], 0, "")


def test_faults_are_told_for_each_field_all_at_once():
    values = entered(
        to="a",
        cc="ok@far.test,b@c@d",
        bcc="ά\u200b@x",
        reply_to="c@",
        subject="\n",
        text_bytes=limits.MAX_TEXT_BYTES + 1,
        html_bytes=limits.MAX_TEXT_BYTES + 1,
        sender=("", "x"),
    )
    faults = faults_of(values, "other")
    names = ("bcc", "cc", "html", "mode", "reply_to", "sender_address", "subject", "text", "to")
    assert sorted(faults) == sorted(names)
    assert faults["cc"].startswith("b@c@d: ")


def test_faults_recipients_count_in_all_fields_together():
    many = ",".join(["p%d@far.test" % n for n in range(60)])
    assert faults_of(entered(to=many, cc=many), "spool") == {"cc": "At most 100 addresses."}
    assert list(faults_of(entered(to=many, cc="c@far.test", bcc=many), "spool")) == ["bcc"]
    assert list(faults_of(entered(to=""), "spool")) == ["to"]
    assert faults_of(entered(to="", cc="c@far.test"), "pass") == {}
    assert faults_of(entered(to=" , ", bcc="c@far.test"), "spool") == {}


def test_addresses_in_takes_blanks_and_empty_places():
    assert addresses_in(" a@b ,, c@d, ") == ["a@b", "c@d"]


def test_file_type_is_the_one_given_if_it_can_be_sent():
    assert file_type("a.pdf", "image/tiff") == "image/tiff"
    for bad in ("", "application/octet-stream", "message/rfc822", "multipart/mixed", "x", "a/b c"):
        assert file_type("a.pdf", bad) == "application/pdf"
    assert file_type("a", "x/" + "y" * 200) == "application/octet-stream"


def drafted():
    ports = FakePorts()
    device = Device(ports)
    configure(device)
    draft = Draft(device.outbox, device.store.files, device.clock, device.random_bytes)
    return device, ports, draft


def commit(draft, **changes):
    fields = {"to": "a@far.test", "subject": "Scan", "mode": ""}
    fields.update(changes)
    return draft.commit(fields, ("Printer", "scan@mail.test"))


def test_draft_keeps_nothing_of_the_texts_but_the_mail():
    _, ports, draft = drafted()
    draft.write_html(b"<p>He")
    draft.write_text(b"Hel")
    draft.write_html(b"llo</p>")
    draft.write_text(b"lo")
    job = commit(draft, cc="c@far.test", utc_offset_min=-60)
    assert ports.files.names("outbox/" + job.id) == ["job.json", "mail"]
    mail = ports.files.content["outbox/%s/mail" % job.id]
    assert b"\r\nHello\r\n" in mail and b"\r\n<p>Hello</p>\r\n" in mail
    assert b"\r\nCc: c@far.test\r\n" in mail and b" -0100\r\n" in mail[:45]
    assert [r["address"] for r in job.public()["recipients"]] == ["a@far.test", "c@far.test"]


def test_draft_html_that_is_too_long_is_told_and_not_kept():
    device, ports, draft = drafted()
    for _ in range(limits.MAX_TEXT_BYTES // 1024 + 1):
        draft.write_html(b"x" * 1024)
    assert list(failure(lambda: commit(draft)).fields) == ["html"]
    (folder,) = ports.files.names("outbox")
    assert len(ports.files.content["outbox/%s/html" % folder]) <= limits.MAX_TEXT_BYTES
    draft.discard()
    assert ports.files.names("outbox") == [] and device.outbox.jobs == []
