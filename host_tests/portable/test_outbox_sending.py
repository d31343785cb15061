"""service/outbox.py: what sending does to the queue, whatever is cut off or cancelled."""

import support
from fakes.dialogues import delivery
from fakes.files import PowerCutError
from fakes.ports import FakePorts
from mfpmail.core import record
from mfpmail.core.errors import StorageError
from mfpmail.service.device import Device
from support import acquire, configure, run

SCAN = bytes(range(256)) * 8


def spool(device, *arguments, **changes):
    """Queue a job; what is only loaded for that is gone again, as after an upload."""
    with device.overlays:
        return support.spool(device, *arguments, **changes)


def started():
    ports = FakePorts()
    device = Device(ports)
    configure(device)
    return device, ports


def signed_in(*scripts):
    """Return a device with a token, and the ports whose servers play the scripts."""
    device, ports = started()
    run(acquire(device, ports.http))
    ports.net.add(*scripts)
    return device, ports


def test_send_power_cut_at_every_change_loses_no_job():
    cut = 0
    finished = False
    while not finished:
        device, ports = started()
        run(acquire(device, ports.http))
        ports.net.add(delivery("a@far.test"), delivery("a@far.test"))
        job = spool(device, files=[("one.pdf", b"1" * 500)])
        ports.files.changes_left = cut
        try:
            run(device.postman.send_due())
            finished = True
        except PowerCutError:
            pass
        ports.files.changes_left = None
        device = Device(ports)
        (again,) = device.outbox.jobs
        # The first change notes that the token was accepted, the second that the mail is sent.
        assert (again.id, again.state) == (job.id, "sent" if cut > 1 else "queued")
        run(device.postman.send_due())
        assert again.state == "sent"
        cut += 1
    assert cut > 2


def test_finished_jobs_beyond_ten_are_forgotten():
    device, ports = started()
    run(acquire(device, ports.http))
    ids = []
    for _ in range(12):
        ports.net.add(delivery("a@far.test"))
        ids.append(spool(device, text="").id)
        run(device.postman.send_due())
    assert [job.id for job in device.outbox.jobs] == ids[2:]
    assert ports.files.names("outbox") == ids[2:]


def test_cancel_while_queued_leaves_nothing():
    device, ports = started()
    job = spool(device, files=[("scan.pdf", SCAN)])
    device.outbox.delete(job)
    assert device.outbox.jobs == []
    assert ports.files.names("outbox") == []
    run(device.postman.send_due())
    assert ports.net.streams == []


def test_cancel_while_sending_writes_no_final_dot_and_leaves_nothing():
    # Cancelled as the sign-in begins, as the envelope goes, and in the middle of the file.
    for start in (b"EHLO", b"RCPT", b"AAECAwQ"):
        device, ports = signed_in(delivery("a@far.test"))
        job = spool(device, files=[("scan.pdf", SCAN * 4)])

        def cancel(data, device=device, job=job, start=start):
            if data.startswith(start) and not job.cancelled:
                device.outbox.delete(job)

        ports.net.on_write = cancel
        run(device.postman.send_due())
        assert job.cancelled
        assert not ports.net.written.endswith(b"\r\n.\r\n"), start
        assert ports.net.streams[0].closed
        assert device.outbox.jobs == []
        assert ports.files.names("outbox") == []


def test_send_storage_that_fails_at_the_end_closes_the_connection():
    device, ports = signed_in(delivery("a@far.test"))
    job = spool(device)

    def fail(data):
        ports.files.fail_writes = data.endswith(b"\r\n.\r\n")

    ports.net.on_write = fail
    try:
        run(device.postman.send_due())
    except Exception as error:
        assert error.code == "storage_failed"
    assert ports.net.streams[0].closed
    assert job in device.outbox.jobs


def test_send_delivered_mail_whose_record_cannot_be_stored_is_not_sent_again():
    device, ports = signed_in(delivery("a@far.test"))
    job = spool(device)
    job_path = "outbox/%s/job.json" % job.id
    save = ports.files.write

    def fail_on_the_record(path, data):
        if path == job_path:
            raise StorageError("storage_failed", "The device's storage failed.")
        save(path, data)

    ports.files.write = fail_on_the_record
    run(device.postman.send_due())
    assert job.state == "sent"
    run(device.postman.send_due())
    assert len(ports.net.streams) == 1


def test_record_of_version_1_is_taken_over_and_its_mail_sent_as_it_is():
    device, ports = signed_in(delivery("a@far.test"))
    job = spool(device)
    stored = job.record
    for name in ("topic", "detail", "failing_since", "from_span", "sender_name", "via"):
        del stored[name]
    stored.update({"state": "retrying", "reason": "connect", "message": "No.", "hint": "Wait."})
    stored.update({"attempts": 3, "next_attempt_at": device.clock.now_s()})
    ports.files.content["outbox/%s/job.json" % job.id] = record.dump(1, stored)
    device = Device(ports)
    (job,) = device.outbox.jobs
    shown = job.public()
    assert (shown["topic"], shown["detail"], shown["via"]) == ("connect", "No.", "")
    assert "hint" not in shown and "message" not in shown
    configure_sender(device, "other@mail.test")
    run(device.postman.send_due())
    assert (job.state, job.public()["via"]) == ("sent", "smtp")
    assert b"MAIL FROM:<scan@mail.test>" in ports.net.written
    assert b'From: "Printer" <scan@mail.test>' in ports.net.written


def configure_sender(device, address):
    device.configuration.put("smtp", {"sender_address": address}, True)
