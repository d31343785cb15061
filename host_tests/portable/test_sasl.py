"""core/sasl.py and core/replies.py: what is written to sign in, and what a refusal means."""

import binascii

from mfpmail.core import errors, sasl
from mfpmail.core.replies import pop3_error, response_code, smtp_error
from mfpmail.core.smtp import Reply
from support import failure


def test_xoauth2_is_one_line_of_base64():
    response = sasl.xoauth2("someuser@example.test", "t" * 3000)
    assert b"\n" not in response
    assert binascii.a2b_base64(response) == (
        b"user=someuser@example.test\x01auth=Bearer " + b"t" * 3000 + b"\x01\x01"
    )


def test_oauthbearer_is_one_line_of_base64_with_the_name_escaped():
    response = sasl.oauthbearer("a=b,c@example.test", "t" * 3000, "mail.test", 587)
    assert b"\n" not in response
    assert binascii.a2b_base64(response) == (
        b"n,a=a=3Db=2Cc@example.test,\x01host=mail.test\x01port=587\x01auth=Bearer "
        + b"t" * 3000
        + b"\x01\x01"
    )


def oauthbearer(user, access_token):
    return sasl.oauthbearer(user, access_token, "mail.test", 587)


def test_plain_has_an_empty_authorization_identity():
    assert binascii.a2b_base64(sasl.plain("tim", "tanstaaf")) == b"\0tim\0tanstaaf"


def test_login_answers_are_the_name_and_the_password():
    answers = sasl.login_answers("tim", "Κωδικός")
    assert [binascii.a2b_base64(a).decode() for a in answers] == ["tim", "Κωδικός"]


def test_responses_refuse_control_characters():
    for bad in ("a\x01b", "a\0b", "a\r\nb", "a\x7fb"):
        for response in (sasl.xoauth2, oauthbearer, sasl.plain, sasl.login_answers):
            for arguments in ((bad, "good"), ("good", bad)):
                error = failure(response, *arguments)
                assert error.code == "control_character"
                assert bad not in error.message


def test_challenge_status_of_the_error_challenge():
    assert sasl.challenge_status("eyJzdGF0dXMiOiI0MDAifQ==") == "400"


def test_challenge_status_of_anything_else_is_empty():
    for text in (b"", b"{}", b"[]", b'"x"', b"no json", b'{"status": 400}', b"\xff\xfe", b"null"):
        assert sasl.challenge_status(binascii.b2a_base64(text).strip()) == ""
    assert sasl.challenge_status("x") == ""


def test_challenge_status_that_is_no_plain_word_is_empty():
    for status in ("a b", "<b>", "x" * 33, "line\\nbreak", ""):
        challenge = binascii.b2a_base64(('{"status": "%s"}' % status).encode()).strip()
        assert sasl.challenge_status(challenge) == "", status
    challenge = binascii.b2a_base64(b'{"status": "insufficient_scope"}').strip()
    assert sasl.challenge_status(challenge) == "insufficient_scope"


def test_smtp_error_step_and_reply_decide_the_kind():
    for step, code, error_code, kind in (
        ("auth", 535, "auth_rejected", errors.CONFIGURATION),
        ("auth", 454, "smtp_454", errors.TRANSIENT),
        ("auth", 421, "smtp_421", errors.TRANSIENT),
        ("connect", 554, "smtp_554", errors.TRANSIENT),
        ("hello", 550, "smtp_550", errors.TRANSIENT),
        ("mail", 530, "smtp_530", errors.CONFIGURATION),
        ("mail", 552, "smtp_552", errors.MESSAGE),
        ("rcpt", 550, "smtp_550", errors.MESSAGE),
        ("rcpt", 450, "smtp_450", errors.TRANSIENT),
        ("data", 554, "smtp_554", errors.MESSAGE),
        ("data", 451, "smtp_451", errors.TRANSIENT),
    ):
        error = smtp_error(step, Reply(code, ["5.0.0 text of the server"]))
        assert (error.code, error.kind) == (error_code, kind), (step, code)
        assert "text of the server" in error.message


def test_pop3_error_response_code_decides_the_kind():
    for step, text, code, kind in (
        ("auth", "no", "auth_rejected", errors.CONFIGURATION),
        ("auth", "[AUTH] no", "auth_rejected", errors.CONFIGURATION),
        ("auth", "[SYS/TEMP] later", "pop3_busy", errors.TRANSIENT),
        ("auth", "[in-use] locked", "pop3_busy", errors.TRANSIENT),
        ("list", "what", "pop3_refused", errors.TRANSIENT),
    ):
        error = pop3_error(step, text)
        assert (error.code, error.kind) == (code, kind)


def test_response_code_only_counts_at_the_start_and_closed():
    for text, code in (("[SYS/PERM] x", "SYS/PERM"), ("x [SYS/TEMP]", ""), ("[SYS/TEMP", "")):
        assert response_code(text) == code
