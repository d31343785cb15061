"""service/outbox.py and draft.py: a job is there as a whole or not at all, and stays."""

from fakes.dialogues import delivery
from fakes.files import PowerCutError
from fakes.ports import FakePorts
from mfpmail.core import limits, record
from mfpmail.core.errors import StorageError
from mfpmail.service.device import Device
from mfpmail.service.draft import Draft
from support import acquire, configure, failure, run, spool

FIELDS = {"to": "a@far.test", "subject": "Scan", "mode": ""}
SENDER = ("Printer", "scan@mail.test")
SCAN = bytes(range(256)) * 8


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
        job = spool(device, files=[("scan.pdf", SCAN)])

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


def test_public_shows_nothing_that_only_sending_needs():
    shown = spool(started()[0], files=[("scan.pdf", SCAN)]).public()
    assert not {"plan", "from_span", "sender_name"} & set(shown)
    assert shown["via"] == ""
