"""service/conntest.py, maildrops.py, supervisor.py: the test of a setting, and standing tasks."""

from fakes import popserver
from fakes.dialogues import (
    EHLO,
    POP3_SIGNED_IN,
    QUIT,
    SMTP_GREETING,
    SMTP_OPEN,
    SMTP_SIGNED_IN,
)
from fakes.net import FakeNet
from fakes.provider import refused, tokens
from mfpmail.core.errors import TlsError
from support import configure, device_with, failure_of, run

PROBE = [
    (b"MAIL FROM:<scan@mail.test>\r\n", b"250 ok\r\n"),
    (b"RSET\r\n", b"250 ok\r\n"),
    QUIT,
]


def outcome_of(device, name="smtp"):
    result = run(device.postman.test(name))
    return result["result"], result["step"], result


def test_connection_test_smtp_asks_one_real_thing_and_sends_nothing():
    device, ports = device_with(SMTP_SIGNED_IN + PROBE)
    outcome, step, result = outcome_of(device)
    assert (outcome, step, result["topic"]) == ("ok", "done", "")
    assert "scan@mail.test" in result["detail"]
    assert ports.net.streams[0].closed


def test_connection_test_pop3_counts_and_deletes_nothing():
    listed = (b"UIDL\r\n", b"+OK\r\n1 a\r\n2 b\r\n.\r\n")
    device, ports = device_with(POP3_SIGNED_IN + [listed], name="ifax")
    outcome, _, result = outcome_of(device, "ifax")
    assert (outcome, result["detail"]) == ("ok", "2 mails are waiting.")
    assert b"DELE" not in ports.net.written and b"RETR" not in ports.net.written
    assert ports.net.streams[0].closed


def test_connection_test_names_the_step_that_failed():
    untrusted = TlsError("tls_untrusted", "The certificate was not issued by a known authority.")
    no_tls = [SMTP_GREETING, (EHLO, b"250 mail.test\r\n")]
    refused_sender = SMTP_SIGNED_IN + [(None, b"550 5.7.60 not allowed\r\n")]
    for script, changes, expected in (
        (untrusted, {}, ("configuration", "tls")),
        (no_tls, {"security": "starttls"}, ("configuration", "tls")),
        ([(None, b"421 busy\r\n")], {}, ("transient", "connect")),
        ([SMTP_GREETING, (EHLO, b"421 busy\r\n")], {}, ("transient", "hello")),
        (no_tls, {}, ("configuration", "auth")),
        (refused_sender, {}, ("configuration", "mail")),
    ):
        device, ports = device_with(script, **changes)
        outcome, step, result = outcome_of(device)
        assert (outcome, step) == expected, changes
        assert result["topic"] and result["detail"]
        assert not ports.net.streams or ports.net.streams[0].closed


def test_connection_test_without_server_or_token_says_so():
    device, _ = device_with(server="", acquired=False)
    assert outcome_of(device)[:2] == ("configuration", "connect")
    device, ports = device_with(acquired=False)
    outcome, step, result = outcome_of(device)
    assert (outcome, step) == ("invalid", "token")
    assert "lead" not in result
    assert ports.net.streams == []


def test_connection_test_dead_token_says_that_the_update_failed():
    device, ports = device_with()
    device.clock.advance_s(3600)
    ports.http.answers = [refused("invalid_grant")]
    outcome, step, result = outcome_of(device)
    assert (outcome, step) == ("invalid", "token")
    assert (result["lead"], result["topic"]) == ("token_update_failed", "invalid_grant")


def test_connection_test_refused_sign_in_after_a_renewal_is_configuration():
    rejected = SMTP_OPEN + [(None, b"535 5.7.3 no\r\n")]
    device, ports = device_with(rejected, rejected)
    ports.http.answers = [tokens(2)]
    assert outcome_of(device)[:2] == ("configuration", "auth")
    assert device.keepers["smtp"].state == "ACQUIRED"


def test_connection_test_with_a_password_asks_no_provider():
    script = SMTP_OPEN + [(None, b"235 ok\r\n")] + PROBE
    changes = {"auth_method": "password", "username": "user", "password": "geheim"}
    device, ports = device_with(script, acquired=False, **changes)
    assert outcome_of(device)[0] == "ok"
    assert b"AUTH PLAIN " in ports.net.written
    assert ports.http.requests == []


def test_connection_test_without_sign_in_sends_no_auth():
    plain = [SMTP_GREETING, (EHLO, b"250 mail.test\r\n")] + PROBE
    changes = {"auth_method": "none", "security": "off"}
    device, ports = device_with(plain, acquired=False, **changes)
    assert outcome_of(device)[0] == "ok"
    assert b"AUTH" not in ports.net.written and not ports.net.streams[0].tls


def test_tokens_of_pop_settings_are_never_used_by_another():
    device, ports = device_with(name="ifax")
    configure(device, "eprint")
    assert outcome_of(device, "eprint")[:2] == ("invalid", "token")
    assert device.keepers["eprint"].state == "NOT_ACQUIRED"
    assert ports.net.streams == []


def test_maildrops_remember_how_the_last_check_went():
    device, ports = popserver.device_with(("a", popserver.mail_of()))
    assert run(device.maildrops.check("eprint"))["received"] == 1
    last = device.maildrops.last["eprint"]
    assert (last["result"], last["message"]) == ("ok", "1 received, 0 left")
    ports.net = FakeNet()
    assert failure_of(device.maildrops.check("eprint")).code == "connect"
    assert device.maildrops.last["eprint"]["result"] == "transient"
    assert device.maildrops.last["ifax"] is None
