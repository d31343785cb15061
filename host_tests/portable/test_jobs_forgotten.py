"""service/outbox.py: which records of finished jobs make room for others."""

import support
from fakes.ports import FakePorts
from fakes.provider import tokens
from fakes.smtpserver import DOT, SmtpServer
from mfpmail.service.device import Device
from support import acquire, configure, run

PATIENCE_S = 4 * 86400
KEPT = 10


def device_with():
    """Return a device whose server takes everything, that server, and the ports."""
    ports = FakePorts()
    ports.net = server = SmtpServer()
    device = Device(ports)
    configure(device)
    run(acquire(device, ports.http))
    return device, server, ports


def spool(device, subject):
    with device.overlays:
        return support.spool(device, subject=subject)


def send(device):
    run(device.postman.send_due())


def send_many(device, count):
    for number in range(count):
        spool(device, "New %d" % number)
        send(device)


def subjects(device, state):
    return [job.record["subject"] for job in device.outbox.jobs if job.state == state]


def old_job(device, server):
    """Return a job that waits while many others are sent."""
    server.answers = {b"MAIL": b"451 later\r\n"}
    job = spool(device, "Old")
    send(device)
    server.answers = {}
    send_many(device, KEPT + 1)
    return job


def test_job_that_expires_behind_many_newer_ones_is_shown_and_its_sender_told():
    device, server, ports = device_with()
    job = old_job(device, server)
    device.clock.advance_s(PATIENCE_S)
    ports.http.answers = [tokens(2)]
    server.answers = {b"MAIL FROM": b"451 later\r\n"}
    send(device)
    assert (job.state, job.record["reason"]) == ("failed", "expired")
    assert subjects(device, "failed") == ["Old"]
    assert subjects(device, "queued") == ["Not delivered: Old"]
    assert len(subjects(device, "sent")) == KEPT - 1
    assert [job.id for job in Device(ports).outbox.jobs] == [job.id for job in device.outbox.jobs]


def test_job_that_is_sent_behind_many_newer_ones_is_shown_until_the_next_one():
    device, server, _ = device_with()
    job = old_job(device, server)
    device.clock.advance_s(60)
    send(device)
    assert job in device.outbox.jobs and job.state == "sent"
    send_many(device, 1)
    assert job not in device.outbox.jobs
    assert len(subjects(device, "sent")) == KEPT


def test_job_that_failed_is_kept_longer_than_those_that_were_sent():
    device, server, _ = device_with()
    server.answers = {DOT: b"554 5.7.1 spam\r\n"}
    spool(device, "Spam")
    send(device)
    server.answers = {}
    send(device)  # the note about it
    send_many(device, 2 * KEPT)
    assert subjects(device, "failed") == ["Spam"]
    assert len(subjects(device, "sent")) == KEPT - 1


def test_job_whose_sender_is_still_to_be_told_is_kept():
    device, server, _ = device_with()
    server.answers = {DOT: b"554 5.7.1 spam\r\n"}
    for number in range(KEPT + 2):
        job = spool(device, "Spam %d" % number)
        run(send_only(device, job))
        del server.streams[:]
    assert len(subjects(device, "failed")) == KEPT + 2
    server.answers, told = {}, []
    for _ in range(KEPT + 3):
        send(device)  # what is due, then a note is queued
        told += [mail.subject for mail in server.mails]
        del server.mails[:], server.streams[:]
    assert told == ["Not delivered: Spam %d" % number for number in range(KEPT + 2)]
    assert len(subjects(device, "failed")) == KEPT - 1


async def send_only(device, job):
    """Send one job; the note about it is not queued."""
    with device.overlays:
        from mfpmail.service.sender import Sender

        accounts = device.postman.accounts()
        await Sender(
            device.outbox, accounts, device.clock, device.random_bytes, device.journal.write
        ).send(job)
        await accounts.close()
