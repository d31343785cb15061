"""service/sender.py and outbox.py: what becomes of a job, whatever the server says."""

import sys

import support
from fakes.dialogues import (
    EHLO,
    QUIT,
    SMTP_GREETING,
    SMTP_OPEN,
    SMTP_SIGNED_IN,
    delivery,
    transaction,
)
from fakes.ports import FakePorts
from fakes.provider import refused, tokens
from mfpmail.core.errors import NetworkError
from mfpmail.service.device import Device
from support import acquire, configure, run

CAUSES = "mfpmail.core.causes"
SCAN = bytes(range(256)) * 8


def spool(device, *arguments, **changes):
    """Queue a job; what is only loaded for that is gone again, as after an upload."""
    with device.overlays:
        return support.spool(device, *arguments, **changes)


def device_with(*scripts, acquired=True):
    ports = FakePorts(*scripts)
    device = Device(ports)
    configure(device)
    if acquired:
        run(acquire(device, ports.http))
    return device, ports


def send(device):
    run(device.postman.send_due())


def accepted(address):
    """Return the part of a dialogue in which the server takes a mail for one recipient."""
    return transaction([(address, b"250 ok\r\n")])


def failing(**changes):
    """Return a device that was refused once, with the job that was."""
    refusal = transaction([("a@far.test", b"450 later\r\n")])[:-2]
    device, ports = device_with(SMTP_SIGNED_IN + refusal + [QUIT])
    job = spool(device, **changes)
    send(device)
    return device, ports, job


def states(device):
    return [job.state for job in device.outbox.jobs]


def replies(job):
    return [(r["state"], r["reply"][:3]) for r in job.record["recipients"]]


def test_send_goes_out_and_keeps_the_record_without_its_files():
    device, ports = device_with(delivery("a@far.test"))
    job = spool(device, files=[("scan.pdf", SCAN)])
    send(device)
    shown = job.public()
    assert (shown["state"], shown["reason"]) == ("sent", "")
    assert shown["bytes_done"] == shown["bytes_total"] > len(SCAN)
    assert replies(job) == [("sent", "250")]
    assert ports.files.names("outbox/" + job.id) == ["job.json"]
    assert ports.net.streams[0].closed


def test_send_puts_the_file_on_the_wire_as_it_was():
    import binascii

    device, ports = device_with(delivery("a@far.test"))
    spool(device, files=[("scan.pdf", SCAN)])
    send(device)
    body = ports.net.written.split(b"scan.pdf", 2)[2].split(b"\r\n\r\n", 1)[1]
    assert binascii.a2b_base64(body.split(b"\r\n--")[0].replace(b"\r\n", b"")) == SCAN


def test_send_dead_token_holds_all_jobs_and_releases_them_in_order():
    device, ports = device_with()
    jobs = [spool(device, "%s@far.test" % name) for name in "abc"]
    device.clock.advance_s(3600)
    ports.http.answers = [refused("invalid_grant")]
    send(device)
    assert states(device) == ["held"] * 3
    assert jobs[2].record["reason"] == "invalid_grant"
    assert jobs[2].record["topic"] == "invalid_grant"
    assert jobs[2].record["detail"]
    assert ports.net.streams == []
    device.keepers["smtp"].delete()
    send(device)
    assert states(device) == ["held"] * 3
    device = Device(ports)
    assert states(device) == ["held"] * 3
    mails = [accepted("%s@far.test" % name) for name in "abc"]
    ports.net.add(SMTP_SIGNED_IN + mails[0] + mails[1] + mails[2] + [QUIT])
    run(acquire(device, ports.http))
    assert states(device) == ["queued"] * 3
    send(device)
    assert states(device) == ["sent"] * 3
    assert [b"<%s@far.test>" % n for n in (b"a", b"b", b"c")] == [
        part.split(b"\r\n")[0] for part in ports.net.written.split(b"RCPT TO:")[1:]
    ]


def test_send_without_a_token_is_held():
    device, _ = device_with(acquired=False)
    job = spool(device)
    send(device)
    assert (job.state, job.record["reason"]) == ("held", "token_missing")


def test_send_refused_sign_in_renews_the_token_once_and_tries_again():
    rejected = SMTP_OPEN + [(None, b"535 5.7.3 no\r\n")]
    device, ports = device_with(rejected, delivery("a@far.test"))
    ports.http.answers = [tokens(2)]
    job = spool(device)
    send(device)
    assert job.state == "sent"
    assert ports.net.streams[0].closed
    assert ports.http.requests[-1][1].startswith("grant_type=refresh_token")

    device, ports = device_with(rejected, rejected)
    ports.http.answers = [tokens(2)]
    job = spool(device)
    send(device)
    assert (job.state, job.record["reason"]) == ("retrying", "auth_rejected")
    assert device.keepers["smtp"].state == "ACQUIRED"


def test_send_renewal_after_a_refused_sign_in_has_the_memory_of_the_connections_code():
    device, ports = device_with(SMTP_OPEN + [(None, b"535 no\r\n")], delivery("a@far.test"))
    loaded = []

    def answer():
        loaded.extend([n for n in sys.modules if n in ("mfpmail.session.smtp", CAUSES)])
        return tokens(2)

    ports.http.answers = [answer]
    job = spool(device)
    send(device)
    assert job.state == "sent"
    assert ports.keep_loaded or loaded == []


def test_send_network_trouble_is_retried_with_growing_pauses_and_jitter():
    device, ports = device_with(acquired=True)
    job = spool(device)
    pauses = []
    for attempt in range(1, 12):
        send(device)
        assert (job.state, job.record["reason"]) == ("retrying", "connect")
        assert job.record["attempts"] == attempt
        pauses.append(job.next_attempt_at - device.clock.now_s())
        device.clock.advance_s(pauses[-1] - 1)
        send(device)
        assert job.record["attempts"] == attempt
        device.clock.advance_s(1)
        ports.http.answers = [tokens(attempt + 1)]
    for number, pause_s in enumerate(pauses):
        least_s = min(30 << number, 3600)
        assert least_s <= pause_s <= least_s * 5 // 4
    assert any(pause_s % 30 for pause_s in pauses)


def test_send_next_attempt_survives_a_restart():
    device, ports, job = failing()
    due_s = job.next_attempt_at
    device = Device(ports)
    assert device.outbox.next_attempt_at() == due_s
    assert device.outbox.next_due(due_s - 1) is None
    assert device.outbox.next_due(due_s).id == job.id


def test_send_every_attempt_sends_the_same_mail():
    script = SMTP_SIGNED_IN + transaction([("a@far.test", b"250 ok\r\n")], b"451 later\r\n")
    device, ports = device_with(script + [QUIT], script + [QUIT])
    spool(device, files=[("scan.pdf", SCAN)])
    bodies = []
    for _ in range(2):
        send(device)
        bodies.append(ports.net.written.split(b"DATA\r\n", 1)[1].split(b"QUIT")[0])
        device = Device(ports)
        device.clock.advance_s(120)
    assert bodies[0] == bodies[1]
    assert bodies[0].count(b"\r\nMessage-ID: <") == 1


def test_send_message_refused_for_good_fails_and_the_next_goes_on():
    refusal = transaction([("a@far.test", b"250 ok\r\n")], b"552 5.3.4 size\r\n")
    device, _ = device_with(SMTP_SIGNED_IN + refusal + accepted("b@far.test") + [QUIT])
    job = spool(device)
    spool(device, "b@far.test")
    send(device)
    assert states(device)[:2] == ["failed", "sent"]
    assert job.record["reason"] == "smtp_552"
    assert job.record["topic"] == "mail_too_large"
    assert "5.3.4 size" in job.record["detail"]


def test_send_some_recipients_refused_is_partly_sent():
    recipients = [("a@far.test", b"250 ok\r\n"), ("b@far.test", b"550 5.1.1 unknown\r\n")]
    device, _ = device_with(SMTP_SIGNED_IN + transaction(recipients))
    job = spool(device, "a@far.test, b@far.test")
    send(device)
    assert (job.state, job.record["reason"]) == ("partly_sent", "recipient_refused")
    assert replies(job) == [("sent", "250"), ("failed", "550")]


def test_send_all_recipients_refused_fails():
    recipients = [("a@far.test", b"550 no\r\n"), ("b@far.test", b"553 no\r\n")]
    device, _ = device_with(SMTP_SIGNED_IN + transaction(recipients)[:-2] + [QUIT])
    job = spool(device, "a@far.test,b@far.test")
    send(device)
    assert (job.state, replies(job)) == ("failed", [("failed", "550"), ("failed", "553")])


def test_send_deferred_recipients_alone_are_tried_again():
    recipients = [
        ("a@far.test", b"250 ok\r\n"),
        ("b@far.test", b"450 later\r\n"),
        ("c@far.test", b"550 unknown\r\n"),
    ]
    device, ports = device_with(SMTP_SIGNED_IN + transaction(recipients), delivery("b@far.test"))
    job = spool(device, "a@far.test,b@far.test,c@far.test")
    send(device)
    assert (job.state, job.record["reason"]) == ("retrying", "recipient_deferred")
    device.clock.advance_s(60)
    send(device)
    assert job.state == "partly_sent"
    assert replies(job) == [("sent", "250"), ("sent", "250"), ("failed", "550")]
    assert ports.net.written.count(b"RCPT") == 1


def test_send_mail_refused_after_some_have_got_it_is_partly_sent():
    recipients = [("a@far.test", b"250 ok\r\n"), ("b@far.test", b"450 later\r\n")]
    refusal = SMTP_SIGNED_IN + transaction([("b@far.test", b"250 ok\r\n")], b"554 spam\r\n")
    device, _ = device_with(SMTP_SIGNED_IN + transaction(recipients), refusal)
    job = spool(device, "a@far.test,b@far.test")
    send(device)
    device.clock.advance_s(60)
    send(device)
    assert (job.state, job.record["reason"]) == ("partly_sent", "smtp_554")
    assert [state for state, _ in replies(job)] == ["sent", "failed"]


def test_send_lost_connection_at_any_step_is_retried():
    whole = delivery("a@far.test")[:-1]
    device, ports = device_with()
    job = spool(device, text="See.")
    for steps in range(len(whole)):
        ports.net.add(whole[:steps] if steps else [(b"nothing", b"")])
        send(device)
        assert (job.state, job.record["reason"]) == ("retrying", "closed"), steps
        assert ports.net.streams[-1].closed
        device.clock.advance_s(job.next_attempt_at - device.clock.now_s())
        ports.http.answers = [tokens(steps + 2)]
    ports.net.add(whole)
    send(device)
    assert job.state == "sent"


def test_send_in_clear_is_never_tried_with_a_token():
    no_tls = [SMTP_GREETING, (EHLO, b"250-mail.test\r\n250 AUTH XOAUTH2\r\n")]
    device, ports = device_with(no_tls)
    device.configuration.put("smtp", {"security": "starttls"}, True)
    job = spool(device)
    send(device)
    assert (job.state, job.record["reason"]) == ("retrying", "tls_not_offered")
    assert b"AUTH" not in ports.net.written


def test_send_incomplete_file_fails_and_writes_no_final_dot():
    device, ports = device_with(delivery("a@far.test"))
    job = spool(device, files=[("scan.pdf", SCAN)])
    ports.files.content["outbox/%s/0" % job.id] = SCAN[:-1]
    send(device)
    assert (job.state, job.record["reason"]) == ("failed", "attachment_short")
    assert not ports.net.written.endswith(b"\r\n.\r\n")


def test_send_network_error_of_the_provider_is_retried_not_held():
    device, ports = device_with()
    device.clock.advance_s(3600)
    ports.http.answers = [NetworkError("dns", "The name provider.test could not be resolved.")]
    job = spool(device)
    send(device)
    assert (job.state, job.record["reason"]) == ("retrying", "dns")
    assert device.keepers["smtp"].state == "ACQUIRED"


def test_send_heap_that_is_full_leaves_the_job_waiting():
    device, ports = device_with(delivery("a@far.test"))
    job = spool(device)

    def full(*_, **__):
        raise MemoryError

    connect, ports.net.connect = ports.net.connect, full
    update, device.outbox.update = device.outbox.update, full
    try:
        send(device)
        raise AssertionError("nobody was told")
    except MemoryError:
        pass
    assert job.state == "queued"
    ports.net.connect, device.outbox.update = connect, update
    send(device)
    assert job.state == "sent"
