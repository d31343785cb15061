"""service/accounts.py, outcome.py, notes.py: the limits of a provider, and the end of patience."""

import binascii

import support
from fakes.dialogues import QUIT, SMTP_SIGNED_IN, delivery, transaction
from fakes.files import PowerCutError
from fakes.ports import FakePorts
from fakes.provider import refused, tokens
from mfpmail.core.errors import NetworkError
from mfpmail.service.device import Device
from support import acquire, configure, run

DAY_S = 86400
NO_DNS = NetworkError("dns", "The name mail.test could not be resolved.")


def device_with(*scripts, **changes):
    ports = FakePorts(*scripts)
    device = Device(ports)
    configure(device, **changes)
    if changes.get("auth_method") != "password":
        run(acquire(device, ports.http))
    return device, ports


def queued(device, to="a@far.test", **changes):
    """Queue a job; what is only loaded for that is gone again, as after an upload."""
    with device.overlays:
        return support.spool(device, to, **changes)


def send(device):
    run(device.postman.send_due())


def note(device):
    """Return the job of the one note in the queue, and its text."""
    (job,) = [j for j in device.outbox.jobs if j.record["notice"]]
    head, body = device.store.files.content["outbox/%s/mail" % job.id].split(b"\r\n\r\n", 1)
    if b"Encoding: base64" in head:
        body = binascii.a2b_base64(body.replace(b"\r\n", b""))
    return job, body.decode().replace("\r\n", "\n")


def limited(device, minute):
    """Say that so many mails have been handed over in this minute."""
    device.postman.sent_ms.extend([device.clock.now_ms()] * minute)


def test_thirty_mails_a_minute_are_sent_through_microsoft_and_the_next_waits_for_the_minute():
    device, ports = device_with(delivery("a@far.test"), provider="microsoft", scope="")
    limited(device, 29)
    jobs = [queued(device), queued(device)]
    send(device)
    assert [(job.state, job.record["attempts"]) for job in jobs] == [("sent", 0), ("queued", 0)]
    now_s = device.clock.now_s()
    assert device.outbox.next_due(now_s) is None
    assert device.outbox.next_attempt_at() == now_s + 60
    device.clock.advance_s(59)
    send(device)
    assert len(ports.net.streams) == 1
    device.clock.advance_s(1)
    ports.net.add(delivery("a@far.test"))
    send(device)
    assert (jobs[1].state, jobs[1].record["attempts"]) == ("sent", 0)


def test_pause_of_the_provider_survives_no_restart_and_no_jump_of_the_clock():
    device, ports = device_with(delivery("a@far.test"), provider="outlook", scope="")
    limited(device, 30)
    job = queued(device)
    send(device)
    assert job.state == "queued"
    assert device.outbox.next_due(device.clock.now_s() - DAY_S) is not None
    device = Device(ports)
    send(device)
    assert [job.state for job in device.outbox.jobs] == ["sent"]


def test_other_providers_and_passwords_have_no_limit():
    password = {"provider": "microsoft", "auth_method": "password", "password": "geheim"}
    for changes in ({"provider": "custom"}, password):
        device, _ = device_with(delivery("a@far.test"), **changes)
        limited(device, 30)
        job = queued(device)
        send(device)
        assert job.state == "sent"


def test_too_many_connections_back_off():
    busy = SMTP_SIGNED_IN[:-1] + [(None, b"432 4.3.2 Concurrent connections limit exceeded\r\n")]
    device, _ = device_with(busy)
    job = queued(device)
    send(device)
    assert (job.state, job.record["topic"]) == ("retrying", "server_connections")


def test_job_that_was_retried_for_four_days_fails_after_one_more_attempt_and_its_sender_is_told():
    device, ports = device_with(NO_DNS)
    job = queued(device, subject="Invoice {7}")
    send(device)
    device.clock.advance_s(4 * DAY_S - 1)
    ports.http.answers = [tokens(2)]
    ports.net.add(NO_DNS)
    send(device)
    assert job.state == "retrying"
    device.clock.advance_s(3600)
    ports.http.answers = [tokens(3)]
    ports.net.add(NO_DNS)
    send(device)
    assert (job.state, job.record["reason"]) == ("failed", "expired")
    assert job.record["detail"].endswith(NO_DNS.message)
    told, text = note(device)
    shown = told.public()
    assert [r["address"] for r in shown["recipients"]] == ["scan@mail.test"]
    assert shown["subject"] == "Not delivered: Invoice {7}"
    assert "\na@far.test" in text and "four days" in text
    assert not job.note_due


def test_job_that_was_held_for_four_days_fails_and_the_note_waits_for_the_token():
    device, ports = device_with()
    job = queued(device)
    device.clock.advance_s(3600)
    ports.http.answers = [refused("invalid_grant")]
    send(device)
    assert job.state == "held" and device.outbox.next_due(device.clock.now_s()) is None
    device.clock.advance_s(4 * DAY_S)
    send(device)
    assert (job.state, job.record["reason"]) == ("failed", "expired")
    told, _ = note(device)
    send(device)
    assert told.state == "held"
    device.keepers["smtp"].delete()
    run(acquire(device, ports.http))
    ports.net.add(delivery("scan@mail.test"))
    send(device)
    assert told.state == "sent"


def test_first_attempt_of_an_old_job_is_not_the_last_one():
    device, ports = device_with(NO_DNS)
    job = queued(device)
    device.clock.advance_s(5 * DAY_S)  # the device was off
    ports.http.answers = [tokens(2)]
    send(device)
    assert job.state == "retrying"


def test_job_from_before_the_clock_was_set_does_not_expire():
    device, ports = device_with(NO_DNS, NO_DNS)
    now_s = device.clock.now_s()
    device.clock.set_s(946684800)
    ports.http.answers = [tokens(2)]
    job = queued(device)
    send(device)
    device.clock.set_s(now_s)
    send(device)
    assert job.state == "retrying"


def test_note_about_refused_recipients_has_the_reply_of_each():
    recipients = [("a@far.test", b"550 5.1.1 unknown\r\n"), ("b@far.test", b"250 ok\r\n")]
    device, ports = device_with(SMTP_SIGNED_IN + transaction(recipients) + [QUIT])
    job = queued(device, "a@far.test,b@far.test")
    send(device)
    assert job.state == "partly_sent"
    _, text = note(device)
    assert "\na@far.test 550 5.1.1 unknown\n" in text and "b@far.test" not in text
    ports.net.add(delivery("scan@mail.test"))
    send(device)
    send(device)
    assert len(device.outbox.jobs) == 2  # told once


def test_note_is_in_the_language_of_the_device():
    refusal = transaction([("a@far.test", b"250 ok\r\n")], b"554 spam\r\n")
    device, _ = device_with(SMTP_SIGNED_IN + refusal + [QUIT])
    device.configuration.put("device", {"language": "el"}, False)
    queued(device)
    send(device)
    told, _ = note(device)
    assert told.public()["subject"] == "Δεν παραδόθηκε: Scan"


def test_no_note_to_a_sender_that_was_refused_itself_and_none_about_a_note():
    own = [("scan@mail.test", b"550 5.1.1 unknown\r\n")]
    device, ports = device_with(SMTP_SIGNED_IN + transaction(own)[:-2] + [QUIT])
    job = queued(device, "scan@mail.test")
    send(device)
    assert job.state == "failed" and device.outbox.jobs == [job]

    refusal = transaction([("a@far.test", b"550 no\r\n")])[:-2]
    device, ports = device_with(SMTP_SIGNED_IN + refusal + [QUIT])
    queued(device)
    send(device)
    told, _ = note(device)
    ports.net.add(SMTP_SIGNED_IN + [(None, b"552 5.3.4 too large\r\n"), QUIT])
    send(device)
    send(device)
    assert told.state == "failed" and len(device.outbox.jobs) == 2


def test_note_that_a_power_cut_delayed_is_queued_after_the_restart():
    refusal = transaction([("a@far.test", b"550 no\r\n")])[:-2]
    device, ports = device_with(SMTP_SIGNED_IN + refusal + [QUIT])
    job = queued(device)
    device.outbox.check_room = None  # as if the power went here
    try:
        send(device)
    except TypeError:
        pass
    assert job.state == "failed"
    device = Device(ports)
    (job,) = device.outbox.jobs
    assert device.outbox.next_due(device.clock.now_s()) is job
    send(device)
    note(device)
    assert not job.note_due


def test_note_is_queued_once_wherever_the_power_goes():
    refusal = transaction([("a@far.test", b"550 no\r\n")])[:-2]
    device, ports = device_with(SMTP_SIGNED_IN + refusal + [QUIT])
    queued(device)
    device.outbox.check_room = None  # the power goes before there is a note
    try:
        send(device)
    except TypeError:
        pass
    content, folders = ports.files.content, ports.files.folders
    for cut in range(100):
        ports.files.content, ports.files.folders = dict(content), set(folders)
        device = None
        device = Device(ports)
        ports.files.changes_left = cut
        try:
            send(device)
            break
        except PowerCutError:
            pass
        ports.files.changes_left = None
        device = None
        device = Device(ports)
        ports.net.add(NO_DNS)
        for _ in range(2):
            send(device)
        told = [job for job in device.outbox.jobs if not job.finished]
        assert len(told) == 1 and len(device.outbox.jobs) == 2, cut
        assert not [job for job in device.outbox.jobs if job.note_due], cut
    assert cut > 5


def test_note_without_room_is_given_up_with_a_line_in_the_journal():
    refusal = transaction([("a@far.test", b"550 no\r\n")])[:-2]
    device, ports = device_with(SMTP_SIGNED_IN + refusal + [QUIT])
    job = queued(device)
    ports.files.free = 66000
    send(device)
    assert device.outbox.jobs == [job] and not job.note_due
    assert device.journal.lines[-1]["text"].startswith("no note about job %s: " % job.id)
