"""service/passthrough.py, web/passing.py: a mail that is sent while it is uploaded."""

import binascii

from fakes.dialogues import QUIT, SMTP_SIGNED_IN
from fakes.upload import (
    DOT,
    FIELDS,
    SCAN,
    Upload,
    delivered,
    device_with,
    forget_written,
    form,
    large_form,
    passed,
    scan,
)
from mfpmail.core.errors import NetworkError
from mfpmail.service.device import Device
from support import acquire, configure, run


def mail_of(ports):
    """Return the header and the parts of the mail that was written, as bytes."""
    mail = ports.net.written.split(b"DATA\r\n", 1)[1].split(DOT)[0] + b"\r\n"
    head, rest = mail.split(b"\r\n\r\n", 1)
    boundary = head.split(b'boundary="')[1].split(b'"')[0]
    parts = rest.split(b"--" + boundary)
    assert parts[0] == b"" and parts[-1] == b"--\r\n", (parts[0], parts[-1])
    return head, [part[2:-2].split(b"\r\n\r\n", 1) for part in parts[1:-1]]


def decoded(part):
    return binascii.a2b_base64(part[1].replace(b"\r\n", b""))


def test_pass_file_goes_out_as_it_was_and_is_never_stored():
    device, ports = device_with(delivered())
    largest = []
    ports.files.on_change = lambda verb, path: largest.append(
        max([len(data) for data in ports.files.content.values()] + [0])
    )
    content = SCAN * 6
    job, error = run(passed(device, Upload(form(*FIELDS, scan(content)))))
    assert error is None
    shown = job.public()
    assert (shown["state"], shown["reason"], shown["via"]) == ("sent", "", "smtp")
    assert shown["files"] == [
        {"name": "scan.pdf", "type": "application/pdf", "size": len(content)},
    ]
    assert shown["bytes_done"] == shown["bytes_total"] > len(content)
    assert [(r["state"], r["reply"][:3]) for r in shown["recipients"]] == [("sent", "250")]
    head, (text, file) = mail_of(ports)
    assert b"Subject: Scan" in head and b"multipart/mixed" in head
    assert text[1] == b"See.\r\n..\r\n" and b'filename="scan.pdf"' in file[0].replace(b"\r\n", b"")
    assert decoded(file) == content
    assert ports.files.names("outbox/" + job.id) == ["job.json"]
    assert max(largest) < len(content)


def test_pass_several_files_of_any_size_go_out_in_order():
    device, ports = device_with(delivered())
    contents = [b"", b"x", SCAN[:57], SCAN[:58], SCAN]
    files = [scan(content, "%d.bin" % n) for n, content in enumerate(contents)]
    job, _ = run(passed(device, Upload(form(*FIELDS + tuple(files)))))
    assert [file["size"] for file in job.public()["files"]] == [len(c) for c in contents]
    parts = mail_of(ports)[1][1:]
    assert [decoded(part) for part in parts] == contents
    for number, part in enumerate(parts):
        assert b'filename="%d.bin"' % number in part[0].replace(b"\r\n ", b"")


def test_pass_without_a_file_sends_the_text():
    device, ports = device_with(delivered())
    job, _ = run(passed(device, Upload(form(*FIELDS))))
    assert job.state == "sent" and job.public()["files"] == []
    assert b"\r\n\r\nSee.\r\n..\r\n" + DOT[2:] in ports.net.written


def test_pass_message_is_the_same_record_after_a_restart():
    device, ports = device_with(delivered())
    job, _ = run(passed(device, Upload(form(*FIELDS, scan()))))
    (again,) = Device(ports).outbox.jobs
    assert again.public() == job.public()
    assert device.outbox.next_due(device.clock.now_s()) is None


def test_pass_reads_no_faster_than_the_server_takes():
    device, ports = device_with(delivered())
    taken = forget_written(ports)
    upload = Upload(large_form(*FIELDS))
    ahead = []

    def note():
        if len(taken) > 6:
            ahead.append(upload.read_bytes - sum(taken) // 78 * 57)

    upload.on_read = note
    job, _ = run(passed(device, upload))
    assert job.state == "sent"
    assert len(ahead) > 10 and max(ahead) < 8000, max(ahead)


def test_pass_some_recipients_refused_or_deferred_is_partly_sent():
    recipients = [
        ("a@far.test", b"250 ok\r\n"),
        ("b@far.test", b"550 no\r\n"),
        ("c@far.test", b"450 later\r\n"),
    ]
    device, _ = device_with(delivered(recipients=recipients))
    fields = (("to", b"a@far.test,b@far.test,c@far.test"), ("mode", b"pass"))
    job, error = run(passed(device, Upload(form(*fields, scan()))))
    assert error is None
    shown = job.public()
    assert (shown["state"], shown["reason"]) == ("partly_sent", "recipient_refused")
    states = [(r["state"], r["reply"][:3]) for r in shown["recipients"]]
    assert states == [("sent", "250"), ("failed", "550"), ("failed", "450")]
    assert not job.note_due  # whoever uploads has seen it


def test_pass_goes_through_the_alternative_account_with_its_sender():
    device, ports = device_with(NetworkError("connect", "No connection to mail.test."), delivered())
    configure(device, "smtp2", server="mail2.test", account="bob@mail2.test", sender_name="Bob")
    run(acquire(device, ports.http, "smtp2"))
    job, _ = run(passed(device, Upload(form(*FIELDS, scan()))))
    assert (job.state, job.record["via"]) == ("sent", "smtp2")
    assert b"MAIL FROM:<bob@mail2.test>" in ports.net.written
    head, parts = mail_of(ports)
    assert b'From: "Bob" <bob@mail2.test>\r\nReply-To: scan@mail.test\r\n' in head
    assert decoded(parts[1]) == SCAN


def test_pass_account_that_is_not_available_gives_way_to_the_other():
    gone = SMTP_SIGNED_IN + [(None, b"554 5.2.2 mailbox unavailable\r\n"), QUIT]
    device, ports = device_with(gone, delivered())
    configure(device, "smtp2", server="mail2.test", account="bob@mail2.test")
    run(acquire(device, ports.http, "smtp2"))
    job, _ = run(passed(device, Upload(form(*FIELDS, scan()))))
    assert (job.state, job.record["via"]) == ("sent", "smtp2")
    assert device.keepers["smtp"].state == "INVALID"
