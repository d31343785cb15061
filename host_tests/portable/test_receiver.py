"""service/receiver.py, mailwriter.py: stored first, deleted at the server after that."""

from fakes.popserver import (
    PDF,
    contents,
    device_with,
    mail_of,
    receive,
    receive_fails,
    result,
)
from fakes.ports import FakePorts
from mfpmail.service.device import Device
from support import configure

FILES = (
    PDF,
    PDF + b"a" * 57,
    PDF + b".\r\n..\r\n.\r\n",
    PDF + b"no line end at all",
    PDF + bytes(range(256)) * 9,
)


def test_attachments_are_stored_byte_for_byte():
    device, ports = device_with(("a", mail_of(FILES)))
    assert receive(device, ports) == result(1, 5)
    found = contents(device)
    for number, data in enumerate(FILES):
        assert found[("f%d.bin" % number, "application/pdf")] == data
    assert len(found) == len(FILES)
    assert ports.net.mails == []


def test_files_of_a_mail_stay_in_their_order():
    scans = [PDF + bytes(range(n)) for n in range(7)]
    device, ports = device_with(("a", mail_of(scans)))
    assert receive(device, ports) == result(1, 7)
    assert [item["size"] for item in device.inbox.items()] == [len(scan) for scan in scans]


def test_single_bytes_store_the_same():
    device, ports = device_with(("a", mail_of(FILES[:4])))
    ports.net.chunk_bytes = 1
    receive(device, ports)
    assert sorted(contents(device).values()) == sorted(FILES[:4])


def test_text_alone_is_kept_as_a_file():
    device, ports = device_with(("a", mail_of()))
    assert receive(device, ports) == result(1)
    (item,) = device.inbox.items()
    assert (item["name"], item["type"]) == ("message.txt", "text/plain")
    assert (item["from"], item["subject"]) == ("Alice <alice@far.test>", "Fax")
    assert contents(device)[("message.txt", "text/plain")] == b"Good morning.\r\n.\r\nEnd\r\n"


def test_text_beside_files_is_dropped():
    device, ports = device_with(("a", mail_of((PDF,))))
    assert receive(device, ports) == result(1)
    assert [name for name, _ in contents(device)] == ["f0.bin"]
    assert b"Good morning" not in b"".join(ports.files.content.values())


def test_record_comes_before_the_deletion_at_the_server():
    device, ports = device_with(("a", mail_of()), ("b", mail_of((PDF,))))
    log = []
    ports.files.on_change = lambda verb, path: log.append((verb, path.rpartition("/")[2]))
    ports.net.on_command = lambda line: log.append(("line", line))
    receive(device, ports)
    stored = [at for at, event in enumerate(log) if event == ("write", "mail.json")]
    seen = [at for at, event in enumerate(log) if event == ("rename", "eprint.bin.tmp")]
    first, second = log.index(("line", "DELE 1")), log.index(("line", "DELE 2"))
    assert len(stored) == 2
    assert stored[0] < seen[0] < first < stored[1] < seen[1] < second


def test_full_storage_leaves_the_mail_and_nothing_half():
    # The storage fills up while the text, the second file, or the record is written.
    for verb, ending in (("create", "/0"), ("create", "/2"), ("remove", "/0")):
        device, ports = device_with(("a", mail_of((PDF + b"one", PDF + b"two" * 300))))
        before = sorted(ports.files.content)
        free = ports.files.free

        def fill(changed, path, ports=ports, verb=verb, ending=ending):
            if changed == verb and path.endswith(ending):
                ports.files.free -= ports.files.free_bytes() - 10

        ports.files.on_change = fill
        assert receive_fails(device, ports).code == "storage_full"
        left = [path for path in ports.files.content if path not in before]
        assert [path for path in left if not path.startswith("seen/")] == []
        assert ports.files.names("inbox") == []
        assert ports.net.verbs("DELE") == []
        ports.files.free = free
        ports.files.on_change = lambda changed, path: None
        assert receive(device, ports)["files"] == 2


def test_more_than_twenty_leave_the_rest_for_a_check_soon():
    device, ports = device_with(*[("u%d" % n, mail_of(text=b"x", subject=n)) for n in range(21)])
    ports.files.free, device = 8 << 20, None
    device = Device(ports)
    assert receive(device, ports) == result(20, left=1, more=True)
    assert receive(device, ports) == result(1)
    numbers = [int(item["subject"]) for item in device.inbox.items()]
    assert numbers == list(range(21))


def test_empty_maildrop_says_goodbye():
    device, ports = device_with()
    assert receive(device, ports) == result(0)
    assert ports.net.commands[-1] == "QUIT"


def test_order_is_kept_over_a_restart():
    device, ports = device_with(*[("u%d" % n, mail_of(subject=str(n))) for n in range(11)])
    receive(device, ports)
    for _ in range(2):
        assert [item["subject"] for item in device.inbox.items()] == [str(n) for n in range(11)]
        device = None
        device = Device(ports)


def test_dead_token_is_told_with_its_step():
    ports = FakePorts()
    device = Device(ports)
    configure(device, "ifax")
    error = receive_fails(device, ports, "ifax")
    assert (error.code, error.step) == ("token_missing", "token")
    assert ports.net.streams == []


def test_progress_is_shown_while_a_mail_comes_in():
    mail = mail_of((PDF + bytes(5000),))
    device, ports = device_with(("a", mail))
    shown = []

    def note(verb, path):
        if verb == "append":
            shown.append(dict(device.maildrops.last["eprint"]["receiving"]))

    ports.files.on_change = note
    receive(device, ports)
    assert len(shown) > 3
    assert {entry["bytes_total"] for entry in shown} == {len(mail)}
    assert [e["bytes_done"] for e in shown] == sorted(e["bytes_done"] for e in shown)
    assert 0 < shown[0]["bytes_done"] < shown[-1]["bytes_done"] <= len(mail)


def test_waiting_job_ends_the_check_after_a_mail():
    from support import spool

    device, ports = device_with(("a", mail_of()), ("b", mail_of()), ("c", mail_of()))
    spool(device)
    device.postman.is_lean = True  # one connection at a time
    assert receive(device, ports) == result(1, left=2, more=True)
    for job in list(device.outbox.jobs):
        device.outbox.delete(job)
    assert receive(device, ports) == result(2)


def test_long_check_ends_between_two_mails():
    device, ports = device_with(("a", mail_of()), ("b", mail_of()))
    ports.net.on_command = lambda line: ports.clock.advance_s(31 if line == "RETR 1" else 0)
    assert receive(device, ports) == result(1, left=1, more=True)
