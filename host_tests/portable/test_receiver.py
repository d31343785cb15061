"""service/receiver.py, mailwriter.py, inbox.py: stored first, deleted at the server after that."""

from fakes.dialogues import POP3_SIGNED_IN, maildrop, retrieved
from fakes.files import PowerCutError
from fakes.ports import FakePorts
from mfpmail.service.device import Device
from support import acquire, configure, failure_of, run

NO_GOODBYE = None
FILES = (
    b"x",
    b"a" * 57,
    b".\r\n..\r\n.\r\n",
    b"no line end at all",
    bytes(range(256)) * 9,
    b"",
)


def encoded(data):
    import binascii

    lines = [binascii.b2a_base64(data[at : at + 57]) for at in range(0, len(data), 57)]
    return b"".join(lines).replace(b"\n", b"\r\n")


def mail_of(files=(), text=b"Good morning.\r\n.\r\nEnd\r\n", subject=b"Fax"):
    head = b"From: Alice <alice@far.test>\r\nSubject: " + subject + b"\r\nDate: today\r\n"
    if not files:
        return head + b"Content-Type: text/plain\r\n\r\n" + text
    parts = [b"", b"\r\n\r\n" + text] if text is not None else [b""]
    for number, data in enumerate(files):
        parts.append(
            b"\r\nContent-Type: application/octet-stream; name=f%d.pdf\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n" % number + encoded(data)
        )
    kind = b'Content-Type: multipart/mixed; boundary="=_b"\r\n'
    return head + kind + b"\r\n" + b"\r\n--=_b".join(parts) + b"\r\n--=_b--\r\n"


def device_with(*scripts, acquired=True):
    ports = FakePorts(*scripts)
    device = Device(ports)
    configure(device, "ifax")
    if acquired:
        run(acquire(device, ports.http, "ifax"))
    return device, ports


def receive(device):
    return run(device.postman.receive("ifax"))


def contents(device):
    """Return what can be downloaded: `{(name, type): content}`."""
    found = {}
    for item in device.inbox.items():
        file = device.inbox.open(item["id"])
        found[(item["name"], item["type"])] = file.read()
        file.close()
        assert item["size"] == len(found[(item["name"], item["type"])])
    return found


def test_receive_attachments_are_stored_byte_for_byte():
    device, _ = device_with(maildrop([("a", mail_of(FILES))]))
    assert receive(device) == {"received": 1, "files": 6, "left": 0, "full": False}
    found = contents(device)
    for number, data in enumerate(FILES):
        assert found[("f%d.pdf" % number, "application/pdf")] == data
    assert len(found) == len(FILES)


def test_receive_in_single_bytes_stores_the_same():
    device, ports = device_with(maildrop([("a", mail_of(FILES[:4]))]))
    ports.net.chunk_bytes = 1
    receive(device)
    assert sorted(contents(device).values()) == sorted(FILES[:4])


def test_receive_text_alone_is_kept_as_a_file():
    device, _ = device_with(maildrop([("a", mail_of())]))
    assert receive(device)["files"] == 1
    (item,) = device.inbox.items()
    assert (item["name"], item["type"]) == ("message.txt", "text/plain")
    assert (item["from"], item["subject"]) == ("Alice <alice@far.test>", "Fax")
    assert contents(device)[("message.txt", "text/plain")] == b"Good morning.\r\n.\r\nEnd\r\n"


def test_receive_text_beside_files_is_dropped():
    device, ports = device_with(maildrop([("a", mail_of((b"x",)))]))
    assert receive(device)["files"] == 1
    assert [name for name, _ in contents(device)] == ["f0.pdf"]
    assert b"Good morning" not in b"".join(ports.files.content.values())


def test_receive_html_alone_is_kept_as_a_file():
    mail = b"From: a@far.test\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n"
    device, _ = device_with(maildrop([("a", mail)]))
    assert receive(device)["files"] == 1
    assert contents(device) == {("message.html", "text/html"): b"<p>Hello</p>\r\n"}


def test_receive_mail_without_any_body_can_be_seen_and_removed():
    for mail in (
        b"Subject: empty\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n",
        b"Subject: empty\r\n\r\n",
        b"\r\n",
    ):
        device, _ = device_with(maildrop([("a", mail)]))
        assert receive(device)["files"] == 1
        (item,) = device.inbox.items()
        assert item["size"] == 0
        device.inbox.delete(item["id"])
        assert device.inbox.count == 0


def test_receive_deletes_at_the_server_only_after_the_record_is_stored():
    device, ports = device_with(maildrop([("a", mail_of()), ("b", mail_of((b"x",)))]))
    log = []
    ports.files.on_change = lambda verb, path: log.append((verb, path.rpartition("/")[2]))
    ports.net.on_write = lambda data: log.append(("line", data[:6]))
    receive(device)
    stored = [at for at, event in enumerate(log) if event == ("write", "mail.json")]
    deleted = [at for at, event in enumerate(log) if event == ("line", b"DELE 1")]
    deleted += [at for at, event in enumerate(log) if event == ("line", b"DELE 2")]
    assert len(stored) == len(deleted) == 2
    assert stored[0] < deleted[0] < stored[1] < deleted[1]


def test_receive_lost_goodbye_deletes_without_fetching_again():
    mails = [("a", mail_of()), ("b", mail_of((b"x",)))]
    again = POP3_SIGNED_IN + [
        (b"UIDL\r\n", b"+OK\r\n1 a\r\n2 b\r\n.\r\n"),
        (b"DELE 1\r\n", b"+OK\r\n"),
        (b"DELE 2\r\n", b"+OK\r\n"),
        (b"QUIT\r\n", b"+OK\r\n"),
    ]
    for restarted in (False, True):
        device, ports = device_with(maildrop(mails, NO_GOODBYE), again)
        error = failure_of(device.postman.receive("ifax"))
        assert (error.code, error.step) == ("closed", "quit")
        if restarted:
            device = Device(ports)
        assert receive(device) == {"received": 0, "files": 0, "left": 0, "full": False}
        assert device.inbox.count == 2
        assert b"RETR" not in ports.net.written


def test_receive_after_the_goodbye_forgets_the_unique_ids():
    device, _ = device_with(maildrop([("a", mail_of())]), maildrop([("a", mail_of())]))
    receive(device)
    assert receive(device)["received"] == 1
    assert device.inbox.count == 2


def test_receive_storage_full_leaves_the_mail_and_nothing_half():
    # The storage fills up while the text, the second file, or the record is written.
    for verb, ending in (("create", "/0"), ("create", "/2"), ("remove", "/0")):
        mail = mail_of((b"one", b"two" * 300))
        device, ports = device_with(maildrop([("a", mail)]), maildrop([("a", mail)]))
        before = sorted(ports.files.content)
        free = ports.files.free

        def fill(changed, path, ports=ports, verb=verb, ending=ending):
            if changed == verb and path.endswith(ending):
                ports.files.free -= ports.files.free_bytes() - 10

        ports.files.on_change = fill
        assert failure_of(device.postman.receive("ifax")).code == "storage_full"
        assert sorted(ports.files.content) == before
        assert ports.files.names("inbox") == []
        assert b"DELE" not in ports.net.written
        assert ports.net.streams[-1].closed
        ports.files.free = free
        ports.files.on_change = lambda changed, path: None
        assert receive(device)["files"] == 2


def test_receive_inbox_full_leaves_the_rest_at_the_server():
    mails = [("u%02d" % n, mail_of()) for n in range(20)]
    device, ports = device_with(maildrop(mails), acquired=True)
    assert receive(device)["received"] == 20
    more = [("v%d" % n, mail_of()) for n in range(6)]
    script = maildrop(more)[:-5] + [(b"QUIT\r\n", b"+OK bye\r\n")]
    ports.net.add(script)
    assert receive(device) == {"received": 4, "files": 4, "left": 2, "full": True}
    assert device.inbox.full and device.inbox.count == 24
    waiting = (b"UIDL\r\n", b"+OK\r\n1 v4\r\n.\r\n")
    ports.net.add(POP3_SIGNED_IN + [waiting, (b"QUIT\r\n", b"+OK\r\n")])
    assert receive(device)["full"]
    for item in list(device.inbox.items())[:1]:
        device.inbox.delete(item["id"])
    ports.net.add(maildrop([("v4", mail_of())]))
    assert receive(device)["received"] == 1


def test_receive_more_than_twenty_leaves_the_rest_for_the_next_check():
    listed = b"".join(b"%d u%d\r\n" % (n + 1, n) for n in range(22))
    script = maildrop([("u%d" % n, b"\r\n") for n in range(20)])
    script[3] = (b"UIDL\r\n", b"+OK\r\n" + listed + b".\r\n")
    device, _ = device_with(script)
    assert receive(device) == {"received": 20, "files": 20, "left": 2, "full": False}


def test_receive_without_uidl_fetches_and_deletes():
    device, _ = device_with(maildrop([(None, mail_of()), (None, mail_of((b"x",)))]))
    assert receive(device) == {"received": 2, "files": 2, "left": 0, "full": False}


def test_receive_of_an_empty_maildrop_says_goodbye():
    device, ports = device_with(maildrop([]))
    assert receive(device) == {"received": 0, "files": 0, "left": 0, "full": False}
    assert ports.net.written.endswith(b"QUIT\r\n")


def test_receive_power_cut_at_every_change_loses_no_mail():
    mails = [("a", mail_of((b"one", b"two"))), ("b", mail_of(text=b"three\r\n"))]
    cut = 0
    while True:
        device, ports = device_with(maildrop(mails))
        ports.files.changes_left = cut
        try:
            receive(device)
            break
        except PowerCutError:
            ports.files.changes_left = None
        device = Device(ports)  # without a goodbye the server still has both
        assert device.store.faults == []
        stored = {path.split("/")[1] for path in ports.files.content if path[:6] == "inbox/"}
        assert len(stored) == device.inbox.count, cut
        script = POP3_SIGNED_IN + [(b"UIDL\r\n", b"+OK\r\n1 a\r\n2 b\r\n.\r\n")]
        for number, (_, mail) in enumerate(mails):
            if number >= device.inbox.count:
                script.append((b"RETR %d\r\n" % (number + 1), retrieved(mail)))
            script.append((b"DELE %d\r\n" % (number + 1), b"+OK\r\n"))
        ports.net.add(script + [(b"QUIT\r\n", b"+OK\r\n")])
        receive(device)
        assert sorted(contents(device).values()) == [b"one", b"three\r\n", b"two"], cut
        cut += 1
    assert cut > 10


def test_inbox_delete_removes_one_file_and_then_the_mail():
    device, ports = device_with(maildrop([("a", mail_of((b"one", b"two")))]))
    receive(device)
    first, second = list(device.inbox.items())
    device.inbox.delete(first["id"])
    assert [item["id"] for item in device.inbox.items()] == [second["id"]]
    assert device.inbox.find(first["id"]) is None
    device = Device(ports)
    assert list(contents(device).values()) == [b"two"]
    device.inbox.delete(second["id"])
    assert ports.files.names("inbox") == []


def test_inbox_keeps_the_order_over_a_restart():
    device, ports = device_with(
        maildrop([("u%d" % n, mail_of(subject=b"%d" % n)) for n in range(12)])
    )
    receive(device)
    for _ in range(2):
        assert [item["subject"] for item in device.inbox.items()] == [str(n) for n in range(12)]
        device = Device(ports)


def test_receive_dead_token_is_told_with_its_step():
    device, ports = device_with(acquired=False)
    error = failure_of(device.postman.receive("ifax"))
    assert (error.code, error.step) == ("token_missing", "token")
    assert ports.net.streams == []
