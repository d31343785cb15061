"""service/outbox.py: records that are damaged, files that a power cut left."""

from fakes.dialogues import delivery
from fakes.ports import FakePorts
from mfpmail.service.device import Device
from support import acquire, configure, run, spool

SCAN = bytes(range(256)) * 8


def test_outbox_damaged_record_is_reported_and_the_others_are_listed():
    ports = FakePorts()
    device = Device(ports)
    lost, kept = spool(device), spool(device)
    ports.files.content["outbox/%s/job.json" % lost.id] = b"garbage"
    assert [shown["id"] for shown in device.outbox.listing()] == [kept.id]
    assert device.outbox.find(lost.id) is None
    assert len(device.store.faults) == 1


def test_outbox_finished_job_loses_files_that_a_power_cut_left():
    ports = FakePorts(delivery("a@far.test"))
    device = Device(ports)
    configure(device)
    run(acquire(device, ports.http))
    job = spool(device, files=[("scan.pdf", SCAN)])
    run(device.postman.send_due())
    ports.files.content["outbox/%s/0" % job.id] = SCAN
    Device(ports)
    assert ports.files.names("outbox/" + job.id) == ["job.json"]
