"""session/smtp.py: what depends on the server's offer: SIZE, SMTPUTF8, CHUNKING."""

from test_session_smtp import FILE, FakeMessage, File, sent, session_over

from fakes.dialogues import BODY, SMTP_SIGNED_IN, offering, transaction
from mfpmail.core import errors
from mfpmail.core.base64stream import encoded_bytes
from support import failure_of, run

OK = b"250 ok\r\n"
TO = ("a@far.test", "b@far.test")
CHUNKING = offering(b"PIPELINING", b"CHUNKING")


class SizedMessage(FakeMessage):
    """A message whose size on the wire is known."""

    def __init__(self, text=b"See the file.\r\n", size_bytes=None, smtputf8=False):
        FakeMessage.__init__(self, text, size_bytes)
        self.size_bytes = self.total_bytes
        self.smtputf8 = smtputf8


def rcpt(address):
    return b"RCPT TO:<" + address.encode() + b">\r\n"


def taken(keyword, mail):
    """The dialogue of one mail to a server with that keyword; `mail` is the whole command."""
    one = [(mail, OK), (rcpt(TO[0]), OK), (b"DATA\r\n", b"354 go\r\n"), (BODY, OK)]
    return offering(keyword) + one


def chunked(message, a=OK, b=OK, end=b"250 2.0.0 taken\r\n"):
    """The dialogue of one mail that leaves as one chunk."""
    command = b"BDAT %d LAST\r\n" % message.size_bytes
    return CHUNKING + [
        (b"MAIL FROM:<scan@mail.test>\r\n", OK),
        (rcpt(TO[0]), a),
        (rcpt(TO[1]), b),
        (command, b""),
        (("count", message.size_bytes), end),
    ]


def mail_command(net):
    return next(line for line in net.written.split(b"\r\n") if line.startswith(b"MAIL"))


def test_size_is_told_where_it_is_offered_and_known():
    message = SizedMessage()
    told = b"MAIL FROM:<scan@mail.test> SIZE=%d\r\n" % message.size_bytes
    session, _ = session_over(taken(b"SIZE 1000000", told))
    run(sent(session, message))
    for keyword, mail in ((b"SIZE 1000000", FakeMessage()), (b"HELP", message)):
        session, _ = session_over(taken(keyword, b"MAIL FROM:<scan@mail.test>\r\n"))
        run(sent(session, mail))


def test_size_over_the_limit_is_refused_before_anything_is_sent():
    message = SizedMessage()
    session, net = session_over(offering(b"SIZE %d" % (message.size_bytes - 1)))
    error = failure_of(sent(session, message))
    assert (error.topic, error.kind) == ("mail_too_large", errors.MESSAGE)
    assert str(message.size_bytes) in error.message
    assert b"MAIL" not in net.written
    assert session.usable


def test_size_without_a_limit_takes_all():
    message = SizedMessage(b"x\r\n" * 1000)
    told = b"MAIL FROM:<scan@mail.test> SIZE=%d\r\n" % message.size_bytes
    for keyword in (b"SIZE", b"SIZE 0", b"SIZE unlimited", b"SIZE %d" % message.size_bytes):
        session, _ = session_over(taken(keyword, told))
        run(sent(session, message))


def test_smtputf8_is_asked_for_where_the_header_or_an_address_needs_it():
    for sender, message, asked in (
        ("scan@mail.test", SizedMessage(smtputf8=True), True),
        ("σάρωση@mail.test", FakeMessage(), True),
        ("scan@mail.test", FakeMessage(), False),
    ):
        mail = b"MAIL FROM:<" + sender.encode() + b">" + (b" SMTPUTF8" if asked else b"") + b"\r\n"
        session, _ = session_over(taken(b"SMTPUTF8", mail))

        async def send(session=session, sender=sender, message=message):
            await session.open()
            await session.authenticate_xoauth2("scan@mail.test", "access-token")
            return await session.send(sender, [TO[0]], message, None, lambda done: None)

        run(send())


def test_smtputf8_of_a_recipient_is_asked_for():
    script = offering(b"SMTPUTF8") + [
        (b"MAIL FROM:<scan@mail.test> SMTPUTF8\r\n", OK),
        (rcpt("γραφείο@far.test"), OK),
        (b"DATA\r\n", b"354 go\r\n"),
        (BODY, OK),
    ]
    session, _ = session_over(script)
    run(sent(session, FakeMessage(), ("γραφείο@far.test",)))


def test_smtputf8_not_offered_is_refused_before_anything_is_sent():
    for message, to in ((SizedMessage(smtputf8=True), TO), (FakeMessage(), ("γ@far.test",))):
        session, net = session_over(offering(b"8BITMIME"))
        error = failure_of(sent(session, message, to))
        assert (error.code, error.kind) == ("smtputf8_not_offered", errors.MESSAGE)
        assert b"MAIL" not in net.written
        assert session.usable


def test_8bitmime_is_never_asked_for():
    session, net = session_over(taken(b"8BITMIME", b"MAIL FROM:<scan@mail.test>\r\n"))
    run(sent(session, FakeMessage()))
    assert b"BODY=" not in net.written


def test_chunk_is_one_write_and_one_round_trip():
    message = SizedMessage(b".\r\n..two\r\n")
    session, net = session_over(chunked(message))
    results = run(sent(session, message, TO))
    assert [reply.code for _, reply in results] == [250, 250]
    (write,) = net.streams[0].writes[2:]
    assert write.endswith(b" LAST\r\nSubject: Scan\r\n\r\n.\r\n..two\r\n")  # no dots are doubled
    assert net.streams[0].round_trips == len(["EHLO", "AUTH"]) + 1
    assert (session.sent_count, session.usable) == (1, True)


def test_chunk_with_a_file_has_exactly_the_announced_bytes():
    message = SizedMessage(size_bytes=len(FILE))
    assert message.size_bytes > encoded_bytes(len(FILE)) > 4096
    session, net = session_over(chunked(message))
    file = File(FILE)
    run(sent(session, message, TO, file))
    assert net.written.endswith(b"\r\n--end--\r\n")
    assert len(net.written) - net.written.index(b"LAST\r\n") - 6 == message.size_bytes
    assert net.streams[0].round_trips == len(["EHLO", "AUTH"]) + 1
    assert file.closed


def test_chunk_is_not_for_large_mails_or_unknown_sizes_or_without_the_offer():
    large = SizedMessage(b"x\r\n" * 6000)
    for script, message in (
        (CHUNKING, large),
        (CHUNKING, FakeMessage()),
        (offering(b"CHUNKING"), SizedMessage()),
        (offering(b"PIPELINING"), SizedMessage()),
    ):
        session, net = session_over(script + transaction([(TO[0], OK)]))
        run(sent(session, message))
        assert b"BDAT" not in net.written


def test_chunk_some_recipients_refused_are_reported_one_by_one():
    message = SizedMessage()
    session, _ = session_over(chunked(message, a=b"550 5.1.1 unknown\r\n"))
    results = run(sent(session, message, TO))
    assert [reply.code for _, reply in results] == [550, 250]


def test_chunk_all_recipients_refused_is_not_sent_whatever_becomes_of_it():
    for end in (b"503 no recipients\r\n", b"554 no\r\n", OK):
        message = SizedMessage()
        session, _ = session_over(chunked(message, b"550 no\r\n", b"550 no\r\n", end))
        error = failure_of(sent(session, message, TO))
        assert [reply.code for _, reply in error.results] == [550, 550]
        assert (session.sent_count, session.usable) == (0, True)


def test_chunk_mail_refused_is_not_sent_whatever_becomes_of_it():
    message = SizedMessage()
    refused = b"503 no MAIL\r\n"
    script = chunked(message, refused, refused, refused)
    script[3] = (script[3][0], b"550 5.7.60 not you\r\n")
    session, _ = session_over(script)
    error = failure_of(sent(session, message, TO))
    assert (error.code, error.kind, session.step) == ("smtp_550", errors.CONFIGURATION, "mail")


def test_chunk_refused_is_the_error_of_the_mail_and_rset_makes_room_for_another():
    message = SizedMessage()
    script = (
        chunked(message, end=b"554 5.7.1 spam\r\n") + [(b"RSET\r\n", OK)] + chunked(message)[3:]
    )
    session, _ = session_over(script)
    error = failure_of(sent(session, message, TO))
    assert (error.code, error.kind, session.step) == ("smtp_554", errors.MESSAGE, "data")
    assert session.usable
    run(session.send("scan@mail.test", list(TO), message, None, lambda done: None))
    assert session.sent_count == 1


def test_chunk_421_at_any_reply_is_transient_and_closes():
    message = SizedMessage()
    for index in (3, 4, 5, 7):
        script = chunked(message)
        script[index] = (script[index][0], b"421 4.3.2 closing\r\n")
        session, net = session_over(script)
        error = failure_of(sent(session, message, TO))
        assert (error.code, error.kind) == ("smtp_421", errors.TRANSIENT), index
        assert net.streams[0].closed


def test_chunk_of_another_size_than_announced_goes_no_further():
    for wrong, text in ((-1, b"text\r\n"), (1, b"text\r\n"), (-1, b"x\r\n" * 3000)):
        message = SizedMessage(text)
        message.size_bytes += wrong
        session, net = session_over(chunked(message))
        assert failure_of(sent(session, message, TO)).code == "smtp_state"
        sent_bytes = net.written.split(b" LAST\r\n")[1:]
        assert not sent_bytes or len(sent_bytes[0]) < message.size_bytes
        assert not session.usable


def test_chunk_cancelled_by_its_progress_is_not_complete():
    def cancel(done_bytes):
        raise errors.MailError("cancelled", "The job was cancelled.", errors.MESSAGE)

    message = SizedMessage()
    session, net = session_over(chunked(message))
    assert failure_of(sent(session, message, TO, progress=cancel)).code == "cancelled"
    assert b"See the file" not in net.written
    assert not session.usable


def test_old_server_without_any_offer_gets_the_plain_dialogue():
    message = SizedMessage()
    session, net = session_over(SMTP_SIGNED_IN + transaction([(TO[0], OK)]))
    run(sent(session, message))
    assert mail_command(net) == b"MAIL FROM:<scan@mail.test>"
