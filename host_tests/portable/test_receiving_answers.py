"""service/answering.py: notes to senders, and the status by mail."""

from fakes.popserver import PDF, device_with, mail_of, receive, result, send_answers
from mfpmail.service.device import Device
from support import configure

ZIP = b"PK\x03\x04" + bytes(40)
ANSWERING = {"answer_unsupported": "yes"}
DAY_S = 86400


def useless(sender="a@far.test", head="", subject="My paper"):
    return mail_of((ZIP,), None, subject, "From: %s\r\n%s" % (sender, head))


def asking(sender="boss@far.test", subject="Status", head=""):
    return mail_of((), b"Please.\r\n", subject, "From: %s\r\n%s" % (sender, head))


def answering_device(*mails, name="eprint", **entered):
    device, ports = device_with(*mails, name=name, **entered)
    configure(device, "smtp", auth_method="password", sender_name="Printer")
    return device, ports


def answers(device):
    """Return `(recipient, subject)` of the mails in the queue, once all answers are there."""
    send_answers(device)
    records = [job.record for job in device.outbox.jobs]
    return [(record["recipients"][0]["address"], record["subject"]) for record in records]


def text_of(device, ports, number=-1):
    return ports.files.content["outbox/%s/mail" % device.outbox.jobs[number].id].decode()


def checked(device, ports, *mails, name="eprint"):
    ports.net.mails = list(mails)
    return receive(device, ports, name)


def test_sender_of_a_useless_mail_is_told():
    device, ports = answering_device(("a", useless()), **ANSWERING)
    assert receive(device, ports) == result(0, left=1, unsupported=1)
    ((to, subject),) = answers(device)
    assert to == "a@far.test" and subject.endswith(": My paper")
    text = text_of(device, ports)
    assert "> My paper" in text and "> today" in text
    assert text.split("\r\n\r\n")[0].split("\r\n").count("Auto-Submitted: auto-replied") == 1
    (job,) = device.outbox.jobs
    assert job.record["notice"] and job.state == "queued"


def test_note_goes_where_the_envelope_came_from():
    mail = useless(head="Return-Path: <real@far.test>\r\n")
    device, ports = answering_device(("a", mail), **ANSWERING)
    receive(device, ports)
    assert [to for to, _ in answers(device)] == ["real@far.test"]


def test_answer_that_fails_in_an_unforeseen_way_does_not_come_up_for_ever():
    device, ports = answering_device(("a", useless()), **ANSWERING)
    receive(device, ports)

    def fail():
        raise ValueError("a mistake")

    sender, device.configuration.sender = device.configuration.sender, fail
    for _ in range(2):
        try:
            send_answers(device)
        except ValueError:
            pass
    device.configuration.sender = sender
    assert device.maildrops.answers == [] and answers(device) == []


def test_greek_note_is_greek():
    device, ports = answering_device(("a", useless()), **ANSWERING)
    device.configuration.put("device", {"language": "el"}, False)
    receive(device, ports)
    assert "Δεν" in answers(device)[0][1]


def test_nobody_is_told_unless_that_is_set():
    device, ports = answering_device(("a", useless()))
    receive(device, ports)
    assert answers(device) == []


def test_machines_and_lists_and_the_device_itself_get_no_note():
    heads = (
        "Return-Path: <>\r\n",
        "Auto-Submitted: auto-replied\r\n",
        "Precedence: list\r\n",
        "List-Id: <x.far.test>\r\n",
    )
    mails = [(str(n), useless(head=head)) for n, head in enumerate(heads)]
    senders = ("mailer-daemon@far.test", "no-reply@far.test", "Scan@Mail.test", "nobody")
    mails += [(sender, useless(sender)) for sender in senders]
    device, ports = answering_device(*mails, **ANSWERING)
    assert receive(device, ports)["unsupported"] == len(mails)
    assert answers(device) == []


def test_sender_who_is_not_allowed_gets_no_note():
    device, ports = answering_device(("a", useless()), deny_from="@far.test", **ANSWERING)
    assert receive(device, ports)["unsupported"] == 1
    assert answers(device) == []


def test_sender_is_told_once_a_day_over_restarts():
    device, ports = answering_device(**ANSWERING)
    for uid in "abc":
        checked(device, ports, (uid, useless()))
        send_answers(device)
        device = None
        device = Device(ports)
    checked(device, ports, ("d", useless("b@far.test")))
    assert [to for to, _ in answers(device)] == ["a@far.test", "b@far.test"]
    sent = device.store.load("answers.json", 1)
    sent["note"] = [[digest, at - DAY_S] for digest, at in sent["note"]]
    device.store.save("answers.json", 1, sent)
    send_answers(device)
    checked(device, ports, ("e", useless()))
    assert len(answers(device)) == 3


def test_no_more_than_fifty_notes_a_day():
    device, ports = answering_device(**ANSWERING)
    now_s = device.clock.now_s()
    for count, told in ((49, 1), (50, 0)):
        device.store.save("answers.json", 1, {"note": [["%d" % n, now_s] for n in range(count)]})
        checked(device, ports, ("%d" % count, useless()))
        assert len(answers(device)) == told
        for job in list(device.outbox.jobs):
            device.outbox.delete(job)


def test_note_that_cannot_be_queued_changes_nothing_else():
    device, ports = answering_device(**ANSWERING)
    ports.files.free = sum(len(data) for data in ports.files.content.values()) + 66000
    assert checked(device, ports, ("a", useless())) == result(0, left=1, unsupported=1)
    assert answers(device) == [] and ports.files.names("outbox") == []
    assert [line for line in ports.lines if "note not queued (There is no room" in line]


def test_status_is_mailed_to_who_may_ask():
    subjects = ("status", " STATUS ", "κατάσταση", "ΚΑΤΆΣΤΑΣΗ", "Κατασταση")
    for subject in subjects:
        ports = device = None
        device, ports = answering_device(name="estatus", allow_from="boss@far.test")
        assert checked(device, ports, ("a", asking(subject=subject)), name="estatus")["left"] == 0
        ((to, _),) = answers(device)
        assert to == "boss@far.test", subject
        assert ports.net.mails == [] and ports.net.fetched == []
    text = text_of(device, ports)
    assert "\r\nAuto-Submitted: auto-replied\r\n" in text.split("\r\n\r\n")[0]
    for line in ("Tokens:", ": Acquired", "Warnings:", "Free storage: "):
        assert line in text, line
    for secret in ("access-1", "refresh-1"):
        assert secret not in text


def test_status_is_for_nobody_without_an_allow_list():
    device, ports = answering_device(("a", asking()), name="estatus")
    assert receive(device, ports, "estatus") == result(0, left=1, unsupported=1)
    assert answers(device) == []


def test_status_is_not_for_others_nor_for_machines():
    device, ports = answering_device(name="estatus", allow_from="@far.test")
    mails = [
        ("a", asking("a@near.test")),
        ("b", asking(subject="Status?")),
        ("c", asking(head="Auto-Submitted: auto-replied\r\n")),
    ]
    assert checked(device, ports, *mails, name="estatus")["unsupported"] == 2
    assert answers(device) == []


def test_status_goes_to_the_address_that_is_allowed_only():
    mail = asking(head="Return-Path: <spy@near.test>\r\nReply-To: spy@near.test\r\n")
    device, ports = answering_device(("a", mail), name="estatus", allow_from="@far.test")
    receive(device, ports, "estatus")
    assert [to for to, _ in answers(device)] == ["boss@far.test"]


def test_status_is_sent_once_in_ten_minutes_and_twenty_times_a_day():
    device, ports = answering_device(name="estatus", allow_from="@far.test")
    for minutes, expected in ((0, 1), (9, 0), (1, 1)):
        device.clock.advance_s(60 * minutes)
        left = checked(device, ports, ("m%d" % minutes, asking()), name="estatus")["left"]
        assert (len(answers(device)), left) == (expected, 0), minutes
        for job in list(device.outbox.jobs):
            device.outbox.delete(job)
    now_s = device.clock.now_s()
    device.store.save("answers.json", 1, {"status": [["%d" % n, now_s] for n in range(20)]})
    checked(device, ports, ("last", asking("b@far.test")), name="estatus")
    assert answers(device) == []


def test_status_that_cannot_be_sent_now_is_asked_for_still():
    device, ports = answering_device(name="estatus", allow_from="@far.test")
    free = ports.files.free
    ports.files.free = sum(len(data) for data in ports.files.content.values()) + 66000
    assert checked(device, ports, ("a", asking()), name="estatus")["left"] == 1
    ports.files.free = free
    ports.clock.advance_s(601)
    assert receive(device, ports, "estatus")["left"] == 0
    assert len(answers(device)) == 1


def test_other_mail_for_the_status_is_never_fetched():
    device, ports = answering_device(name="estatus", allow_from="@far.test", unsupported="delete")
    assert checked(device, ports, ("a", mail_of((PDF,))), name="estatus")["unsupported"] == 1
    assert ports.net.mails == [] and ports.net.fetched == []


def test_status_is_answered_without_top():
    device, ports = answering_device(("a", asking()), name="estatus", allow_from="@far.test")
    ports.net.top = False
    assert receive(device, ports, "estatus") == result(0)
    assert len(answers(device)) == 1 and ports.files.names("inbox") == []
