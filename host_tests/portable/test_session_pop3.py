"""session/pop3.py: the same rules as for SMTP, and mails that arrive byte for byte."""

from fakes.dialogues import POP3_GREETING, POP3_SIGNED_IN, maildrop, retrieved
from fakes.net import FakeNet
from mfpmail.core import errors, sasl
from mfpmail.core.errors import MailError
from mfpmail.session.pop3 import Pop3Session
from support import failure_of, run

SETTING = {"server": "mail.test", "port": 995, "security": "tls", "timeout_s": 20}
TOKEN = "t" * 40
RESPONSE = sasl.xoauth2("scan@mail.test", TOKEN)
CAPA = (b"CAPA\r\n", b"+OK\r\nUSER\r\nSTLS\r\n.\r\n")
STLS = (b"STLS\r\n", b"+OK go on\r\n")
AUTH = (b"AUTH XOAUTH2\r\n", b"+ \r\n")
CHALLENGE = (RESPONSE + b"\r\n", b"+ eyJzdGF0dXMiOiI0MDAifQ==\r\n")
QUIT = (b"QUIT\r\n", b"+OK bye\r\n")
MAILS = (
    b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\n.\r\nend\r\n",
    b"no header, and a dot .\r\n.\r\n",
    bytes(range(256)) * 20 + b"\r\n",
    b"\r\n",
)


def session_over(script, security="tls"):
    net = FakeNet(script)
    setting = dict(SETTING)
    setting["security"] = security
    return Pop3Session(net, setting), net


async def opened(session):
    await session.open()
    return session


async def signed_in(session):
    await session.open()
    await session.authenticate_xoauth2("scan@mail.test", TOKEN)
    return session


async def emptied(session):
    """Fetch and delete all mails; return the unique ids, the mails and what `quit` says."""
    await signed_in(session)
    listed, mails = [], []
    await session.list_mails(lambda *mail: listed.append(mail))
    for number, _, _ in listed:
        mail = bytearray()
        await session.retrieve(number, mail.extend)
        mails.append(bytes(mail))
        await session.delete(number)
    confirmed = await session.quit()
    return [unique_id for _, unique_id, _ in listed], mails, confirmed


async def listed(session):
    found = []
    await signed_in(session)
    await session.list_mails(lambda *mail: found.append(mail))
    return found


def test_open_implicit_tls_is_there_before_the_greeting():
    session, net = session_over([POP3_GREETING])
    run(opened(session))
    assert net.streams[0].tls
    assert net.written == b""


def test_open_stls_starts_tls_before_the_sign_in():
    session, net = session_over([POP3_GREETING, CAPA, STLS] + POP3_SIGNED_IN[1:], "starttls")
    run(signed_in(session))
    assert net.streams[0].tls_starts == 1
    assert net.written == b"CAPA\r\nSTLS\r\nAUTH XOAUTH2\r\n" + RESPONSE + b"\r\n"


def test_open_stls_not_offered_writes_no_byte_of_a_sign_in():
    for capa in (b"+OK\r\nUSER\r\n.\r\n", b"-ERR what\r\n"):
        session, net = session_over([POP3_GREETING, (b"CAPA\r\n", capa)], "starttls")
        assert failure_of(signed_in(session)).code == "tls_not_offered"
        assert net.written == b"CAPA\r\n"
        assert session.step == "tls"


def test_open_stls_refused_is_an_error():
    session, net = session_over([POP3_GREETING, CAPA, (b"STLS\r\n", b"-ERR no\r\n")], "starttls")
    assert failure_of(opened(session)).code == "tls_refused"
    assert net.streams[0].tls_starts == 0


def test_open_stls_injected_bytes_are_an_error():
    injected = (b"STLS\r\n", b"+OK go on\r\n+OK welcome\r\n")
    session, net = session_over([POP3_GREETING, CAPA, injected], "starttls")
    assert failure_of(opened(session)).code == "tls_injection"
    assert net.streams[0].tls_starts == 0


def test_open_refused_greeting_is_transient():
    error = failure_of(opened(session_over([(None, b"-ERR [SYS/TEMP] busy\r\n")])[0]))
    assert (error.code, error.kind) == ("pop3_busy", errors.TRANSIENT)


def test_auth_is_always_in_two_steps():
    session, net = session_over([POP3_GREETING, AUTH, (RESPONSE + b"\r\n", b"+OK hi\r\n")])
    run(signed_in(session))
    assert net.streams[0].writes == [b"AUTH XOAUTH2\r\n", RESPONSE + b"\r\n"]


def test_auth_error_challenge_is_answered_by_an_empty_line():
    session, net = session_over([POP3_GREETING, AUTH, CHALLENGE, (b"\r\n", b"-ERR no\r\n")])
    error = failure_of(signed_in(session))
    assert (error.code, session.step) == ("auth_rejected", "auth")
    assert net.written.endswith(RESPONSE + b"\r\n\r\n")


def test_auth_endless_challenges_are_no_sign_in():
    steps = [AUTH, CHALLENGE, (b"\r\n", b"+ again\r\n")]
    assert failure_of(signed_in(session_over([POP3_GREETING] + steps)[0])).code == "auth_rejected"


def test_auth_refused_mechanism_is_rejected():
    script = [POP3_GREETING, (b"AUTH XOAUTH2\r\n", b"-ERR unknown mechanism\r\n")]
    assert failure_of(signed_in(session_over(script)[0])).code == "auth_rejected"


def test_auth_temporary_failure_is_transient():
    for code in (b"SYS/TEMP", b"IN-USE", b"login-delay"):
        answer = (RESPONSE + b"\r\n", b"-ERR [" + code + b"] later\r\n")
        error = failure_of(signed_in(session_over([POP3_GREETING, AUTH, answer])[0]))
        assert (error.code, error.kind) == ("pop3_busy", errors.TRANSIENT)


def test_auth_without_tls_writes_nothing():
    for sign_in in ("authenticate_xoauth2", "authenticate_password"):
        session, net = session_over([POP3_GREETING], "off")
        run(opened(session))
        assert failure_of(getattr(session, sign_in)("user", "secret")).code == "tls_not_offered"
        assert net.written == b""


def test_auth_password_uses_user_and_pass():
    user = (b"USER user\r\n", b"+OK\r\n")
    for final, outcome in ((b"+OK\r\n", None), (b"-ERR no\r\n", "auth_rejected")):
        session, _ = session_over([POP3_GREETING, CAPA, user, (b"PASS secret\r\n", final)])
        run(opened(session))
        if outcome:
            error = failure_of(session.authenticate_password("user", "secret"))
            assert error.code == outcome
        else:
            run(session.authenticate_password("user", "secret"))


def test_auth_password_with_a_line_break_is_not_written():
    session, net = session_over([POP3_GREETING, CAPA, (b"USER user\r\n", b"+OK\r\n")])
    run(opened(session))
    failure_of(session.authenticate_password("user", "secret\r\nDELE 1"))
    assert net.written == b"CAPA\r\nUSER user\r\n"


def test_list_mails_gives_the_unique_ids_in_the_order_of_the_server():
    answer = (b"UIDL\r\n", b"+OK\r\n2 b\r\n1 a a\r\n3 " + b"c" * 70 + b"\r\n.\r\n")
    session, _ = session_over(POP3_SIGNED_IN + [answer])
    assert run(listed(session)) == [(2, "b", None), (1, "a", None), (3, "c" * 70, None)]


def test_list_mails_with_ids_that_only_differ_far_behind_keeps_them_apart():
    lines = b"1 " + b"c" * 80 + b"1\r\n2 " + b"c" * 80 + b"2\r\n"
    session, _ = session_over(POP3_SIGNED_IN + [(b"UIDL\r\n", b"+OK\r\n" + lines + b".\r\n")])
    (_, first, _), (_, second, _) = run(listed(session))
    assert first != second
    assert len(first) == len(second) == 64


def test_list_mails_without_uidl_falls_back_to_list():
    answers = [(b"UIDL\r\n", b"-ERR what\r\n"), (b"LIST\r\n", b"+OK\r\n1 120\r\n2 99\r\n.\r\n")]
    assert run(listed(session_over(POP3_SIGNED_IN + answers)[0])) == [(1, "", 120), (2, "", 99)]


def test_list_mails_with_uidl_busy_is_transient_and_asks_no_list():
    session, net = session_over(POP3_SIGNED_IN + [(b"UIDL\r\n", b"-ERR [SYS/TEMP] later\r\n")])
    assert failure_of(listed(session)).code == "pop3_busy"
    assert b"LIST" not in net.written


def test_list_mails_with_uidl_broken_for_good_asks_no_list():
    session, net = session_over(POP3_SIGNED_IN + [(b"UIDL\r\n", b"-ERR [SYS/PERM] bad\r\n")])
    error = failure_of(listed(session))
    assert (error.kind, error.topic) == (errors.CONFIGURATION, "maildrop_fault")
    assert b"LIST" not in net.written


def test_list_mails_with_nonsense_lines_are_left_out():
    answer = (b"UIDL\r\n", b"+OK\r\n\r\nx y\r\n-1 a\r\n0 a\r\n7\r\n4 good\r\n.\r\n")
    assert run(listed(session_over(POP3_SIGNED_IN + [answer])[0])) == [(4, "good", None)]


def test_retrieve_gives_every_mail_byte_for_byte_in_pieces_of_any_size():
    script = maildrop([("u%d" % n, mail) for n, mail in enumerate(MAILS)])
    for chunk_bytes in (1, 7, 4096):
        session, net = session_over(script)
        net.chunk_bytes = chunk_bytes
        unique_ids, mails, confirmed = run(emptied(session))
        assert confirmed is True
        assert unique_ids == ["u0", "u1", "u2", "u3"]
        assert mails == list(MAILS), chunk_bytes
        assert net.streams[0].closed


def test_retrieve_refused_is_transient():
    steps = [(b"UIDL\r\n", b"+OK\r\n1 a\r\n.\r\n"), (b"RETR 1\r\n", b"-ERR gone\r\n")]
    session, _ = session_over(POP3_SIGNED_IN + steps)
    error = failure_of(emptied(session))
    assert (error.kind, session.step) == (errors.TRANSIENT, "fetch")


def test_delete_refused_is_an_error():
    script = maildrop([("a", MAILS[0])])[:-2] + [(b"DELE 1\r\n", b"-ERR no\r\n")]
    session, _ = session_over(script)
    assert failure_of(emptied(session)).code == "pop3_refused"
    assert session.step == "delete"


def test_quit_refused_or_not_answered_is_reported():
    for reply in (b"-ERR [SYS/TEMP] not removed\r\n", b"", b"+O", b"HTTP/1.1 400\r\n", b"+ \r\n"):
        script = maildrop([("a", MAILS[0])], (b"QUIT\r\n", reply))
        session, net = session_over(script)
        assert run(emptied(session))[2] is False, reply
        assert session.step == "quit"
        assert net.streams[0].closed


def test_quit_in_the_midst_of_a_mail_is_reported_and_not_written():
    session, net = session_over(maildrop([("a", MAILS[0])]))

    def give_up(data):
        raise MailError("storage_full", "The flash is full.")

    async def interrupted():
        await signed_in(session)
        await session.list_mails(lambda *mail: None)
        try:
            await session.retrieve(1, give_up)
        except MailError as error:
            assert error.code == "storage_full"
        return await session.quit()

    assert run(interrupted()) is False
    assert net.written.endswith(b"RETR 1\r\n")
    assert net.streams[0].closed


def test_abort_closes_without_a_goodbye():
    session, net = session_over(POP3_SIGNED_IN)
    run(signed_in(session))
    run(session.abort())
    assert net.streams[0].closed
    assert not net.written.endswith(b"QUIT\r\n")


def test_server_that_closes_after_any_byte_is_a_mail_error():
    script = [POP3_GREETING, CAPA, STLS] + maildrop([("a", MAILS[0]), ("b", MAILS[1])])[1:]
    total_bytes = sum(len(reply) for _, reply in script)
    for cut in range(total_bytes):
        session, net = session_over(script, "starttls")
        net.cut_after_bytes = cut
        try:
            if run(emptied(session))[2] is False:
                assert session.step == "quit", cut
                continue
        except MailError as error:
            assert error.code == "closed", (cut, error.code)
            continue
        raise AssertionError("it went well with %d of %d bytes" % (cut, total_bytes))


def test_retrieved_of_the_script_is_dot_stuffed():
    assert retrieved(b".a\r\nb") == b"+OK\r\n..a\r\nb\r\n.\r\n"
    assert QUIT in maildrop([])
