"""service/sender.py: what the refusals that mean more than their code do to a job."""

import support
from fakes.dialogues import SMTP_SIGNED_IN, delivery, transaction
from fakes.ports import FakePorts
from fakes.provider import tokens
from mfpmail.core.errors import NetworkError
from mfpmail.service.device import Device
from support import acquire, configure, run


def spool(device, *arguments, **changes):
    """Queue a job; what is only loaded for that is gone again, as after an upload."""
    with device.overlays:
        return support.spool(device, *arguments, **changes)


def device_with(*scripts):
    ports = FakePorts(*scripts)
    device = Device(ports)
    configure(device)
    run(acquire(device, ports.http))
    return device, ports


def send(device):
    run(device.postman.send_due())


def refusal(reply):
    """Return the script of a connection on which the mail is refused at its end."""
    return SMTP_SIGNED_IN + transaction([("a@far.test", b"250 ok\r\n")], reply)


def attempt(device, ports, script):
    """Let the next attempt, which is due now, play a script; the token is renewed if need be."""
    (job,) = device.outbox.jobs
    if job.next_attempt_at:
        device.clock.advance_s(max(job.next_attempt_at - device.clock.now_s(), 0))
    ports.http.answers = [tokens(int(device.clock.now_s()))]
    ports.net.add(script)
    send(device)
    return job


def test_send_busy_mailbox_is_the_servers_fault_for_an_hour_then_perhaps_a_settings():
    busy = refusal(b"430 4.2.0 STOREDRV; mailbox logon failure\r\n")
    device, ports = device_with()
    job = spool(device)
    started_s = device.clock.now_s()
    topics = []
    while device.clock.now_s() - started_s < 7200:
        attempt(device, ports, busy)
        assert (job.state, job.record["reason"]) == ("retrying", "smtp_430")
        topics.append((device.clock.now_s() - started_s >= 3600, job.record["topic"]))
    assert set(topics) == {(False, "mailbox_busy"), (True, "mailbox_busy_lasting")}
    assert device.keepers["smtp"].state == "ACQUIRED"
    assert attempt(device, ports, delivery("a@far.test")).record["topic"] == ""


def test_send_busy_mailbox_after_hours_without_a_network_is_not_called_lasting():
    device, ports = device_with()
    job = spool(device)
    for _ in range(10):
        attempt(device, ports, NetworkError("dns", "The name could not be resolved."))
    attempt(device, ports, refusal(b"430 4.2.0 STOREDRV\r\n"))
    assert job.record["topic"] == "mailbox_busy"


def test_send_beyond_the_quota_pauses_from_one_hour_to_a_day_whatever_failed_before():
    quota = refusal(b"554 5.2.0 SubmissionQuotaExceededException; too many\r\n")
    for earlier in (0, 6):
        device, ports = device_with()
        job = spool(device)
        for _ in range(earlier):
            attempt(device, ports, NetworkError("dns", "The name could not be resolved."))
        pauses = []
        for _ in range(7):  # more would be longer than a mail may wait
            attempt(device, ports, quota)
            assert (job.state, job.record["topic"]) == ("retrying", "sending_quota")
            pauses.append(job.next_attempt_at - device.clock.now_s())
        failing_s = 0
        for pause_s in pauses:
            least_s = min(3600 + failing_s, 86400)
            assert least_s <= pause_s <= least_s * 5 // 4, pauses
            failing_s += pause_s
        assert pauses[0] < 4500 and 7200 <= pauses[1] < 10200 and pauses[-1] >= 86400
        assert device.keepers["smtp"].state == "ACQUIRED"


def test_send_unavailable_mailbox_makes_the_token_invalid_for_now_and_holds_the_job():
    device, ports = device_with(refusal(b"554 5.2.2 mailbox full\r\n"))
    job = spool(device)
    send(device)
    assert (job.state, job.record["topic"]) == ("held", "mailbox_unavailable")
    assert "554 5.2.2" in job.record["detail"]
    assert len(ports.net.streams) == 1
    keeper = device.keepers["smtp"]
    assert (keeper.state, keeper.record["retry"]) == ("INVALID", True)
    assert keeper.record["topic"] == "mailbox_unavailable"
    device.clock.advance_s(86400)
    ports.http.answers = [tokens(2)]
    ports.net.add(delivery("a@far.test"))
    run(keeper.renew_if_due())
    send(device)
    assert (keeper.state, job.state) == ("ACQUIRED", "sent")


def test_send_sender_that_is_not_allowed_is_retried_with_the_same_token():
    for reply in (
        b"550 5.7.60 Client does not have permissions\r\n",
        b"554 5.2.0 SendAsDenied\r\n",
    ):
        device, ports = device_with(refusal(reply))
        job = spool(device)
        send(device)
        assert (job.state, job.record["topic"]) == ("retrying", "send_as_denied"), reply
        assert device.keepers["smtp"].state == "ACQUIRED"
        assert attempt(device, ports, delivery("a@far.test")).state == "sent"
