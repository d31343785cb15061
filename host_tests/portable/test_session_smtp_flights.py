"""session/smtp.py: MAIL, the recipients and DATA in one flight (RFC 2920), replies in any shape."""

from test_session_smtp import FakeMessage, sent, session_over

from fakes.dialogues import BODY, SMTP_SIGNED_IN, offering, transaction
from mfpmail.core import errors
from mfpmail.core.errors import MailError
from support import failure_of, run

MAIL = b"MAIL FROM:<scan@mail.test>\r\n"
DATA = b"DATA\r\n"
OK = b"250 ok\r\n"
TO = ("a@far.test", "b@far.test")
PIPELINING = offering(b"PIPELINING")


def rcpt(address):
    return b"RCPT TO:<" + address.encode() + b">\r\n"


def envelope(mail=OK, a=OK, b=OK, data=b"354 go on\r\n", end=OK):
    """The dialogue of one mail to two recipients."""
    return PIPELINING + [
        (MAIL, mail),
        (rcpt(TO[0]), a),
        (rcpt(TO[1]), b),
        (DATA, data),
        (BODY, end),
    ]


def codes(results):
    return [(path, reply.code) for path, reply in results]


def written_after_sign_in(net):
    return net.streams[0].writes[2:]


def test_flight_is_one_write_and_a_mail_two_round_trips():
    session, net = session_over(envelope())
    results = run(sent(session, FakeMessage(), TO))
    assert codes(results) == [("a@far.test", 250), ("b@far.test", 250)]
    flight, body = written_after_sign_in(net)
    assert flight == MAIL + rcpt(TO[0]) + rcpt(TO[1]) + DATA
    assert body.endswith(b"\r\n.\r\n")
    assert net.streams[0].round_trips == len(["EHLO", "AUTH"]) + 2


def test_flight_not_offered_goes_one_by_one():
    session, net = session_over(SMTP_SIGNED_IN + transaction([(path, OK) for path in TO]))
    run(sent(session, FakeMessage(), TO))
    assert written_after_sign_in(net)[:-1] == [MAIL, rcpt(TO[0]), rcpt(TO[1]), DATA]
    assert net.streams[0].round_trips == len(["EHLO", "AUTH"]) + 5


def test_flight_offer_in_lower_case_among_auth_lines_counts():
    script = offering(b"pipelining", b"AUTH=LOGIN", b"auth=plain")
    session, net = session_over(script + envelope()[3:])
    run(sent(session, FakeMessage(), TO))
    assert len(written_after_sign_in(net)) == 2


def test_flight_mail_refused_expects_the_rest_to_be_refused():
    refused = b"503 5.5.1 no MAIL\r\n"
    session, net = session_over(envelope(b"550 5.7.60 not you\r\n", refused, refused, refused))
    error = failure_of(sent(session, FakeMessage(), TO))
    assert (error.code, error.kind) == ("smtp_550", errors.CONFIGURATION)
    assert (session.step, session.usable) == ("mail", True)
    assert len(written_after_sign_in(net)) == 1


def test_flight_mail_refused_but_data_accepted_sends_no_dot():
    refused = b"503 no MAIL\r\n"
    for recipient in (refused, OK):  # a dot would let one who was accepted get an empty mail
        session, net = session_over(envelope(b"451 later\r\n", recipient, recipient))
        error = failure_of(sent(session, FakeMessage(), TO))
        assert (error.code, error.kind) == ("smtp_451", errors.TRANSIENT)
        assert len(written_after_sign_in(net)) == 1
        assert not session.usable


def test_flight_some_recipients_refused_are_reported_one_by_one():
    session, _ = session_over(envelope(a=b"550 5.1.1 unknown\r\n"))
    assert codes(run(sent(session, FakeMessage(), TO))) == [
        ("a@far.test", 550),
        ("b@far.test", 250),
    ]
    assert session.sent_count == 1


def test_flight_all_recipients_refused_raises_with_the_results():
    for data in (b"503 no recipients\r\n", b"554 5.5.1 no valid recipients\r\n"):
        script = envelope(a=b"550 unknown\r\n", b=b"450 later\r\n", data=data)
        session, net = session_over(script)
        error = failure_of(sent(session, FakeMessage(), TO))
        assert (error.code, error.kind) == ("smtp_450", errors.TRANSIENT)
        assert codes(error.results) == [("a@far.test", 550), ("b@far.test", 450)]
        assert (session.step, session.usable, session.sent_count) == ("rcpt", True, 0)
        assert len(written_after_sign_in(net)) == 1


def test_flight_all_recipients_refused_but_data_accepted_sends_the_dot_alone():
    for end in (b"554 no valid recipients\r\n", OK):
        script = envelope(a=b"550 unknown\r\n", b=b"550 unknown\r\n")[:-1] + [(b".\r\n", end)]
        session, net = session_over(script)
        error = failure_of(sent(session, FakeMessage(), TO))
        assert codes(error.results) == [("a@far.test", 550), ("b@far.test", 550)]
        assert written_after_sign_in(net)[1:] == [b".\r\n"]
        assert (session.usable, session.sent_count) == (True, 0)


def test_flight_data_refused_is_the_error_of_the_mail():
    session, net = session_over(envelope(data=b"554 no\r\n"))
    error = failure_of(sent(session, FakeMessage(), TO))
    assert (error.code, error.kind, session.step) == ("smtp_554", errors.MESSAGE, "data")
    assert len(written_after_sign_in(net)) == 1


def test_flight_421_at_any_reply_is_transient_and_closes():
    for index in range(3, len(envelope())):
        script = envelope()
        script[index] = (script[index][0], b"421 4.3.2 closing\r\n")
        session, net = session_over(script)
        error = failure_of(sent(session, FakeMessage(), TO))
        assert (error.code, error.kind) == ("smtp_421", errors.TRANSIENT), index
        assert session.step == ("mail", "rcpt", "rcpt", "data", "data")[index - 3]
        assert net.streams[0].closed
        assert not session.usable


def test_flight_421_after_refused_recipients_is_transient_for_all():
    session, _ = session_over(envelope(a=b"550 unknown\r\n", b=b"421 closing\r\n"))
    error = failure_of(sent(session, FakeMessage(), TO))
    assert (error.code, error.kind) == ("smtp_421", errors.TRANSIENT)
    assert not hasattr(error, "results")


def test_421_to_any_command_before_the_sign_in_is_transient_and_closes():
    script = PIPELINING
    for index in range(len(script)):
        cut = list(script)
        cut[index] = (cut[index][0], b"421 too busy\r\n")
        session, net = session_over(cut)
        error = failure_of(sent(session, FakeMessage()))
        assert (error.code, error.kind) == ("smtp_421", errors.TRANSIENT), index
        assert net.streams[0].closed


def test_quit_after_421_writes_nothing_more():
    session, net = session_over(envelope(mail=b"421 closing\r\n"))
    failure_of(sent(session, FakeMessage(), TO))
    run(session.quit())
    assert not net.written.endswith(b"QUIT\r\n")


def test_flight_replies_in_pieces_of_any_size_are_the_same_dialogue():
    wordy = b"250-2.1.0 sender\r\n250-is\r\n250 2.1.0 ok\r\n"
    refused = b"550-5.1.1 nobody\r\n550 5.1.1 of that name\r\n"
    for chunk_bytes in (1, 2, 7, 4096):
        session, net = session_over(envelope(mail=wordy, a=refused, b=wordy))
        net.chunk_bytes = chunk_bytes
        results = run(sent(session, FakeMessage(), TO))
        assert codes(results) == [("a@far.test", 550), ("b@far.test", 250)]
        assert results[0][1].lines == ["5.1.1 nobody", "5.1.1 of that name"]


def test_flight_server_that_closes_after_any_byte_is_a_mail_error():
    total_bytes = sum(len(reply) for _, reply in envelope())
    for cut in range(total_bytes):
        session, net = session_over(envelope())
        net.cut_after_bytes = cut
        try:
            run(sent(session, FakeMessage(), TO))
        except MailError as error:
            assert error.code == "closed", (cut, error.code)
            assert not session.usable
            continue
        raise AssertionError("it went well with %d of %d bytes" % (cut, total_bytes))


def test_flights_to_many_recipients_are_of_limited_size():
    paths = ["recipient-%03d@some.far.test" % number for number in range(100)]
    recipients = [
        (path, b"550 no\r\n" if path.startswith("recipient-07") else OK) for path in paths
    ]
    session, net = session_over(PIPELINING + transaction(recipients))
    results = run(sent(session, FakeMessage(), paths))
    assert [path for path, _ in results] == paths
    assert sum(1 for _, reply in results if reply.ok) == 90
    flights = written_after_sign_in(net)[:-1]
    assert len(flights) == 2
    assert max(len(flight) for flight in flights) < 2100


def test_flight_mail_refused_sends_no_further_flight():
    paths = ["recipient-%03d@some.far.test" % number for number in range(100)]
    script = PIPELINING + [(MAIL, b"550 not you\r\n")]
    script += [(rcpt(path), b"503 no MAIL\r\n") for path in paths]
    session, net = session_over(script)
    assert failure_of(sent(session, FakeMessage(), paths)).code == "smtp_550"
    assert len(written_after_sign_in(net)) == 1
    assert session.usable


def test_flight_all_of_many_recipients_refused_are_all_reported():
    paths = ["recipient-%03d@some.far.test" % number for number in range(100)]
    script = PIPELINING + [(MAIL, OK)] + [(rcpt(path), b"550 no\r\n") for path in paths]
    session, _ = session_over(script + [(DATA, b"554 no recipients\r\n")])
    assert len(failure_of(sent(session, FakeMessage(), paths)).results) == 100


def test_flight_with_a_line_break_in_a_path_is_not_written():
    for paths in (("a@far.test\r\nDATA",), ("a@far.test", "b@far.test\n")):
        session, net = session_over(envelope())
        assert failure_of(sent(session, FakeMessage(), paths)).code == "control_character"
        assert written_after_sign_in(net) == []


def test_confirmation_before_the_final_dot_is_none():
    session, net = session_over(envelope(data=b"354 go on\r\n250 taken\r\n"))
    assert failure_of(sent(session, FakeMessage(), TO)).code == "smtp_reply"
    assert not net.written.endswith(b"\r\n.\r\n")
    session, net = session_over(envelope(data=b"354 go on\r\n421 closing\r\n"))
    error = failure_of(sent(session, FakeMessage(), TO))
    assert (error.code, error.kind) == ("smtp_421", errors.TRANSIENT)
    assert not net.written.endswith(b"\r\n.\r\n")
    assert not session.usable


def test_message_without_an_acceptance_after_the_final_dot_is_not_sent():
    for end in (b"354 go on\r\n", b"451 later\r\n", b"554 spam\r\n"):
        session, _ = session_over(envelope(end=end))
        failure_of(sent(session, FakeMessage(), TO))
        assert session.sent_count == 0


def test_intermediate_reply_to_a_recipient_lets_no_body_out():
    script = SMTP_SIGNED_IN + transaction([("a@far.test", b"354 go on\r\n")])
    session, net = session_over(script)
    assert failure_of(sent(session, FakeMessage())).code == "smtp_reply"
    assert net.written.endswith(rcpt("a@far.test"))
    assert not session.usable
