"""The SMTP listeners, spoken to with smtplib."""

import base64
import json
import smtplib

import pytest

from sandbox.sandbox import Sandbox

ALICE, BOB = "alice@sandbox.test", "bob@sandbox.test"
MAIL = b"Subject: scan\r\n\r\n.\r\n..\r\n.a\r\nlast\r\n"


@pytest.fixture
def connect(client):
    """Opens connections to the implicit-TLS listener, and closes them after the test."""
    opened = []

    def open_one():
        port = client.endpoints["smtp_tls_port"]
        smtp = smtplib.SMTP_SSL("localhost", port, context=client.tls_context(), timeout=10)
        opened.append(smtp)
        smtp.ehlo()
        return smtp

    yield open_one
    for smtp in opened:
        smtp.close()


@pytest.fixture
def signed_in(connect, client):
    smtp = connect()
    response = client.xoauth2(client.acquire())
    smtp.auth("XOAUTH2", lambda challenge=None: response)
    return smtp


def two_step(smtp, response):
    assert smtp.docmd("AUTH XOAUTH2") == (334, b"")
    return smtp.docmd(base64.b64encode(response.encode()).decode())


def assert_refused_with_challenge(smtp, reply):
    code, challenge = reply
    assert code == 334
    assert json.loads(base64.b64decode(challenge))["scope"] == "mail.send"
    code, text = smtp.docmd("")
    assert code == 535 and text.startswith(b"5.7.8")


def send_raw(smtp, data):
    """One mail whose data, with the end, goes over the wire as it stands."""
    smtp.mail(ALICE)
    smtp.rcpt(BOB)
    assert smtp.docmd("DATA")[0] == 354
    smtp.send(data)
    return smtp.getreply()


def test_smtp_one_step_delivers_the_same_bytes_to_each_known_recipient(signed_in, sandbox, events):
    assert signed_in.sendmail(ALICE, [ALICE, BOB.upper()], MAIL) == {}
    for account in (ALICE, BOB):
        [path] = sandbox.maildrop(account)
        assert path.read_bytes() == MAIL
    assert sandbox.counters["smtp_messages"] == 1
    assert any("mail accepted" in line for line in events)


def test_smtp_two_step_is_accepted(connect, client):
    assert two_step(connect(), client.xoauth2(client.acquire()))[0] == 235


def test_smtp_token_of_8000_bytes_is_accepted_both_ways(tmp_path, make_client):
    with Sandbox(tmp_path, access_token_bytes=6000) as sandbox:
        client = make_client(sandbox.endpoints)
        token = client.acquire()
        assert len(token["access_token"]) == 8000
        response = client.xoauth2(token)
        port = sandbox.endpoints["smtp_starttls_port"]
        for initial in (True, False):
            with smtplib.SMTP("localhost", port, timeout=10) as smtp:
                smtp.starttls(context=client.tls_context())
                smtp.ehlo()
                reply = smtp.auth("XOAUTH2", lambda c=None: response, initial_response_ok=initial)
                assert reply[0] == 235


def test_smtp_starttls_offers_auth_only_after_tls(client):
    with smtplib.SMTP("localhost", client.endpoints["smtp_starttls_port"], timeout=10) as smtp:
        smtp.ehlo()
        assert smtp.has_extn("starttls") and not smtp.has_extn("auth")
        assert smtp.docmd("AUTH XOAUTH2")[0] == 530
        assert smtp.docmd(f"MAIL FROM:<{ALICE}>")[0] == 530
        smtp.starttls(context=client.tls_context())
        smtp.ehlo()
        assert smtp.esmtp_features["auth"].split() == ["XOAUTH2"]
        assert two_step(smtp, client.xoauth2(client.acquire()))[0] == 235


@pytest.mark.parametrize(
    "case", ["unknown", "expired", "revoked", "refresh", "scope", "other user"]
)
def test_smtp_bad_token_is_refused_and_a_good_one_then_accepted(case, connect, client, sandbox):
    token, user = client.acquire(), ALICE
    if case == "unknown":
        token["access_token"] = "made-up"
    elif case == "expired":
        sandbox.auth.expire_access_tokens()
    elif case == "revoked":
        sandbox.auth.revoke_all()
    elif case == "refresh":
        token["access_token"] = token["refresh_token"]
    elif case == "scope":
        token = client.acquire("mail.pop")
    else:
        user = BOB
    smtp = connect()
    assert_refused_with_challenge(smtp, two_step(smtp, client.xoauth2(token, user)))
    assert smtp.docmd(f"MAIL FROM:<{ALICE}>")[0] == 530
    assert two_step(smtp, client.xoauth2(client.acquire()))[0] == 235


@pytest.mark.parametrize("response", ["!!!", base64.b64encode(b"user=a").decode()])
def test_smtp_malformed_response_is_a_syntax_error(response, connect):
    assert connect().docmd("AUTH XOAUTH2 " + response)[0] == 501


def test_smtp_authorization_server_down_is_a_temporary_failure(connect, client, sandbox):
    response = client.xoauth2(client.acquire())
    sandbox.auth.set_outage(True)
    code, text = two_step(connect(), response)
    assert code == 454 and text.startswith(b"4.7.0")


def test_smtp_each_recipient_has_its_own_reply(signed_in, sandbox):
    refused = signed_in.sendmail(ALICE, [BOB, "nobody@sandbox.test", "a@example.org"], MAIL)
    assert {address: reply[0] for address, reply in refused.items()} == {
        "nobody@sandbox.test": 550,
        "a@example.org": 550,
    }
    assert refused["nobody@sandbox.test"][1].startswith(b"5.1.1")
    assert len(sandbox.maildrop(BOB)) == 1


@pytest.mark.parametrize(
    ("data", "stored"),
    [
        (b"\r\n.\r\n", b"\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b"\r\n\r\n..\r\n.\r\n", b"\r\n\r\n.\r\n"),
        (b"...\r\n..\r\nx.\r\n.\r\n", b"..\r\n.\r\nx.\r\n"),
    ],
)
def test_smtp_dots_and_short_mails_are_stored_as_meant(data, stored, signed_in, sandbox):
    assert send_raw(signed_in, data)[0] == 250
    assert sandbox.maildrop(BOB)[0].read_bytes() == stored


@pytest.mark.parametrize("data", [b".\r\n", b"a\nb\r\n.\r\n", b"a\rb\r\n.\r\n", b"a\r\r\n.\r\n"])
def test_smtp_empty_mail_or_bare_cr_lf_is_refused(data, signed_in, sandbox):
    assert send_raw(signed_in, data)[0] == 550
    assert sandbox.maildrop(BOB) == []
    assert send_raw(signed_in, b"a\r\n.\r\n")[0] == 250


def test_smtp_mail_cut_off_leaves_nothing_behind(signed_in, connect, sandbox, client, tmp_path):
    signed_in.mail(ALICE)
    signed_in.rcpt(BOB)
    signed_in.docmd("DATA")
    signed_in.send(b"half a mail\r\n")
    signed_in.close()
    # A whole session later the server has surely seen the end of the first.
    assert two_step(connect(), client.xoauth2(client.acquire()))[0] == 235
    assert sandbox.maildrop(BOB) == []
    assert list((tmp_path / "maildrops" / "incoming").iterdir()) == []


def test_smtp_mail_of_50_mb_is_delivered(signed_in, sandbox):
    mail = (b"." + b"x" * 75 + b"\r\n") * 670_000
    wire = mail.replace(b"\r\n.", b"\r\n..")
    assert send_raw(signed_in, b"." + wire + b".\r\n") == (250, b"2.0.0 Delivered")
    assert sandbox.maildrop(BOB)[0].read_bytes() == mail
