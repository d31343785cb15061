"""service/sender.py, spooled.py: with which sender a mail leaves through which account."""

import support
from fakes.dialogues import SMTP_OPEN, SMTP_SIGNED_IN, delivery, transaction
from fakes.ports import FakePorts
from mfpmail.core.errors import NetworkError
from mfpmail.service.device import Device
from support import acquire, configure, run

NO_DNS = NetworkError("dns", "The name mail.test could not be resolved.")
ORIGINAL = '"Printer" <scan@mail.test>'
TEXT = "See.\n.\n..dots\n.end"


def spool(device, *arguments, **changes):
    """Queue a job; what is only loaded for that is gone again, as after an upload."""
    with device.overlays:
        return support.spool(device, *arguments, **changes)


def device_with(*scripts, tokens_of=("smtp", "smtp2"), **second):
    """Return a device with both accounts, and its ports."""
    ports = FakePorts(*scripts)
    device = Device(ports)
    configure(device, sender_name="Printer")
    changes = {"server": "mail2.test", "account": "bob@mail2.test"}
    changes.update(second)
    configure(device, "smtp2", **changes)
    for name in tokens_of:
        run(acquire(device, ports.http, name))
    return device, ports


def send(device):
    run(device.postman.send_due())


def wait_for(device, job):
    device.clock.advance_s(job.next_attempt_at - device.clock.now_s())


def refusal(reply):
    return SMTP_SIGNED_IN + transaction([("a@far.test", b"250 ok\r\n")], reply)


def header_of(ports):
    """Return `{name: value}` of the mail that was written last; no field comes twice."""
    head = ports.net.written.split(b"DATA\r\n", 1)[1].split(b"\r\n\r\n", 1)[0].decode()
    lines = head.replace("\r\n ", " ").split("\r\n")
    fields = dict([line.split(": ", 1) for line in lines])
    assert len(fields) == len(lines), lines
    return fields


def test_mail_through_the_second_has_its_sender_and_answers_go_to_the_first():
    for second, sender in (
        ({"sender_name": "Bob"}, '"Bob" <bob@mail2.test>'),
        ({"sender_address": "scans@mail2.test"}, '"Printer" <scans@mail2.test>'),
        ({"sender_name": "Σαρωτής"}, "=?utf-8?B?zqPOsc+Bz4nPhM6uz4I=?= <bob@mail2.test>"),
    ):
        device, ports = device_with(NO_DNS, delivery("a@far.test"), **second)
        job = spool(device)
        send(device)
        envelope = ports.net.written.split(b"DATA")[0]
        assert b"MAIL FROM:<" + sender.split("<")[1].encode() + b"\r\n" in envelope
        assert envelope.count(b"RCPT TO") == 1
        fields = header_of(ports)
        assert (fields["From"], fields["Reply-To"]) == (sender, ORIGINAL)
        assert fields["Message-ID"] == job.record["message_id"]
        assert "Bcc" not in fields and "Sender" not in fields


def test_mail_through_the_second_is_otherwise_the_same_to_the_byte():
    device, ports = device_with(refusal(b"451 later\r\n"), NO_DNS, delivery("a@far.test"))
    job = spool(device, files=[("scan.pdf", bytes(range(256)) * 2)], text=TEXT)
    done = []
    ports.net.on_write = lambda data: done.append(job.bytes_done)
    mails = []
    for _ in range(2):
        send(device)
        mails.append(ports.net.written.split(b"DATA\r\n", 1)[1].split(b"QUIT")[0])
        device.clock.advance_s(60)
    exchanged = b'From: "Printer" <bob@mail2.test>\r\nReply-To: "Printer" <scan@mail.test>\r\n'
    assert mails[1].count(exchanged) == 1
    assert mails[1].replace(exchanged, b'From: "Printer" <scan@mail.test>\r\n') == mails[0]
    assert b"\r\n...dots\r\n" in mails[1] and b"\r\n..\r\n" in mails[1]
    shown = job.public()
    assert max(done) <= shown["bytes_total"] == shown["bytes_done"] == job.bytes_done


def test_mail_that_was_offered_by_the_second_goes_through_the_first_as_it_was_made():
    device, ports = device_with(NO_DNS, refusal(b"451 later\r\n"))
    job = spool(device)
    send(device)
    message_id = header_of(ports)["Message-ID"]
    assert (job.state, job.record["via"]) == ("retrying", "smtp2")
    device = Device(ports)
    (job,) = device.outbox.jobs
    wait_for(device, job)
    ports.net.add(delivery("a@far.test"))
    send(device)
    fields = header_of(ports)
    assert (fields["From"], fields["Message-ID"]) == (ORIGINAL, message_id)
    assert "Reply-To" not in fields
    assert (job.state, job.record["via"]) == ("sent", "smtp")


def test_sender_address_that_was_corrected_goes_for_mails_that_wait_as_well():
    device, ports = device_with(refusal(b"550 5.7.60 not allowed\r\n"), delivery("a@far.test"))
    job = spool(device)
    send(device)
    device.configuration.put("smtp", {"sender_address": "right@mail.test"}, True)
    wait_for(device, job)
    send(device)
    assert b"MAIL FROM:<right@mail.test>" in ports.net.written
    assert header_of(ports)["From"] == '"Printer" <right@mail.test>'


def test_second_without_an_address_of_its_own_sends_the_mail_as_it_is():
    plain = {"auth_method": "none", "account": "", "security": "off"}
    script = SMTP_OPEN + transaction([("a@far.test", b"250 ok\r\n")])
    device, ports = device_with(script, tokens_of=(), **plain)
    job = spool(device)
    send(device)
    assert (job.state, job.record["via"]) == ("sent", "smtp2")
    assert b"MAIL FROM:<scan@mail.test>" in ports.net.written
    assert header_of(ports)["From"] == ORIGINAL


def test_second_with_an_address_that_cannot_be_written_loses_no_mail():
    device, ports = device_with(
        SMTP_SIGNED_IN, tokens_of=("smtp2",), sender_address="a@b@mail2.test"
    )
    job = spool(device)
    send(device)
    assert (job.state, job.record["reason"]) == ("retrying", "bad_address")
    assert ports.net.streams[0].closed
