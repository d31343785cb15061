"""service/outbox.py, web/upload.py: a queue that is full refuses before a file is taken."""

import support
from fakes.upload import FIELDS, Upload, device_with, form, large_form, passed, scan
from support import failure_of, run

MAX_WAITING = 20
SPOOL = (FIELDS[0], FIELDS[1])  # without a mode


def full_device():
    """Return a device without a token whose queue is full of mails that are held."""
    device, ports = device_with(acquired=False)
    with device.overlays:
        stored = support.spool(device, text="").record
    for _ in range(MAX_WAITING - 1):
        stored["id"] = device.outbox.new_id()
        device.outbox.add(dict(stored))
    for job in device.outbox.jobs:
        device.outbox.update(job, state="held", reason="token_missing", topic="token_missing")
    return device, ports


def test_full_queue_refuses_an_upload_before_its_file_and_leaves_the_others_as_they_are():
    device, ports = full_device()
    upload = Upload(large_form(*SPOOL))
    error = failure_of(passed(device, upload))
    assert (error.code, error.topic) == ("spool_full", "spool_full")
    assert upload.read_bytes <= 2048
    assert [job.state for job in device.outbox.jobs] == ["held"] * MAX_WAITING
    assert ports.files.names("outbox") == [job.id for job in device.outbox.jobs]
    assert all(device.texts.find("en", error.topic))


def test_full_queue_has_room_again_when_one_is_cancelled():
    device, _ = full_device()
    device.outbox.delete(device.outbox.jobs[3])
    job, error = run(passed(device, Upload(small_form())))
    assert (job.state, error) == ("queued", None)
    assert device.outbox.jobs[-1] is job


def small_form():
    return form(*SPOOL + (scan(),))
