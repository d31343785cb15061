"""service/outbox.py, sender.py: a job that is cancelled, whatever it was doing."""

import support
from fakes.ports import FakePorts
from fakes.provider import refused
from fakes.smtpserver import SmtpServer
from mfpmail.service.device import Device
from support import acquire, configure, run

SCAN = bytes(range(256)) * 16  # more than one write
ALL_OFFERS = ((), (b"PIPELINING",), (b"PIPELINING", b"CHUNKING"))


def device_with(*offers):
    """Return a device with a token, its server, and its ports."""
    ports = FakePorts()
    ports.net = server = SmtpServer(*offers)
    device = Device(ports)
    configure(device)
    run(acquire(device, ports.http))
    return device, server, ports


def spool(device, subject, files=()):
    with device.overlays:
        return support.spool(device, subject=subject, files=files)


def send(device):
    run(device.postman.send_due())


def subjects(server):
    return [mail.subject for mail in server.mails]


def test_cancel_while_sending_leaves_the_next_job_to_be_sent():
    for offers in ALL_OFFERS:
        device, server, ports = device_with(*offers)
        job = spool(device, "One", [("scan.pdf", SCAN)])
        other = spool(device, "Two")
        states = []

        def on_call(device=device, job=job, server=server, states=states):
            if server.streams and server.streams[0].heard_bytes > 100 and not job.cancelled:
                states.append(job.state)
                device.outbox.delete(job)

        server.on_call = on_call
        send(device)
        assert states == ["sending"] and subjects(server) == ["Two"]
        assert device.outbox.jobs == [other] and other.state == "sent"
        assert ports.files.names("outbox") == [other.id]


def test_cancel_at_any_moment_takes_the_job_off_and_no_other():
    for offers in ALL_OFFERS:
        moment, is_reached = 0, True
        while is_reached:
            device, server, ports = device_with(*offers)
            job, other = spool(device, "One", [("scan.pdf", SCAN)]), spool(device, "Two")
            is_reached = cancelled_at(moment, device, server, job)
            assert subjects(server)[-1] == "Two" and len(server.copies("Two")) == 1, moment
            if is_reached:
                assert device.outbox.jobs == [other], moment
                assert ports.files.names("outbox") == [other.id], moment
                assert len(server.copies("One")) <= 1, moment
            moment += 1
        assert moment > 10


def cancelled_at(moment, device, server, job):
    """Send, and cancel the job at that turn of the dialogue; say whether it came to that before
    the job's end."""
    left = [moment]

    def on_call():
        left[0] -= 1
        if left[0] == -1 and not job.finished:
            device.outbox.delete(job)

    server.on_call = on_call
    send(device)
    return job.cancelled


def test_cancel_while_retrying_or_held_leaves_nothing_to_be_sent():
    device, server, ports = device_with()
    server.answers = {b"MAIL": b"451 later\r\n"}
    retrying = spool(device, "One")
    send(device)
    assert retrying.state == "retrying"
    device.outbox.delete(retrying)
    assert device.outbox.next_attempt_at() is None

    held = spool(device, "Two")
    device.clock.advance_s(3600)
    ports.http.answers = [refused("invalid_grant")]
    send(device)
    assert held.state == "held"
    device.outbox.delete(held)
    server.answers = {}
    device.keepers["smtp"].delete()
    run(acquire(device, ports.http))
    send(device)
    assert server.mails == [] and ports.files.names("outbox") == []
