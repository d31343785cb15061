"""service/alerts.py, supervisor.py: the events that the device finds by itself."""

from fakes.alerted import ready, reported, text_of
from fakes.dying import enter_alternative, subjects
from mfpmail.core.errors import StorageError
from mfpmail.service.device import Device
from mfpmail.service.telling import tell
from support import configure, run, spool, supervised


def fail_job(device, **changes):
    job = spool(device, subject="A scan")
    device.outbox.update(job, state="failed", topic="mail_too_large", detail="552 x", **changes)
    device.alerts.watch()
    tell(device)
    return job


def test_failed_job_is_an_alert_with_its_subject_and_cause():
    device, ports = ready()
    job = fail_job(device)
    assert subjects(device) == ["A scan", "Printer: a mail could not be sent"]
    wanted = "A scan (%s): The mail is larger than the mail server accepts." % job.id
    assert text_of(device, ports).split("\n")[1] == wanted
    assert device.alerts.last[0]["detail"] == wanted
    device.alerts.watch()
    assert (device.alerts.waiting, device.alerts.failed) == ([], 1)
    device = Device(ports)
    device.alerts.watch()
    assert device.alerts.waiting == []


def test_failed_notice_is_no_alert_even_after_a_restart():
    device, ports = ready()
    reported(device, ("paper_out",))
    device = Device(ports)
    (notice,) = device.outbox.jobs
    assert notice.record["notice"]
    device.outbox.update(notice, state="failed", topic="recipient_refused")
    device.alerts.watch()
    tell(device)
    assert (subjects(device), device.alerts.last) == (["Printer: no paper"], [])


def test_failed_job_that_is_gone_meanwhile_is_no_alert():
    device, _ = ready()
    job = spool(device)
    device.outbox.update(job, state="partly_sent")
    device.alerts.watch()
    device.outbox.delete(job)
    tell(device)
    assert subjects(device) == []


def test_failed_job_whose_record_is_damaged_is_a_fault_of_the_storage():
    device, ports = ready()
    job = spool(device)
    device.outbox.update(job, state="failed")
    device.alerts.watch()
    ports.files.content["outbox/%s/job.json" % job.id] = b"damaged"
    for _ in range(2):
        tell(device)
        device.alerts.watch()
    assert subjects(device) == ["Printer: a fault of its storage"]


def test_finished_jobs_are_counted_once_however_many_there_are():
    device, ports = ready()
    for rounds in range(4):
        jobs = [spool(device) for _ in range(10)]
        for number in range(10):
            device.outbox.update(jobs[number], state="partly_sent" if number < 3 else "sent")
        if rounds % 2:
            for _ in range(2):
                device.alerts.watch()
    assert (device.alerts.sent, device.alerts.failed) == (28, 12)
    device = Device(ports)
    device.alerts.watch()
    assert (device.alerts.sent, device.alerts.failed) == (0, 0)


def test_cancelled_job_is_neither_sent_nor_failed():
    device, _ = ready()
    device.outbox.delete(spool(device))
    device.alerts.watch()
    assert (device.alerts.sent, device.alerts.failed, device.alerts.waiting) == (0, 0, [])


def test_inbox_that_is_full_is_an_alert_until_there_is_room():
    device, ports = ready()
    free = ports.files.free
    for full in (False, True, True, False, True):
        ports.files.free = free if not full else free - ports.files.free_bytes() + 60000
        device.alerts.note_inbox()
        ports.files.free = free
        tell(device)
    assert subjects(device) == ["Printer: the inbox is full"] * 2


def test_damaged_record_is_an_alert_after_the_start():
    device, ports = ready()
    ports.files.content["seen/ifax"] = b"damaged"
    ports.files.content["outbox/000001-aa/job.json"] = b"damaged"
    device = Device(ports)
    for _ in range(2):
        device.alerts.watch()
        tell(device)
    assert subjects(device) == ["Printer: a fault of its storage"]
    assert device.alerts.last[0]["detail"].startswith("outbox/000001-aa/job.json")


def test_supervisor_tells_of_what_is_reported_and_of_jobs_that_fail():
    device, ports = ready()
    configure(device, server="")  # nothing is sent meanwhile
    enter_alternative(device)
    job = spool(device)
    device.outbox.update(job, state="failed", detail="552 too large")
    device = Device(ports)
    device.alerts.report("paper_out")
    run(supervised(device, lambda: len(subjects(device)) > 1))
    assert subjects(device)[1:] == ["printer.test: no paper"]
    device, ports = ready(alert_to="")
    job = spool(device)
    device.outbox.update(job, state="failed", detail="552 too large")
    run(supervised(device, lambda: device.alerts.last))
    assert device.alerts.last[0]["detail"] == "Scan (%s): 552 too large" % job.id


def test_supervisor_reports_a_storage_that_fails():
    device, _ = ready()

    def fail(*_):
        raise StorageError("storage_failed", "The device's storage failed (5).")

    device.outbox.next_due = fail
    run(supervised(device, lambda: device.alerts.last))
    assert device.alerts.last[0]["detail"] == "The device's storage failed (5)."
    assert subjects(device) == ["Printer: a fault of its storage"]
