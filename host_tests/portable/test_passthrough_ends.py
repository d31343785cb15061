"""service/passthrough.py: whoever goes away in the middle, no half mail and no half job stays."""

from fakes.files import PowerCutError
from fakes.upload import (
    DOT,
    FIELDS,
    Upload,
    assert_nothing_left,
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
from support import failure_of, run


def test_pass_refused_at_the_end_is_a_job_that_failed_with_the_reply():
    device, ports = device_with(delivered(b"554 5.6.0 spam\r\n"))
    job, error = run(passed(device, Upload(form(*FIELDS, scan()))))
    assert error.code == "smtp_554"
    shown = job.public()
    assert (shown["state"], shown["reason"], shown["topic"]) == (
        "failed",
        "smtp_554",
        "mail_refused",
    )
    assert shown["recipients"][0]["state"] == "failed"
    assert not job.note_due
    assert ports.files.names("outbox/" + job.id) == ["job.json"]
    assert not device.postman.sending.locked()


def test_pass_uploader_that_vanishes_leaves_no_mail_and_a_record_that_says_so():
    body = form(*FIELDS, scan())
    for cut in (len(body) - 300, len(body) - 10):
        device, ports = device_with(delivered())
        job, error = run(passed(device, Upload(body, cut)))
        assert error.code in ("upload_cut", "bad_upload")
        assert (job.state, job.record["reason"]) == ("failed", "pass_cut"), cut
        assert job.record["recipients"][0]["state"] == "failed"
        assert DOT not in ports.net.written.split(b"DATA\r\n")[1][-7:]
        assert ports.net.streams[0].closed
        assert not device.postman.sending.locked()
        assert ports.files.names("outbox/" + job.id) == ["job.json"]


def test_pass_server_that_dies_ends_the_upload_at_once():
    device, ports = device_with(delivered())
    upload = Upload(large_form(*FIELDS))

    def die(data):
        if upload.read_bytes > 10000:
            raise NetworkError("closed", "mail.test closed the connection.")

    ports.net.on_write = die
    job, error = run(passed(device, upload))
    assert (error.code, job.state, job.record["reason"]) == ("closed", "failed", "closed")
    assert upload.read_bytes < 18000
    assert ports.net.streams[0].closed and not device.postman.sending.locked()


def test_pass_fault_after_the_mail_was_taken_leaves_it_sent_and_lets_others_send():
    device, ports = device_with(delivered())
    device.postman.is_lean = True  # so that it says goodbye

    def run_out(data):
        if data == b"QUIT\r\n":
            raise MemoryError

    ports.net.on_write = run_out
    try:
        run(passed(device, Upload(form(*FIELDS, scan()))))
        raise AssertionError("nobody was told")
    except MemoryError:
        pass
    assert [job.state for job in device.outbox.jobs] == ["sent"]
    assert not device.postman.sending.locked()


def test_pass_job_can_be_watched_and_cancelled():
    device, ports = device_with(delivered())
    upload = Upload(large_form(*FIELDS))
    forget_written(ports)
    seen = []

    def cancel():
        if upload.read_bytes > 8000 and device.outbox.jobs:
            (job,) = device.outbox.jobs
            seen.append(job.public())
            device.outbox.delete(job)

    upload.on_read = cancel
    assert failure_of(passed(device, upload)).code == "cancelled"
    (shown,) = seen
    assert (shown["state"], shown["reason"]) == ("sending", "")
    assert 0 < shown["bytes_done"] < shown["bytes_total"]
    assert shown["recipients"][0]["state"] == "queued"
    assert_nothing_left(device, ports)


def test_pass_power_cut_at_every_change_sends_nothing_again_and_leaves_no_half():
    cut = 0
    finished = False
    while not finished:
        device, ports = device_with(delivered())
        ports.files.changes_left = cut
        try:
            run(passed(device, Upload(form(*FIELDS, scan()))))
            finished = True
        except PowerCutError:
            pass
        ports.files.changes_left = None
        device = Device(ports)
        states = [(job.state, job.record["reason"]) for job in device.outbox.jobs]
        assert states in ([], [("failed", "pass_cut")], [("sent", "")]), (cut, states)
        assert ports.files.names("outbox") == [job.id for job in device.outbox.jobs]
        assert device.outbox.next_due(device.clock.now_s()) is None
        cut += 1
    assert cut > 6 and states == [("sent", "")]
