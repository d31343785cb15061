"""service/accounts.py: which refusals of a mail server move a mail to the alternative account."""

from fakes.alternative import (
    FIRST,
    NO_ROUTE,
    SECOND,
    UNAVAILABLE,
    device_with,
    outcome,
    send,
    spool,
    wait_for,
)
from fakes.dialogues import (
    QUIT,
    SMTP_OPEN,
    SMTP_SIGNED_IN,
    delivery,
    transaction,
)


def refusal(reply):
    return SMTP_SIGNED_IN + transaction([("a@far.test", b"250 ok\r\n")], reply)


def test_refusal_of_the_mail_itself_does_not_move_to_the_other_account():
    accepted = [("a@far.test", b"250 ok\r\n")]
    unknown = SMTP_SIGNED_IN + transaction([("a@far.test", b"550 5.1.1 unknown\r\n")])[:-2] + [QUIT]
    for script, expected in (
        (SMTP_SIGNED_IN + [(None, b"550 5.7.60 no\r\n")], ("retrying", "smtp_550", "smtp")),
        (unknown, ("failed", "recipient_refused", "smtp")),
        (refusal(b"554 5.6.0 spam\r\n"), ("failed", "smtp_554", "smtp")),
        (refusal(b"451 later\r\n"), ("retrying", "smtp_451", "smtp")),
        (SMTP_SIGNED_IN + transaction(accepted)[:-1], ("retrying", "closed", "smtp")),
    ):
        device, ports = device_with(script)
        job = spool(device)
        assert send(device, ports) == [FIRST], expected
        assert outcome(job) == expected
        if job.state == "retrying":
            wait_for(job, device)
            ports.net.add(delivery("a@far.test"))
            assert send(device, ports) == [FIRST]


def test_account_refusal_makes_that_token_invalid_and_moves_to_the_other_at_once():
    at_sign_in = SMTP_OPEN + [(None, UNAVAILABLE)]
    mail = transaction([("a@far.test", b"250 ok\r\n")])
    for script in (refusal(UNAVAILABLE) + [QUIT], at_sign_in):
        device, ports = device_with(script, SMTP_SIGNED_IN + mail + mail + [QUIT])
        jobs = [spool(device), spool(device)]
        assert send(device, ports) == [FIRST, SECOND]
        assert [outcome(job) for job in jobs] == [("sent", "", "smtp2")] * 2
        keepers = device.keepers
        assert (keepers["smtp"].state, keepers["smtp2"].state) == ("INVALID", "ACQUIRED")
        assert (keepers["smtp"].record["topic"], keepers["smtp"].record["retry"]) == (
            "mailbox_unavailable",
            True,
        )


def test_account_refusal_by_the_second_makes_the_seconds_token_invalid():
    device, ports = device_with(NO_ROUTE, refusal(UNAVAILABLE), NO_ROUTE)
    job = spool(device)
    assert send(device, ports) == [FIRST, SECOND, FIRST]
    assert outcome(job) == ("retrying", "connect", "smtp2")
    assert device.keepers["smtp"].state == "ACQUIRED"
    assert device.keepers["smtp2"].state == "INVALID"


def test_account_refusal_by_both_holds_the_job():
    device, ports = device_with(refusal(UNAVAILABLE), refusal(b"554 5.2.2 full\r\n"))
    job = spool(device)
    assert send(device, ports) == [FIRST, SECOND]
    assert outcome(job) == ("held", "smtp_554", "smtp2")
    assert "unavailable" in job.record["detail"]
    assert [device.keepers[name].state for name in ("smtp", "smtp2")] == ["INVALID"] * 2


def test_account_refusal_without_tokens_moves_once_and_then_holds():
    password = {"auth_method": "password", "password": "geheim"}
    for second, expected in (
        (delivery("a@far.test"), ("sent", "", "smtp2")),
        (refusal(UNAVAILABLE), ("held", "smtp_554", "smtp2")),
    ):
        device, ports = device_with(refusal(UNAVAILABLE), second, tokens_of=(), **password)
        device.configuration.put("smtp", password, False)
        job = spool(device)
        assert send(device, ports) == [FIRST, SECOND]
        assert outcome(job) == expected
