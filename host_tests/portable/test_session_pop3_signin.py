"""session/pop3.py: every way to sign in, only inside TLS, and refusals that give nothing away."""

import binascii

from fakes.dialogues import POP3_GREETING, capabilities
from fakes.net import FakeNet
from mfpmail.core import errors, sasl
from mfpmail.core.apop import digest_of, timestamp_of
from mfpmail.core.hiding import without_secrets
from mfpmail.session.pop3 import Pop3Session
from support import failure, failure_of, run

SETTING = {"server": "mail.test", "port": 995, "security": "tls", "timeout_s": 20}
USER = "scan@mail.test"
TOKEN = "secret-token-" * 8
BEARER = sasl.oauthbearer(USER, TOKEN, "mail.test", 995)
OK = b"+OK\r\n"
STLS = (b"STLS\r\n", b"+OK go on\r\n")
STAMPED = (None, b"+OK POP3 ready <1896.697170952@dbc.mtview.ca.us>\r\n")
BEARER_CAPA = capabilities(b"UIDL", b"SASL PLAIN OAUTHBEARER")
BEARER_STEPS = [(b"AUTH OAUTHBEARER\r\n", b"+ \r\n"), (BEARER + b"\r\n", OK)]
UNKNOWN = (b"AUTH XOAUTH2\r\n", b"-ERR unknown mechanism\r\n")


def session_over(script, security="tls"):
    net = FakeNet(script)
    setting = dict(SETTING)
    setting["security"] = security
    return Pop3Session(net, setting), net


async def sign_in(session, way, secret):
    await session.open()
    await getattr(session, "authenticate_" + way)(USER, secret)


def signed_in(script, way="xoauth2", secret=TOKEN, security="tls"):
    """Sign in over a script; return the commands that were written."""
    session, net = session_over(script, security)
    run(sign_in(session, way, secret))
    return net.streams[0].writes


def refused(script, way="xoauth2", secret=TOKEN, security="tls"):
    """Sign in over a script that refuses it; return the error and what was written."""
    session, net = session_over(script, security)
    error = failure_of(sign_in(session, way, secret))
    return error, net.written


def test_oauthbearer_message_is_that_of_rfc_7628():
    assert binascii.a2b_base64(sasl.oauthbearer("u@a.test", "vF9", "mail.test", 995)) == (
        b"n,a=u@a.test,\x01host=mail.test\x01port=995\x01auth=Bearer vF9\x01\x01"
    )


def test_oauthbearer_name_is_escaped_and_control_characters_are_refused():
    assert b"n,a=a=2Cb=3Dc,\x01" in binascii.a2b_base64(sasl.oauthbearer("a,b=c", "t", "h", 1))
    for user, token in (("a\x01b", "t"), ("a", "t\r\n"), ("a\0", "t"), ("a", "\x7f")):
        assert failure(sasl.oauthbearer, user, token, "h", 1).code == "control_character"


def test_oauthbearer_is_in_two_steps():
    assert signed_in([POP3_GREETING] + BEARER_STEPS, "oauthbearer") == [
        b"AUTH OAUTHBEARER\r\n",
        BEARER + b"\r\n",
    ]


def test_oauthbearer_error_challenge_is_answered_by_control_a():
    challenge = (BEARER + b"\r\n", b"+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n")
    script = [POP3_GREETING, BEARER_STEPS[0], challenge, (b"AQ==\r\n", b"-ERR [AUTH] no\r\n")]
    error, written = refused(script, "oauthbearer")
    assert (error.code, error.kind) == ("auth_rejected", errors.CONFIGURATION)
    assert written.endswith(b"\r\nAQ==\r\n")


def test_oauthbearer_endless_challenges_are_no_sign_in():
    steps = [BEARER_STEPS[0], (BEARER + b"\r\n", b"+ \r\n"), (b"AQ==\r\n", b"+ again\r\n")]
    assert refused([POP3_GREETING] + steps, "oauthbearer")[0].code == "auth_rejected"


def test_xoauth2_unknown_and_oauthbearer_offered_signs_in_with_that():
    writes = signed_in([POP3_GREETING, UNKNOWN, BEARER_CAPA] + BEARER_STEPS)
    assert writes[:3] == [b"AUTH XOAUTH2\r\n", b"CAPA\r\n", b"AUTH OAUTHBEARER\r\n"]


def test_xoauth2_refused_though_it_is_offered_tries_nothing_else():
    script = [POP3_GREETING, UNKNOWN, capabilities(b"SASL XOAUTH2 OAUTHBEARER")]
    error, written = refused(script)
    assert error.code == "auth_rejected"
    assert written == b"AUTH XOAUTH2\r\nCAPA\r\n"


def test_xoauth2_unknown_without_another_offer_is_rejected():
    for capa in (capabilities(b"UIDL"), (b"CAPA\r\n", b"-ERR what\r\n"), (b"CAPA\r\n", b"x\r\n")):
        error, _ = refused([POP3_GREETING, UNKNOWN, capa])
        assert (error.code, error.message) == (
            "auth_rejected",
            "The mail server answered -ERR unknown mechanism.",
        )


def test_xoauth2_rejected_token_is_not_shown_to_another_mechanism():
    challenge = (sasl.xoauth2(USER, TOKEN) + b"\r\n", b"+ e30=\r\n")
    script = [POP3_GREETING, (b"AUTH XOAUTH2\r\n", b"+ \r\n"), challenge, (b"\r\n", b"-ERR no\r\n")]
    _, written = refused(script)
    assert b"CAPA" not in written
    assert b"OAUTHBEARER" not in written


def test_xoauth2_busy_mechanism_is_transient_and_asks_no_more():
    busy = (b"AUTH XOAUTH2\r\n", b"-ERR [SYS/TEMP] later\r\n")
    error, written = refused([POP3_GREETING, busy])
    assert (error.code, error.kind) == ("pop3_busy", errors.TRANSIENT)
    assert written == b"AUTH XOAUTH2\r\n"


def test_xoauth2_accepted_without_the_token_is_no_sign_in():
    error, written = refused([POP3_GREETING, (b"AUTH XOAUTH2\r\n", OK)])
    assert error.code == "pop3_answer"
    assert written == b"AUTH XOAUTH2\r\n"


def test_password_prefers_plain_in_two_steps():
    plain = sasl.plain(USER, "secret")
    script = [STAMPED, capabilities(b"USER", b"SASL PLAIN"), (b"AUTH PLAIN\r\n", b"+ \r\n")]
    writes = signed_in(script + [(plain + b"\r\n", OK)], "password", "secret")
    assert writes == [b"CAPA\r\n", b"AUTH PLAIN\r\n", plain + b"\r\n"]


def test_password_plain_that_goes_on_asking_is_cancelled():
    plain = sasl.plain(USER, "secret")
    script = [POP3_GREETING, capabilities(b"SASL PLAIN"), (b"AUTH PLAIN\r\n", b"+ \r\n")]
    script += [(plain + b"\r\n", b"+ more\r\n"), (b"*\r\n", b"-ERR cancelled\r\n")]
    assert refused(script, "password", "secret")[0].code == "auth_rejected"


def test_password_uses_apop_where_only_the_greeting_offers_anything():
    for capa in (capabilities(b"UIDL"), (b"CAPA\r\n", b"-ERR what\r\n")):
        apop = (b"APOP scan@mail.test c4c9334bac560ecc979e58001b3e22fb\r\n", OK)
        assert signed_in([STAMPED, capa, apop], "password", "tanstaaf")[1] == apop[0]


def test_password_uses_user_and_pass_where_nothing_better_is_offered():
    user = (b"USER scan@mail.test\r\n", OK)
    for greeting, capa in (
        (POP3_GREETING, capabilities(b"USER")),
        (POP3_GREETING, (b"CAPA\r\n", b"-ERR what\r\n")),
        (STAMPED, capabilities(b"USER", b"SASL XOAUTH2")),
    ):
        for final, code in ((OK, None), (b"-ERR no\r\n", "auth_rejected")):
            script = [greeting, capa, user, (b"PASS secret words\r\n", final)]
            if code:
                assert refused(script, "password", "secret words")[0].code == code
            else:
                signed_in(script, "password", "secret words")


def test_password_with_a_line_break_is_never_written():
    offers = (capabilities(b"SASL PLAIN"), capabilities(b"USER"), capabilities(b"UIDL"))
    for capa in offers:
        script = [POP3_GREETING, capa, (b"USER scan@mail.test\r\n", OK)]
        error, written = refused(script, "password", "secret\r\nDELE 1")
        assert error.code == "control_character"
        assert b"secret" not in written


def test_password_while_the_server_is_busy_is_transient():
    for code in (b"SYS/TEMP", b"IN-USE", b"LOGIN-DELAY"):
        capa = (b"CAPA\r\n", b"-ERR [" + code + b"] later\r\n")
        error, written = refused([POP3_GREETING, capa], "password", "secret")
        assert (error.code, error.kind) == ("pop3_busy", errors.TRANSIENT)
        assert written == b"CAPA\r\n"


def test_no_way_to_sign_in_writes_anything_without_tls():
    for way in ("xoauth2", "oauthbearer", "password"):
        error, written = refused([STAMPED], way, security="off")
        assert error.code == "tls_not_offered"
        assert written == b""


def test_stls_comes_before_every_way_to_sign_in_and_capa_is_asked_again():
    clear = capabilities(b"STLS", b"SASL PLAIN")
    script = [STAMPED, clear, STLS, capabilities(b"USER"), (b"USER scan@mail.test\r\n", OK)]
    script.append((b"PASS secret\r\n", OK))
    writes = signed_in(script, "password", "secret", "starttls")
    assert writes[:3] == [b"CAPA\r\n", b"STLS\r\n", b"CAPA\r\n"]
    assert b"AUTH PLAIN\r\n" not in writes


def test_stls_while_the_server_is_busy_is_transient():
    busy = b"-ERR [SYS/TEMP] later\r\n"
    for script in (
        [POP3_GREETING, (b"CAPA\r\n", busy)],
        [POP3_GREETING, capabilities(b"STLS"), (b"STLS\r\n", busy)],
    ):
        error, _ = refused(script, security="starttls")
        assert (error.code, error.kind) == ("pop3_busy", errors.TRANSIENT)


def test_refusal_by_response_code_has_its_kind():
    response = sasl.xoauth2(USER, TOKEN) + b"\r\n"
    for code, kind, topic in (
        (b"[AUTH]", errors.CONFIGURATION, "auth_rejected"),
        (b"[SYS/TEMP]", errors.TRANSIENT, "server_busy"),
        (b"[SYS/PERM]", errors.CONFIGURATION, "maildrop_fault"),
        (b"[IN-USE]", errors.TRANSIENT, "maildrop_in_use"),
        (b"[LOGIN-DELAY]", errors.TRANSIENT, "maildrop_in_use"),
    ):
        reply = (response, b"-ERR " + code + b" text\r\n")
        error, _ = refused([POP3_GREETING, (b"AUTH XOAUTH2\r\n", b"+ \r\n"), reply])
        assert (error.kind, error.topic) == (kind, topic), code


def test_refusal_that_repeats_the_token_does_not_show_it():
    response = sasl.xoauth2(USER, TOKEN)
    for echo in (response, response[:60], TOKEN.encode(), b"'" + TOKEN[:40].encode() + b"'."):
        reply = (response + b"\r\n", b"-ERR [SYS/TEMP] bad command " + echo + b" here\r\n")
        error, _ = refused([POP3_GREETING, (b"AUTH XOAUTH2\r\n", b"+ \r\n"), reply])
        assert error.code == "pop3_busy"
        assert error.message == "The mail server answered -ERR [SYS/TEMP] bad command *** here."


def test_refusal_that_repeats_the_password_does_not_show_it():
    steps = [POP3_GREETING, capabilities(b"USER"), (b"USER scan@mail.test\r\n", OK)]
    reply = (b"PASS my secret\r\n", b"-ERR unknown: PASS my secret\r\n")
    error, _ = refused(steps + [reply], "password", "my secret")
    assert error.message == "The mail server answered -ERR unknown: PASS ***."


def test_without_secrets_leaves_the_response_code_and_other_words():
    assert without_secrets("[SYS/TEMP] TEMP is busy", ("TEMP",)) == "[SYS/TEMP] *** is busy"
    assert without_secrets("wrong password", ("pa", "")) == "wrong password"


def test_apop_digest_is_that_of_rfc_1939():
    stamp = timestamp_of("POP3 server ready <1896.697170952@dbc.mtview.ca.us>")
    assert stamp == "<1896.697170952@dbc.mtview.ca.us>"
    assert digest_of(stamp, "tanstaaf") == "c4c9334bac560ecc979e58001b3e22fb"


def test_apop_timestamp_of_other_greetings_is_none():
    for greeting in ("", "ready", "<ready>", "a@b", "<a@b", "> <", "<a b@c>", "<a?@b>", "<<a@b>"):
        assert timestamp_of(greeting) == "", greeting
