"""service/inbox.py: what was received, and how much of it there may be."""

from fakes.files import FakeFiles
from fakes.ports import FakePorts
from mfpmail.service.device import Device
from mfpmail.service.inbox import Inbox
from mfpmail.service.store import Store

ITEM = {
    "name": "scan.tif",
    "type": "image/tiff",
    "size": 3,
    "pages": 2,
    "width": 1728,
    "height": 2291,
    "resolution_dpi": [204, 196],
    "fax_profile": "F",
}


def inbox_over(files):
    ports = FakePorts()
    return Inbox(Store(files, ports.lines.append), ports.random_bytes)


def put(inbox, *contents, setting="ifax", unique_id="u", digest="31"):
    """Store a mail with these files as the receiver does; return its id."""
    mail_id = inbox.new_id()
    inbox.files.make_folder(inbox.folder(mail_id))
    mail = {"setting": setting, "unique_id": unique_id, "digest": digest, "items": []}
    mail.update({"from": "a@far.test", "subject": "Fax", "date": "today"})
    for number, content in enumerate(contents):
        inbox.files.write("%s/%d" % (inbox.folder(mail_id), number), content)
        item = dict(ITEM)
        item.update({"id": number, "size": len(content)})
        mail["items"].append(item)
    inbox.add(mail_id, mail)
    return mail_id


def test_item_has_everything_that_the_api_shows():
    inbox = inbox_over(FakeFiles())
    mail_id = put(inbox, b"one")
    wanted = dict(ITEM)
    wanted.update({"id": mail_id + ".0", "setting": "ifax", "from": "a@far.test"})
    wanted.update({"subject": "Fax", "date": "today"})
    assert list(inbox.items()) == [wanted]
    assert inbox.find(mail_id + ".0") == wanted and inbox.find("x.0") is None


def test_delete_removes_one_file_and_then_the_mail():
    files = FakeFiles()
    inbox = inbox_over(files)
    put(inbox, b"one", b"two")
    first, second = [item["id"] for item in inbox.items()]
    inbox.delete(first)
    assert [item["id"] for item in inbox.items()] == [second]
    inbox = inbox_over(files)
    file = inbox.open(second)
    assert file.read() == b"two"
    file.close()
    inbox.delete(second)
    assert files.names("inbox") == [] and inbox.count == 0


def test_room_follows_the_flash_within_bounds():
    for free, most in ((100 << 10, 8), (1 << 20, 16), (2 << 20, 32), (64 << 20, 96)):
        files = FakeFiles(free)
        inbox = inbox_over(files)
        for number in range(most):
            assert not inbox.full, (free, number)
            put(inbox)
            if free > 1 << 20:
                files.content.clear()  # the heap is small as well
        assert inbox.full, free
        assert free > 1 << 20 or inbox_over(files).full  # what is there makes no difference


def test_little_free_flash_is_a_full_inbox():
    files = FakeFiles(1 << 20)
    inbox = inbox_over(files)
    assert not inbox.full
    files.free = 65536
    assert inbox.full and inbox.room_bytes <= 0
    files.free += 1000
    assert not inbox.full and inbox.room_bytes > 0


def test_number_is_never_used_twice():
    files = FakeFiles()
    inbox = inbox_over(files)
    numbers = [inbox.number_of(put(inbox, b"x")) for _ in range(3)]
    assert numbers == [1, 2, 3]
    inbox.save_seen("ifax", [b"000003", b"rest"])
    for item in list(inbox.items()):
        inbox.delete(item["id"])
    assert inbox.number_of(inbox.new_id()) == 4
    assert inbox_over(files).number_of(inbox_over(files).new_id()) == 4


def test_mails_after_a_number_are_told_to_their_setting():
    inbox = inbox_over(FakeFiles())
    put(inbox, b"x", unique_id="a")
    put(inbox, b"x", unique_id="b", setting="eprint")
    put(inbox, b"x", unique_id="c", digest="33")
    assert list(inbox.stored_after(0, "ifax")) == [(1, "a", "31"), (3, "c", "33")]
    assert list(inbox.stored_after(1, "ifax")) == [(3, "c", "33")]
    assert list(inbox.stored_after(3, "ifax")) == []


def test_record_of_the_receiver_is_old_or_new():
    from fakes.files import PowerCutError

    for cut in range(6):
        files = FakeFiles()
        inbox = inbox_over(files)
        inbox.save_seen("ifax", [b"000001", b"old"])
        files.changes_left = cut
        try:
            inbox.save_seen("ifax", [b"000002", b"new"])
            assert cut == 5
        except PowerCutError:
            pass
        files.changes_left = None
        assert inbox_over(files).load_seen("ifax") in (b"000001old", b"000002new"), cut


def test_record_of_version_1_is_shown_with_what_it_has():
    files = FakeFiles()
    store = Store(files, print)
    item = {"id": 0, "name": "a.pdf", "type": "application/pdf", "size": 1, "pages": None}
    mail = {"setting": "ifax", "unique_id": "u", "from": "", "subject": "", "date": ""}
    mail["items"] = [item]
    store.save("inbox/000007-abcdef/mail.json", 1, mail)
    store.save("seen/ifax", 1, ["u", "v"])
    inbox = inbox_over(files)
    (shown,) = inbox.items()
    assert (shown["width"], shown["fax_profile"], shown["name"]) == (None, "", "a.pdf")
    assert list(inbox.old_seen("ifax")) == ["u", "v"]
    assert list(inbox.stored_after(0, "ifax")) == [(7, "u", "")]
    inbox.save_seen("ifax", [b"000007"])
    assert list(inbox.old_seen("ifax")) == []


def test_half_a_mail_is_swept_at_the_start_and_a_damaged_one_kept():
    ports = FakePorts()
    ports.files.write("inbox/000001-aaaaaa/0", b"half")
    ports.files.write("inbox/000002-bbbbbb/mail.json", b"damaged")
    device = Device(ports)
    assert device.inbox.count == 0 and len(device.store.faults) == 1
    assert ports.files.names("inbox") == ["000002-bbbbbb"]
    assert Device(ports).store.faults == []
