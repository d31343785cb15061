"""session/smtp.py: OAUTHBEARER (RFC 7628), and what the error challenges tell."""

import binascii

from test_session_smtp import opened, session_over, signed_in

from fakes.dialogues import EHLO, SMTP_GREETING, SMTP_OPEN
from mfpmail.core import sasl
from support import failure_of, run

TOKEN = "access-token"
RESPONSE = sasl.oauthbearer("scan@mail.test", TOKEN, "mail.test", 465)
CHALLENGE = b"334 " + binascii.b2a_base64(b'{"status":"invalid_token","scope":"mail"}').strip()
REFUSED = b"535 5.7.8 no\r\n"


def offers(mechanisms):
    return [SMTP_GREETING, (EHLO, b"250-mail.test\r\n250 AUTH " + mechanisms + b"\r\n")]


def test_oauthbearer_is_used_where_xoauth2_is_not_offered():
    command = b"AUTH OAUTHBEARER " + RESPONSE + b"\r\n"
    session, _ = session_over(offers(b"PLAIN OAUTHBEARER") + [(command, b"235 welcome\r\n")])
    run(signed_in(session))
    assert session.usable


def test_oauthbearer_is_not_used_where_xoauth2_is_offered():
    command = b"AUTH XOAUTH2 " + sasl.xoauth2("scan@mail.test", TOKEN) + b"\r\n"
    session, _ = session_over(offers(b"OAUTHBEARER XOAUTH2") + [(command, b"235 welcome\r\n")])
    run(signed_in(session))


def test_oauthbearer_long_token_goes_in_two_steps():
    response = sasl.oauthbearer("scan@mail.test", "t" * 2500, "mail.test", 465)
    steps = [(b"AUTH OAUTHBEARER\r\n", b"334 \r\n"), (response + b"\r\n", b"235 welcome\r\n")]
    session, _ = session_over(offers(b"OAUTHBEARER") + steps)
    run(signed_in(session, "t" * 2500))


def test_oauthbearer_error_challenge_is_answered_by_control_a():
    steps = [(None, CHALLENGE + b"\r\n"), (b"AQ==\r\n", REFUSED)]
    session, _ = session_over(offers(b"OAUTHBEARER") + steps)
    error = failure_of(signed_in(session))
    assert (error.code, session.step) == ("auth_rejected", "auth")
    assert "invalid_token" in error.message
    assert TOKEN not in error.message


def test_oauthbearer_refused_without_a_challenge_is_rejected():
    session, _ = session_over(offers(b"OAUTHBEARER") + [(None, REFUSED)])
    assert failure_of(signed_in(session)).code == "auth_rejected"


def test_oauthbearer_not_offered_writes_nothing():
    session, net = session_over(SMTP_OPEN)
    run(opened(session))
    error = failure_of(session.authenticate_oauthbearer("scan@mail.test", TOKEN))
    assert error.code == "auth_not_offered"
    assert net.written == EHLO


def test_oauthbearer_without_tls_writes_nothing():
    session, net = session_over(offers(b"OAUTHBEARER"), "off")
    assert failure_of(signed_in(session)).code == "tls_not_offered"
    assert net.written == EHLO


def test_xoauth2_error_challenge_tells_the_reason():
    steps = [(None, b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n"), (b"\r\n", REFUSED)]
    session, _ = session_over(SMTP_OPEN + steps)
    error = failure_of(signed_in(session))
    assert error.code == "auth_rejected"
    assert error.message.endswith("It says about the token: 401.")


def test_error_challenge_without_a_status_adds_nothing():
    for challenge in (b"334 \r\n", b"334 no base64 at all\r\n", b"334 e30=\r\n"):
        session, _ = session_over(SMTP_OPEN + [(None, challenge), (b"\r\n", REFUSED)])
        assert failure_of(signed_in(session)).message.endswith("535 5.7.8 no.")
