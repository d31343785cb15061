"""session/smtp.py: TLS before everything, the sign-in, and a server that may stop at any byte."""

from fakes.dialogues import BODY, EHLO, QUIT, SIGN_IN, SMTP_GREETING, SMTP_OPEN, transaction
from fakes.net import FakeNet
from mfpmail.core import errors, sasl
from mfpmail.core.base64stream import encoded_bytes
from mfpmail.core.errors import MailError
from mfpmail.session.smtp import SmtpSession
from support import failure_of, run

SETTING = {"server": "mail.test", "port": 465, "security": "tls", "timeout_s": 20}
TOKEN = "access-token"
RESPONSE = sasl.xoauth2("scan@mail.test", TOKEN)
CHALLENGE = b"334 eyJzdGF0dXMiOiI0MDAifQ==\r\n"
OFFERS_STARTTLS = (EHLO, b"250-mail.test\r\n250 STARTTLS\r\n")
STARTTLS = (b"STARTTLS\r\n", b"220 go on\r\n")
OFFERS_XOAUTH2 = (EHLO, b"250-mail.test\r\n250 AUTH XOAUTH2\r\n")
FILE = bytes(range(256)) * 20


def session_over(script, security="tls"):
    net = FakeNet(script)
    setting = dict(SETTING)
    setting["security"] = security
    return SmtpSession(net, setting, "printer.test"), net


async def opened(session):
    await session.open()
    return session


async def signed_in(session, token=TOKEN):
    await session.open()
    await session.authenticate_xoauth2("scan@mail.test", token)
    return session


class FakeMessage:
    """What the session asks of a message: a text, and a file where there is a size."""

    def __init__(self, text=b"See the file.\r\n", size_bytes=None):
        self.sizes_bytes = [] if size_bytes is None else [size_bytes]
        self.total_bytes = len(text) + len(b"Subject: Scan\r\n\r\n")
        if self.sizes_bytes:
            self.total_bytes += encoded_bytes(size_bytes) + len(b"\r\n--end--\r\n")
        self._text = text

    def segments(self):
        yield b"Subject: Scan\r\n\r\n"
        yield self._text
        if self.sizes_bytes:
            yield 0
            yield b"\r\n--end--\r\n"


class File:
    """An attachment's file."""

    def __init__(self, data):
        self.data = data
        self.closed = False

    def readinto(self, view):
        count = min(len(view), len(self.data), 1000)  # a file may give less than asked for
        view[:count] = self.data[:count]
        self.data = self.data[count:]
        return count

    def close(self):
        self.closed = True


async def sent(session, mail, to=("a@far.test",), file=None, progress=lambda done: None):
    await signed_in(session)
    return await session.send("scan@mail.test", list(to), mail, lambda index: file, progress)


def accepted(final=b"250 ok\r\n"):
    return SMTP_OPEN + [SIGN_IN] + transaction([("a@far.test", b"250 ok\r\n")], final)


def test_open_implicit_tls_is_there_before_the_greeting():
    session, net = session_over(SMTP_OPEN)
    run(opened(session))
    assert net.streams[0].tls
    assert net.written == EHLO


def test_open_starttls_says_hello_again_and_forgets_what_came_in_clear():
    script = [SMTP_GREETING, OFFERS_STARTTLS, STARTTLS, OFFERS_XOAUTH2, SIGN_IN]
    session, net = session_over(script, "starttls")
    run(signed_in(session))
    assert net.streams[0].tls_starts == 1
    assert net.streams[0].writes[:3] == [EHLO, b"STARTTLS\r\n", EHLO]


def test_open_starttls_offer_of_auth_before_tls_is_forgotten():
    in_clear = (EHLO, b"250-mail.test\r\n250-STARTTLS\r\n250 AUTH XOAUTH2\r\n")
    script = [SMTP_GREETING, in_clear, STARTTLS, (EHLO, b"250 mail.test\r\n")]
    session, net = session_over(script, "starttls")
    assert failure_of(signed_in(session)).code == "auth_not_offered"
    assert b"AUTH" not in net.written


def test_open_starttls_not_offered_writes_no_byte_of_a_sign_in():
    session, net = session_over([SMTP_GREETING, OFFERS_XOAUTH2], "starttls")
    assert failure_of(signed_in(session)).code == "tls_not_offered"
    assert net.written == EHLO
    assert session.step == "tls"


def test_open_starttls_refused_is_an_error():
    refused = (b"STARTTLS\r\n", b"454 not now\r\n")
    session, net = session_over([SMTP_GREETING, OFFERS_STARTTLS, refused], "starttls")
    assert failure_of(opened(session)).code == "tls_refused"
    assert net.streams[0].tls_starts == 0


def test_open_starttls_injected_bytes_are_an_error():
    injected = (b"STARTTLS\r\n", b"220 go on\r\n250 AUTH PLAIN\r\n")
    session, net = session_over([SMTP_GREETING, OFFERS_STARTTLS, injected], "starttls")
    assert failure_of(opened(session)).code == "tls_injection"
    assert net.streams[0].tls_starts == 0


def test_open_refused_ehlo_falls_back_to_helo():
    script = [SMTP_GREETING, (EHLO, b"502 what\r\n"), (b"HELO printer.test\r\n", b"250 hi\r\n")]
    session, net = session_over(script)
    run(opened(session))
    assert net.written.endswith(b"HELO printer.test\r\n")


def test_open_refused_greeting_is_transient():
    error = failure_of(opened(session_over([(None, b"554 go away\r\n")])[0]))
    assert (error.code, error.kind) == ("smtp_554", errors.TRANSIENT)


def test_open_unreachable_server_is_a_network_error():
    session = SmtpSession(FakeNet(), SETTING, "printer.test")
    assert failure_of(opened(session)).code == "connect"
    assert session.step == "connect"


def test_auth_command_up_to_512_bytes_is_one_step_and_above_it_two():
    # Base64 grows by four characters: no command has exactly 512 bytes.
    token, longer = "t" * 338, "t" * 339
    command = b"AUTH XOAUTH2 %s\r\n" % sasl.xoauth2("scan@mail.test", token)
    assert len(command) == 511
    session, net = session_over(SMTP_OPEN + [SIGN_IN])
    run(signed_in(session, token))
    assert net.streams[0].writes[1] == command

    response = sasl.xoauth2("scan@mail.test", longer)
    assert len(b"AUTH XOAUTH2 %s\r\n" % response) == 515
    session, net = session_over(SMTP_OPEN + [(b"AUTH XOAUTH2\r\n", b"334 \r\n"), SIGN_IN])
    run(signed_in(session, longer))
    assert net.streams[0].writes[1:] == [b"AUTH XOAUTH2\r\n", response + b"\r\n"]


def test_auth_error_challenge_is_answered_by_an_empty_line():
    end = (b"\r\n", b"535 5.7.3 no\r\n")
    session, net = session_over(SMTP_OPEN + [(None, CHALLENGE), end])
    error = failure_of(signed_in(session))
    assert (error.code, session.step) == ("auth_rejected", "auth")
    assert net.written.endswith(RESPONSE + b"\r\n\r\n")


def test_auth_two_step_error_challenge_is_rejected_too():
    steps = [(b"AUTH XOAUTH2\r\n", b"334 \r\n"), (None, CHALLENGE), (b"\r\n", b"535 no\r\n")]
    session, _ = session_over(SMTP_OPEN + steps)
    assert failure_of(signed_in(session, "t" * 2500)).code == "auth_rejected"


def test_auth_endless_challenges_are_no_sign_in():
    session, _ = session_over(SMTP_OPEN + [(None, CHALLENGE), (b"\r\n", CHALLENGE)])
    failure_of(signed_in(session))


def test_auth_temporary_failure_is_transient():
    session, _ = session_over(SMTP_OPEN + [(None, b"454 4.7.0 later\r\n")])
    error = failure_of(signed_in(session))
    assert (error.code, error.kind) == ("smtp_454", errors.TRANSIENT)


def test_auth_without_tls_writes_nothing():
    session, net = session_over([SMTP_GREETING, OFFERS_XOAUTH2], "off")
    for sign_in in ("authenticate_xoauth2", "authenticate_password"):
        session, net = session_over([SMTP_GREETING, OFFERS_XOAUTH2], "off")
        run(opened(session))
        assert failure_of(getattr(session, sign_in)("user", "secret")).code == "tls_not_offered"
        assert net.written == EHLO


def test_auth_not_offered_is_an_error_of_its_own():
    session, net = session_over([SMTP_GREETING, (EHLO, b"250 mail.test\r\n")])
    assert failure_of(signed_in(session)).code == "auth_not_offered"
    assert net.written == EHLO


def test_auth_password_uses_plain_where_it_is_offered():
    plain = b"AUTH PLAIN " + sasl.plain("user", "secret") + b"\r\n"
    session, _ = session_over(SMTP_OPEN + [(plain, b"235 ok\r\n")])
    run(opened(session))
    run(session.authenticate_password("user", "secret"))


def test_auth_password_uses_login_where_only_that_is_offered():
    name, secret = sasl.login_answers("user", "secret")
    offer = (EHLO, b"250-mail.test\r\n250 AUTH LOGIN\r\n")
    steps = [(b"AUTH LOGIN\r\n", b"334 VXNlcg==\r\n"), (name + b"\r\n", b"334 UGFzcw==\r\n")]
    for final, outcome in ((b"235 ok\r\n", None), (b"535 no\r\n", "auth_rejected")):
        script = [SMTP_GREETING, offer] + steps + [(secret + b"\r\n", final)]
        session, _ = session_over(script)
        run(opened(session))
        if outcome:
            error = failure_of(session.authenticate_password("user", "secret"))
            assert error.code == outcome
        else:
            run(session.authenticate_password("user", "secret"))


def test_probe_sender_takes_the_reverse_path_back():
    steps = [(b"MAIL FROM:<scan@mail.test>\r\n", b"250 ok\r\n"), (b"RSET\r\n", b"250 ok\r\n")]
    session, net = session_over(SMTP_OPEN + [SIGN_IN] + steps + [QUIT])
    run(signed_in(session))
    run(session.probe_sender("scan@mail.test"))
    run(session.quit())
    assert net.streams[0].closed


def test_send_reports_the_reply_of_each_recipient():
    recipients = [("a@far.test", b"250 ok\r\n"), ("b@far.test", b"550 5.1.1 unknown\r\n")]
    session, _ = session_over(SMTP_OPEN + [SIGN_IN] + transaction(recipients))
    results = run(sent(session, FakeMessage(), ("a@far.test", "b@far.test")))
    assert [(path, reply.code) for path, reply in results] == [
        ("a@far.test", 250),
        ("b@far.test", 550),
    ]


def test_send_all_recipients_refused_raises_with_the_results():
    recipients = [("a@far.test", b"550 unknown\r\n"), ("b@far.test", b"450 later\r\n")]
    session, net = session_over(SMTP_OPEN + [SIGN_IN] + transaction(recipients))
    error = failure_of(sent(session, FakeMessage(), ("a@far.test", "b@far.test")))
    assert (error.code, error.kind) == ("smtp_450", errors.TRANSIENT)
    assert [reply.code for _, reply in error.results] == [550, 450]
    assert b"DATA" not in net.written


def test_send_421_at_any_step_is_transient():
    answers = len(accepted())
    for index in range(answers):
        script = accepted()
        script[index] = (script[index][0], b"421 4.3.2 closing\r\n")
        error = failure_of(sent(session_over(script)[0], FakeMessage()))
        assert (error.code, error.kind) == ("smtp_421", errors.TRANSIENT), index


def test_send_421_after_an_accepted_recipient_is_transient():
    recipients = [("a@far.test", b"250 ok\r\n"), ("b@far.test", b"421 closing\r\n")]
    script = SMTP_OPEN + [SIGN_IN] + transaction(recipients)
    error = failure_of(sent(session_over(script)[0], FakeMessage(), ("a@far.test", "b@far.test")))
    assert (error.code, error.kind) == ("smtp_421", errors.TRANSIENT)


def test_send_data_refused_writes_no_byte_of_the_message():
    script = accepted()[:-2] + [(b"DATA\r\n", b"554 no\r\n")]
    session, net = session_over(script)
    error = failure_of(sent(session, FakeMessage()))
    assert (error.code, error.kind) == ("smtp_554", errors.MESSAGE)
    assert net.written.endswith(b"DATA\r\n")


def test_send_message_refused_after_the_final_dot_is_an_error():
    for reply, kind in ((b"552 5.3.4 size\r\n", errors.MESSAGE), (b"451 x\r\n", errors.TRANSIENT)):
        assert failure_of(sent(session_over(accepted(reply))[0], FakeMessage())).kind == kind


def test_send_last_bytes_and_final_dot_are_one_write():
    for mail, file in ((FakeMessage(), None), (FakeMessage(size_bytes=len(FILE)), File(FILE))):
        session, net = session_over(accepted())
        run(sent(session, mail, file=file))
        last = net.streams[0].writes[-1]
        assert last.endswith(b"\r\n.\r\n")
        assert len(last) > len(b"\r\n.\r\n")
        assert file is None or file.closed


def test_send_text_that_starts_with_dots_is_stuffed():
    session, net = session_over(accepted())
    run(sent(session, FakeMessage(b".\r\n..two\r\nx.\r\n.\r\n")))
    assert net.written.endswith(b"\r\n\r\n..\r\n...two\r\nx.\r\n..\r\n.\r\n")


def test_send_progress_never_falls_and_ends_at_the_total():
    for mail in (FakeMessage(), FakeMessage(size_bytes=len(FILE)), FakeMessage(size_bytes=0)):
        seen = []
        file = File(FILE[: mail.sizes_bytes[0]] if mail.sizes_bytes else b"")
        session, _ = session_over(accepted())
        run(sent(session, mail, file=file, progress=seen.append))
        assert seen == sorted(seen)
        assert seen[-1] == mail.total_bytes


def test_send_short_file_aborts_without_the_final_dot():
    file = File(FILE[:-1])
    session, net = session_over(accepted())
    error = failure_of(sent(session, FakeMessage(size_bytes=len(FILE)), file=file))
    assert (error.code, error.kind) == ("attachment_short", errors.MESSAGE)
    assert not net.written.endswith(b"\r\n.\r\n")
    assert file.closed


def test_send_answers_in_single_bytes_are_the_same_dialogue():
    session, net = session_over(accepted())
    net.chunk_bytes = 1
    assert run(sent(session, FakeMessage()))[0][1].code == 250


def test_send_server_that_closes_after_any_byte_is_a_mail_error():
    starttls = [SMTP_GREETING, OFFERS_STARTTLS, STARTTLS, OFFERS_XOAUTH2, SIGN_IN]
    script = starttls + transaction([("a@far.test", b"250 ok\r\n")])
    total_bytes = sum(len(reply) for _, reply in script)
    for cut in range(total_bytes):
        session, net = session_over(script, "starttls")
        net.cut_after_bytes = cut
        try:
            run(sent(session, FakeMessage()))
        except MailError as error:
            assert error.code == "closed", (cut, error.code)
            continue
        raise AssertionError("it went well with %d of %d bytes" % (cut, total_bytes))


def test_quit_of_a_server_that_is_gone_is_no_error():
    session, net = session_over(accepted())
    run(sent(session, FakeMessage()))
    run(session.quit())
    assert net.streams[0].closed
    assert BODY[1] in net.written
