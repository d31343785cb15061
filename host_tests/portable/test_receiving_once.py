"""Never lost, never twice: the receiver over lost goodbyes, strange ids and power cuts."""

from fakes.files import PowerCutError
from fakes.popserver import PDF, contents, device_with, mail_of, receive, receive_fails, result
from mfpmail.service.device import Device

ZIP = b"PK\x03\x04" + bytes(40)


def test_lost_goodbye_deletes_without_fetching_again():
    for goodbye in ("cut", "refused"):
        for restarted in (False, True):
            device, ports = device_with(("a", mail_of()), ("b", mail_of((PDF,))))
            ports.net.goodbye = goodbye
            assert receive(device, ports) == result(2, left=2)
            ports.net.goodbye = "ok"
            if restarted:
                device = Device(ports)
            assert receive(device, ports) == result(0)
            assert device.inbox.count == 2 and ports.net.mails == []
            assert len(ports.net.fetched) == 2


def test_goodbye_that_was_never_answered_but_done_is_found_out():
    device, ports = device_with(("a", mail_of()))
    ports.net.goodbye = "lost"
    assert receive(device, ports) == result(1, left=1)
    ports.net.goodbye = "ok"
    assert receive(device, ports) == result(0)
    ports.net.mails = [("a", mail_of(subject="another"))]  # a server that uses its ids again
    assert receive(device, ports) == result(1)


def test_after_the_goodbye_the_unique_ids_are_forgotten():
    for restarted in (False, True):
        device, ports = device_with(("1", mail_of()))
        receive(device, ports)
        ports.net.mails = [("1", mail_of(subject="another"))]
        if restarted:
            device = Device(ports)
        assert receive(device, ports) == result(1)
        assert device.inbox.count == 2


def test_what_a_check_does_not_come_to_stays_known():
    """More mails than one check takes, of which the first were stored before a lost goodbye."""
    for uidl in (True, False):
        device, ports = device_with(*[(str(n), mail_of(subject=str(n))) for n in range(25)])
        ports.files.free = 1 << 22
        device = Device(ports)
        ports.net.uidl, ports.net.goodbye = uidl, "cut"
        assert receive(device, ports)["received"] == 20
        ports.net.goodbye = "ok"
        assert receive(device, ports)["received"] == 5
        assert len(ports.net.mails) == 5
        assert receive(Device(ports), ports) == result(0)
        assert ports.net.mails == []


def test_without_unique_ids_a_lost_goodbye_stores_nothing_twice():
    first, second = mail_of(subject="1"), mail_of((PDF,), subject="2")
    for uidl in (False, True):
        device, ports = device_with(("0", first), ("0", second))
        ports.net.uidl = uidl
        ports.net.goodbye = "cut"
        assert receive(device, ports) == result(2, left=2)
        device = Device(ports)
        ports.net.mails.append(("0", mail_of(subject="3")))
        ports.net.goodbye = "ok"
        assert receive(device, ports) == result(1)
        assert [item["subject"] for item in device.inbox.items()] == ["1", "2", "3"]
        assert ports.net.mails == []


def test_without_unique_ids_mails_that_look_alike_are_all_stored():
    device, ports = device_with(("", mail_of()), ("", mail_of()), ("", mail_of()))
    ports.net.uidl = False
    assert receive(device, ports) == result(3)
    assert device.inbox.count == 3


def test_without_unique_ids_kept_mails_are_not_fetched_again():
    device, ports = device_with(("", mail_of((ZIP,), None)), ("", mail_of((ZIP,), None, "2")))
    ports.net.uidl = False
    for _ in range(3):
        assert receive(device, ports) == result(0, left=2, unsupported=2)
    assert len(ports.net.fetched) == 2


def test_ids_that_stop_being_unique_store_nothing_twice():
    first, second = mail_of(subject="1"), mail_of(subject="2")
    device, ports = device_with(("x", first))
    ports.net.goodbye = "cut"
    receive(device, ports)
    ports.net.mails.append(("x", second))
    ports.net.goodbye = "ok"
    assert receive(device, ports) == result(1)
    assert [item["subject"] for item in device.inbox.items()] == ["1", "2"]


def test_mail_that_breaks_the_connection_does_not_stop_the_others():
    bad = mail_of((PDF + bytes(300),), subject="bad")
    device, ports = device_with(("a", mail_of()), ("b", bad), ("c", mail_of()))
    ports.net.breaking = (bad,)
    assert receive_fails(device, ports).code == "closed"
    answers = [receive(device, ports)]
    assert answers[0]["left"] == 1 and answers[0]["more"]
    assert receive_fails(device, ports).code == "closed"
    ports.net.mails.append(("d", mail_of()))
    assert receive(device, ports)["received"] == 1
    assert device.inbox.count == 3 and ports.net.mails == [("b", bad)]
    ports.net.breaking = ()
    assert receive(device, ports) == result(1)


def test_cut_while_a_mail_comes_in_leaves_nothing():
    mail = mail_of((PDF + bytes(3000),))
    device, ports = device_with(("a", mail))
    before = sorted(ports.files.content)
    ports.net.breaking = (mail,)
    receive_fails(device, ports)
    assert [p for p in sorted(ports.files.content) if p[:5] != "seen/"] == before
    assert ports.files.names("inbox") == []


def test_power_cut_at_every_change_stores_each_mail_once():
    mails = [("a", mail_of((PDF + b"one", PDF + b"two"))), ("b", mail_of(text=b"three\r\n"))]
    mails.append(("c", mail_of((ZIP,), None)))
    cut = 0
    while True:
        device, ports = device_with(*mails, unsupported=("keep", "delete")[cut % 2])
        ports.files.changes_left = cut
        try:
            receive(device, ports)
            if ports.files.changes_left > 1:  # both ways have come to their end
                break
        except PowerCutError:
            pass
        ports.files.changes_left = None
        ports.net.mails = list(mails)  # the goodbye has not come through
        device = None
        device = Device(ports)
        assert device.store.faults == []
        stored = {path.split("/")[1] for path in ports.files.content if path[:6] == "inbox/"}
        assert len(stored) == device.inbox.count, cut
        receive(device, ports)
        found = sorted(contents(device).values())
        assert found == [PDF + b"one", PDF + b"two", b"three\r\n"], cut
        assert ports.net.mails == ([] if cut % 2 else mails[2:]), cut
        cut += 1
    assert cut > 20
