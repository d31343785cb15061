"""service/sender.py: the alternative account, and with which sender mail leaves through it."""

import binascii

from fakes.alternative import (
    FIRST,
    NO_DNS,
    NO_ROUTE,
    SECOND,
    device_with,
    outcome,
    send,
    spool,
    wait_for,
)
from fakes.dialogues import (
    EHLO,
    SMTP_GREETING,
    SMTP_OPEN,
    SMTP_SIGNED_IN,
    delivery,
)
from fakes.provider import refused, tokens
from mfpmail.core.errors import NetworkError, TlsError
from mfpmail.service.device import Device
from support import acquire, run


def kill(device, ports, *names):
    """Have the provider refuse the next renewal, which is due now, of these tokens."""
    device.clock.advance_s(3600)
    for name in names:
        ports.http.answers = [refused("invalid_grant")]
        try:
            run(device.keepers[name].access_token())
        except Exception as error:
            assert error.code == "invalid_grant"
        assert device.keepers[name].state == "INVALID"


def changes_of_account(device):
    return [line["text"] for line in device.journal.lines if line["text"].startswith("sending")]


def test_first_account_is_used_while_it_works():
    device, ports = device_with(delivery("a@far.test"))
    job = spool(device)
    assert job.public()["via"] == ""
    assert send(device, ports) == [FIRST]
    assert outcome(job) == ("sent", "", "smtp")
    assert (device.postman.sending_through, device.postman.sending_since) == ("smtp", None)
    assert changes_of_account(device) == []


def test_first_token_invalid_or_missing_sends_through_the_second_with_its_own_token():
    for invalid in (True, False):
        device, ports = device_with(tokens_of=("smtp", "smtp2")[not invalid :])
        if invalid:
            kill(device, ports, "smtp")
            ports.http.answers = [tokens(2)]
        for _ in range(2):
            ports.net.add(delivery("a@far.test"))
            job = spool(device)
            assert send(device, ports) == [SECOND]
            assert outcome(job) == ("sent", "", "smtp2")
            answer = ports.net.written.split(b"XOAUTH2 ")[1].split(b"\r\n")[0]
            shown = binascii.a2b_base64(answer).split(b"\x01")
            assert shown[:2] == [b"user=bob@mail2.test", b"auth=Bearer access-2"]
        assert device.postman.sending_through == "smtp2"
        assert device.postman.sending_since == device.clock.now_s()
        assert len(changes_of_account(device)) == 1
        assert device.keepers["smtp"].state == ("INVALID" if invalid else "NOT_ACQUIRED")


def test_first_without_a_server_leaves_the_second_to_decide():
    device, ports = device_with(delivery("a@far.test"), NO_DNS)
    device.configuration.put("smtp", {"server": ""}, True)
    job = spool(device)
    assert send(device, ports) == [SECOND]
    assert outcome(job) == ("sent", "", "smtp2")
    job = spool(device)
    send(device, ports)
    assert outcome(job) == ("retrying", "dns", "")
    device.keepers["smtp2"].delete()
    wait_for(job, device)
    send(device, ports)
    assert outcome(job) == ("held", "token_missing", "")


def test_first_that_fails_before_a_mail_is_handed_over_sends_through_the_second():
    rejected = SMTP_OPEN + [(None, b"535 5.7.3 no\r\n")]
    for failures in (
        [NO_DNS],
        [NO_ROUTE],
        [NetworkError("timeout", "mail.test did not answer in time.")],
        [TlsError("tls_untrusted", "The certificate was not issued by a known authority.")],
        [[(None, b"421 busy\r\n")]],
        [[SMTP_GREETING, (EHLO, b"421 busy\r\n")]],
        [SMTP_OPEN],  # the connection is lost during the sign-in
        [SMTP_OPEN + [(None, b"535 5.7.139 SmtpClientAuthentication is disabled\r\n")]],
        [rejected, rejected],  # with the renewed token as well
    ):
        device, ports = device_with(*failures)
        ports.net.add(delivery("a@far.test"))
        ports.http.answers = [tokens(2)]
        job = spool(device)
        assert send(device, ports) == [FIRST] * len(failures) + [SECOND], failures
        assert outcome(job) == ("sent", "", "smtp2")
        assert all(stream.closed for stream in ports.net.streams)
        assert device.keepers["smtp"].state == "ACQUIRED"


def test_first_provider_that_is_down_with_an_expired_token_sends_through_the_second():
    device, ports = device_with(delivery("a@far.test"))
    device.clock.advance_s(3600)
    ports.http.answers = [NO_DNS, tokens(2)]
    job = spool(device)
    assert send(device, ports) == [SECOND]
    assert outcome(job) == ("sent", "", "smtp2")
    assert device.keepers["smtp"].state == "ACQUIRED"


def test_first_that_is_down_is_avoided_for_five_minutes_then_used_again():
    device, ports = device_with(NO_ROUTE)
    for pause_s, hosts in (
        (0, [FIRST, SECOND]),
        (299, [SECOND]),
        (1, [FIRST]),
        (1, [FIRST]),
    ):
        device.clock.advance_s(pause_s)
        ports.net.add(delivery("a@far.test"))
        job = spool(device)
        assert send(device, ports) == hosts
        assert job.state == "sent"
    assert device.postman.sending_since == device.clock.now_s() - 1
    assert changes_of_account(device) == [
        "sending through smtp2: No connection to mail.test.",
        "sending through smtp",
    ]


def test_first_that_is_avoided_is_tried_when_the_second_fails():
    device, ports = device_with(NO_ROUTE, delivery("a@far.test"), NO_ROUTE, delivery("a@far.test"))
    spool(device)
    assert send(device, ports) == [FIRST, SECOND]
    spool(device)
    assert send(device, ports) == [SECOND, FIRST]
    ports.net.add(delivery("a@far.test"))
    spool(device)
    assert send(device, ports) == [FIRST]
    assert [job.state for job in device.outbox.jobs] == ["sent"] * 3


def test_first_that_is_avoided_is_tried_when_its_setting_was_saved():
    device, ports = device_with(NO_ROUTE, *[delivery("a@far.test") for _ in range(3)])
    spool(device)
    assert send(device, ports) == [FIRST, SECOND]
    device.configuration.put("ifax", {"timeout_s": 5}, False)
    spool(device)
    assert send(device, ports) == [SECOND]
    device.configuration.put("smtp", {"timeout_s": 5}, True)
    spool(device)
    assert send(device, ports) == [FIRST]
    assert [job.state for job in device.outbox.jobs] == ["sent"] * 3


def test_both_down_is_retried_with_the_reason_of_the_first():
    device, ports = device_with(NO_DNS, NO_ROUTE, NO_ROUTE, NO_DNS)
    job = spool(device)
    assert send(device, ports) == [FIRST, SECOND]
    assert outcome(job) == ("retrying", "dns", "")
    wait_for(job, device)
    assert send(device, ports) == [SECOND, FIRST]
    assert outcome(job) == ("retrying", "dns", "")
    assert device.postman.sending_through == "smtp"
    device = Device(ports)  # what is down is only known until a restart
    (job,) = device.outbox.jobs
    wait_for(job, device)
    ports.net.add(NO_DNS, delivery("a@far.test"))
    assert send(device, ports) == [FIRST, SECOND]
    assert outcome(job) == ("sent", "", "smtp2")


def test_both_dead_is_held_with_the_reason_of_the_first_until_either_is_acquired():
    for name in ("smtp", "smtp2"):
        device, ports = device_with()
        kill(device, ports, "smtp", "smtp2")
        device.keepers["smtp2"].delete()
        job = spool(device)
        assert send(device, ports) == []
        assert outcome(job) == ("held", "invalid_grant", "")
        device = Device(ports)
        (job,) = device.outbox.jobs
        device.keepers[name].delete()
        assert job.state == "held"
        run(acquire(device, ports.http, name))
        ports.net.add(delivery("a@far.test"))
        send(device, ports)
        assert outcome(job) == ("sent", "", name)


def test_first_dead_and_second_down_is_retried_as_nobody_would_release_it():
    device, ports = device_with(NO_DNS)
    kill(device, ports, "smtp")
    ports.http.answers = [tokens(2)]
    job = spool(device)
    assert send(device, ports) == [SECOND]
    assert outcome(job) == ("retrying", "invalid_grant", "")
    wait_for(job, device)
    ports.net.add(delivery("a@far.test"))
    send(device, ports)
    assert outcome(job) == ("sent", "", "smtp2")


def test_connection_test_of_the_second_uses_its_own_server_token_and_sender():
    probe = [(b"MAIL FROM:<bob@mail2.test>\r\n", b"250 ok\r\n"), (b"RSET\r\n", b"250 ok\r\n")]
    device, ports = device_with(SMTP_SIGNED_IN + probe, tokens_of=("smtp2",))
    assert run(device.postman.test("smtp2"))["result"] == "ok"
    assert ports.hosts == [SECOND]
    assert run(device.postman.test("smtp"))["result"] == "invalid"
    assert device.postman.sending_through == "smtp"
