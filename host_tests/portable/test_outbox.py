"""service/outbox.py and draft.py: a job is there as a whole or not at all, and stays."""

from fakes.files import PowerCutError
from fakes.ports import FakePorts
from mfpmail.core import limits
from mfpmail.service.device import Device
from mfpmail.service.draft import Draft
from support import configure, failure, spool

FIELDS = {"to": "a@far.test", "subject": "Scan", "mode": ""}
SENDER = ("Printer", "scan@mail.test")
SCAN = bytes(range(256)) * 8


def started():
    ports = FakePorts()
    device = Device(ports)
    configure(device)
    return device, ports


def draft_of(device):
    return Draft(device.outbox, device.store.files, device.clock, device.random_bytes)


def entered(**changes):
    fields = dict(FIELDS)
    fields.update(changes)
    return fields


def test_commit_makes_a_job_that_survives_a_restart():
    device, ports = started()
    job = spool(device, "a@far.test, b@far.test", [("Διακριτικό.pdf", b"x" * 1000)])
    assert job.state == "queued"
    (again,) = Device(ports).outbox.jobs
    assert again.public() == job.public()
    shown = again.public()
    assert [r["address"] for r in shown["recipients"]] == ["a@far.test", "b@far.test"]
    assert shown["files"] == [{"name": "Διακριτικό.pdf", "type": "application/pdf", "size": 1000}]


def test_commit_power_cut_at_every_change_loses_no_committed_job_and_leaves_no_half():
    cut = 0
    while True:
        device, ports = started()
        first = spool(device, files=[("one.pdf", b"1" * 500)])
        ports.files.changes_left = cut
        try:
            committed = spool(device, files=[("two.pdf", b"2" * 500), ("three.pdf", b"3")])
            ports.files.changes_left = None
        except PowerCutError:
            committed = None
            ports.files.changes_left = None
        device = Device(ports)
        ids = [job.id for job in device.outbox.jobs]
        assert ids == [first.id] + ([committed.id] if committed else []), cut
        assert ports.files.names("outbox") == ids
        assert device.store.faults == []
        if committed:
            break
        cut += 1
    assert cut > 5


def test_commit_storage_that_fails_leaves_no_job():
    device, ports = started()
    draft = draft_of(device)
    draft.open_file("one.pdf", "")
    draft.write(b"1" * 100)
    draft.close_file()
    ports.files.fail_writes = True
    assert failure(draft.commit, FIELDS, SENDER).code == "storage_failed"
    ports.files.fail_writes = False
    draft.discard()
    assert device.outbox.jobs == []
    assert ports.files.names("outbox") == []


def test_write_on_a_full_storage_leaves_nothing_after_discard():
    device, ports = started()
    draft = draft_of(device)
    draft.open_file("one.pdf", "")
    draft.write(b"1" * 1000)
    ports.files.free = 2000
    assert failure(draft.write, b"2" * 2000).code == "storage_full"
    draft.discard()
    assert ports.files.names("outbox") == []


def test_commit_faults_are_told_all_at_once():
    device, ports = started()
    for changes, sender, faults in (
        ({"to": ""}, SENDER, ["to"]),
        ({"to": "a@far.test,b"}, SENDER, ["to"]),
        ({"to": "a@far.test>\r\nDATA"}, SENDER, ["to"]),
        ({"to": ",".join(["a@far.test"] * 101)}, SENDER, ["to"]),
        ({"subject": "a\r\nBcc: x@far.test"}, SENDER, ["subject"]),
        ({"subject": "s" * 256}, SENDER, ["subject"]),
        ({"mode": "pass"}, SENDER, ["mode"]),
        ({"to": "x", "subject": "\n"}, ("", ""), ["sender_address", "subject", "to"]),
    ):
        error = failure(draft_of(device).commit, entered(**changes), sender)
        assert (error.code, sorted(error.fields)) == ("bad_job", faults)
    assert Device(ports).outbox.jobs == []
    assert ports.files.names("outbox") == []


def test_commit_text_that_is_too_long_is_told_with_the_other_faults_and_not_kept():
    device, ports = started()
    draft = draft_of(device)
    for _ in range(limits.MAX_TEXT_BYTES // 1024 + 1):
        draft.write_text(b"x" * 1024)
    error = failure(draft.commit, entered(to=""), SENDER)
    assert sorted(error.fields) == ["text", "to"]
    assert len(ports.files.content.get(draft_text(ports), b"")) <= limits.MAX_TEXT_BYTES
    draft.discard()
    assert ports.files.names("outbox") == []


def draft_text(ports):
    folder = ports.files.names("outbox")
    return "outbox/%s/text" % folder[0] if folder else ""


def test_open_file_beyond_sixteen_is_refused():
    draft = draft_of(started()[0])
    for _ in range(limits.MAX_FILES_PER_JOB):
        draft.open_file("f", "text/plain")
        draft.close_file()
    assert "file" in failure(draft.open_file, "f", "").fields


def test_open_file_long_name_is_cut_and_nonsense_type_is_guessed():
    device, _ = started()
    draft = draft_of(device)
    for name, content_type in (("n" * 300, ""), ("a.tif", "x\r\ny"), ("b.pdf", "image/png")):
        draft.open_file(name, content_type)
        draft.close_file()
    files = draft.commit(FIELDS, SENDER).record["files"]
    assert [len(files[0]["name"])] + [f["type"] for f in files] == [
        limits.MAX_FILE_NAME_CHARS,
        "application/octet-stream",
        "image/tiff",
        "image/png",
    ]


def test_check_room_refuses_a_job_beyond_the_quota():
    device, ports = started()
    device.outbox.check_room(ports.files.free_bytes() - 65536 - 1)
    error = failure(device.outbox.check_room, ports.files.free_bytes() - 65536)
    assert error.code == "spool_full"


def test_check_room_takes_twenty_waiting_jobs_at_most():
    device, ports = started()
    stored = spool(device, text="").record
    for _ in range(19):
        device.outbox.check_room(100)
        stored["id"] = device.outbox.new_id()
        device.outbox.add(stored)
    assert failure(device.outbox.check_room, 100).code == "spool_full"
    device = Device(ports)
    assert failure(device.outbox.check_room, 100).code == "spool_full"
    device.outbox.delete(device.outbox.jobs[0])
    device.outbox.check_room(100)


def test_jobs_keep_their_order_over_a_restart():
    device, ports = started()
    ids = [spool(device, text="").id for _ in range(12)]
    assert [job.id for job in device.outbox.jobs] == ids
    device = Device(ports)
    assert [job.id for job in device.outbox.jobs] == ids
    assert spool(device, text="").id > ids[-1]


def test_damaged_record_is_kept_aside_and_the_others_go_on():
    device, ports = started()
    bad, good = spool(device), spool(device)
    path = "outbox/%s/job.json" % bad.id
    ports.files.content[path] = ports.files.content[path][:-7]
    device = Device(ports)
    assert [job.id for job in device.outbox.jobs] == [good.id]
    assert path + ".bad" in ports.files.content
    assert len(device.store.faults) == 1
    assert [job.id for job in Device(ports).outbox.jobs] == [good.id]
    assert path + ".bad" in ports.files.content


def test_public_shows_nothing_that_only_sending_needs():
    shown = spool(started()[0], files=[("scan.pdf", SCAN)]).public()
    assert not {"plan", "from_span", "sender_name"} & set(shown)
    assert shown["via"] == ""
