"""core/smtp.py: replies in any pieces, the dialogue's table, dot-stuffing."""

from mfpmail.core import smtp
from mfpmail.core.smtp import DotStuffer, SmtpConnection
from support import failure


def greeted():
    connection = SmtpConnection()
    receive(connection, b"220 mail.test ESMTP\r\n")
    return connection


def ready(capabilities=b"250 AUTH XOAUTH2"):
    connection = greeted()
    connection.send("EHLO", b"printer")
    receive(connection, b"250-mail.test\r\n" + capabilities + b"\r\n")
    return connection


def receive(connection, data):
    connection.receive_data(data)
    return connection.next_reply()


def test_reply_in_single_bytes_is_the_same_reply():
    connection = SmtpConnection()
    replies = []
    for byte in b"220-one\r\n220 two\r\n":
        connection.receive_data(bytes([byte]))
        replies.append(connection.next_reply())
    assert replies[:-1] == [None] * (len(replies) - 1)
    assert (replies[-1].code, replies[-1].lines) == (220, ["one", "two"])


def test_reply_without_text_and_with_bare_lf_is_taken():
    assert receive(SmtpConnection(), b"220\n").code == 220


def test_reply_enhanced_code_counts_only_with_the_class_of_the_reply():
    for line, enhanced in (
        (b"250 2.1.0 ok", "2.1.0"),
        (b"250 5.1.0 odd", ""),
        (b"250 2.1 no", ""),
        (b"250 version 1.2.3", ""),
    ):
        connection = ready()
        connection.send("MAIL", b"FROM:<a@b.test>")
        assert receive(connection, line + b"\r\n").enhanced == enhanced


def test_reply_malformed_is_refused():
    for line in (b"hello", b"22", b"2x0 ok", b"220?ok", b"999 ok", b"100 ok", b"", b"\x00\x00\x00"):
        assert failure(receive, SmtpConnection(), line + b"\r\n").code == "smtp_reply"


def test_reply_mixed_codes_in_one_reply_are_refused():
    assert failure(receive, SmtpConnection(), b"220-a\r\n250 b\r\n").code == "smtp_reply"


def test_reply_endless_line_is_refused():
    assert failure(receive, SmtpConnection(), b"220 " + b"x" * 3000).code == "smtp_reply"


def test_reply_endless_lines_are_refused():
    assert failure(receive, SmtpConnection(), b"220-x\r\n" * 100).code == "smtp_reply"


def test_reply_nobody_asked_for_is_refused_but_421_closes():
    assert failure(receive, greeted(), b"250 surprise\r\n").code == "smtp_reply"
    connection = greeted()
    assert receive(connection, b"421 closing\r\n").code == 421
    assert connection.state == smtp.CLOSED


def test_capabilities_of_old_and_odd_servers_are_understood():
    connection = ready(b"250-auth=LOGIN plain\r\n250-AUTH XOAUTH2 PLAIN\r\n250 size 1000")
    assert connection.capabilities["AUTH"] == ["LOGIN", "PLAIN", "XOAUTH2"]
    assert connection.capabilities["SIZE"] == ["1000"]


def test_command_out_of_turn_is_refused_before_it_leaves():
    for verb in ("MAIL", "RCPT", "DATA", "AUTH", "STARTTLS"):
        assert failure(greeted().send, verb).code == "smtp_state"
    assert failure(SmtpConnection().send, "EHLO").code == "smtp_state"


def test_command_before_the_reply_to_the_last_is_refused():
    connection = greeted()
    connection.send("EHLO", b"printer")
    assert failure(connection.send, "EHLO", b"printer").code == "smtp_state"


def test_command_with_a_line_break_is_refused():
    for argument in (b"FROM:<a@b>\r\nRCPT TO:<x@y>", b"\n", b"\r", b"\x00", b"\x7f"):
        assert failure(ready().send, "MAIL", argument).code == "control_character"


def test_helo_follows_a_refused_ehlo():
    connection = greeted()
    connection.send("EHLO", b"printer")
    receive(connection, b"502 unknown\r\n")
    assert connection.send("HELO", b"printer") == b"HELO printer\r\n"
    receive(connection, b"250 hello\r\n")
    assert connection.state == smtp.READY


def test_starttls_forgets_capabilities_and_starts_again_with_ehlo():
    connection = ready(b"250 STARTTLS")
    connection.send("STARTTLS")
    receive(connection, b"220 go\r\n")
    connection.tls_started()
    assert (connection.capabilities, connection.tls) == ({}, True)
    assert failure(connection.send, "MAIL", b"FROM:<a@b.test>").code == "smtp_state"
    assert connection.send("EHLO", b"printer") == b"EHLO printer\r\n"


def test_starttls_with_bytes_before_the_handshake_is_refused():
    connection = ready(b"250 STARTTLS")
    connection.send("STARTTLS")
    receive(connection, b"220 go\r\n250 injected\r\n")
    assert failure(connection.tls_started).code == "tls_injection"


def test_auth_error_challenge_then_empty_line_then_final_reply():
    connection = ready()
    assert connection.send("AUTH", b"XOAUTH2 abc") == b"AUTH XOAUTH2 abc\r\n"
    receive(connection, b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n")
    assert connection.respond(b"") == b"\r\n"
    assert receive(connection, b"535 5.7.8 no\r\n").enhanced == "5.7.8"
    assert (connection.state, connection.authenticated) == (smtp.READY, False)
    connection.send("AUTH", b"XOAUTH2 abc")
    receive(connection, b"235 2.7.0 welcome\r\n")
    assert connection.authenticated


def test_transaction_data_needs_an_accepted_recipient():
    connection = ready()
    connection.send("MAIL", b"FROM:<a@b.test>")
    receive(connection, b"250 ok\r\n")
    connection.send("RCPT", b"TO:<x@y.test>")
    receive(connection, b"550 5.1.1 unknown\r\n")
    assert failure(connection.send, "DATA").code == "smtp_state"
    connection.send("RCPT", b"TO:<z@y.test>")
    receive(connection, b"250 ok\r\n")
    connection.send("DATA")
    receive(connection, b"354 go\r\n")
    connection.end_of_data()
    receive(connection, b"250 2.0.0 queued\r\n")
    assert connection.state == smtp.READY


def in_flight(*verbs):
    """Send MAIL and then these to a server with PIPELINING, before any reply."""
    connection = ready(b"250 PIPELINING")
    connection.send("MAIL", b"FROM:<a@b.test>")
    for verb in verbs:
        connection.send(verb)
    return connection


def states(connection, replies):
    """Return the states after each reply; they come in one segment."""
    connection.receive_data(replies)
    found = []
    while connection.awaited:
        connection.next_reply()
        found.append(connection.state)
    return found


def test_flight_replies_are_matched_in_order():
    connection = in_flight("RCPT", "RCPT", "DATA")
    assert connection.awaited == ["MAIL", "RCPT", "RCPT", "DATA"]
    replies = b"250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n"
    assert states(connection, replies) == [
        smtp.ADDRESSING,
        smtp.ADDRESSING,
        smtp.ADDRESSED,
        smtp.BODY,
    ]


def test_flight_not_offered_is_refused_before_it_leaves():
    connection = ready(b"250 SIZE")
    connection.send("MAIL", b"FROM:<a@b.test>")
    assert failure(connection.send, "RCPT").code == "smtp_state"


def test_flight_follows_the_table_as_if_all_were_accepted():
    assert failure(in_flight().send, "DATA").code == "smtp_state"
    assert failure(in_flight("RCPT").send, "MAIL").code == "smtp_state"
    assert in_flight("RCPT", "RSET").takes("MAIL")


def test_flight_ends_with_what_others_may_not_follow():
    for verbs in (("RCPT", "DATA"), ("RCPT", "BDAT"), ("RCPT", "RSET"), ("QUIT",)):
        connection = in_flight(*verbs)
        for verb in ("RCPT", "DATA", "RSET", "MAIL", "QUIT"):
            assert failure(connection.send, verb).code == "smtp_state", (verbs, verb)
    connection = ready(b"250-PIPELINING\r\n250 AUTH PLAIN")
    connection.send("AUTH", b"PLAIN abc")
    assert failure(connection.send, "MAIL").code == "smtp_state"


def test_flight_refused_mail_keeps_the_state_through_the_rest():
    for rest in (b"503 no\r\n503 no\r\n", b"250 odd\r\n503 no\r\n"):
        assert states(in_flight("RCPT", "DATA"), b"550 no\r\n" + rest) == [smtp.READY] * 3


def test_flight_data_accepted_without_recipients_waits_for_the_dot():
    connection = in_flight("RCPT", "DATA")
    found = states(connection, b"250 ok\r\n550 no\r\n354 go\r\n")
    assert found == [smtp.ADDRESSING, smtp.ADDRESSING, smtp.BODY]
    connection.end_of_data()
    assert receive(connection, b"554 none\r\n").code == 554
    assert connection.state == smtp.READY


def test_flight_421_closes_and_nothing_more_is_awaited():
    connection = in_flight("RCPT", "RCPT", "DATA")
    connection.receive_data(b"250 ok\r\n421 closing\r\n250 late\r\n")
    assert connection.next_reply().code == 250
    assert connection.next_reply().code == 421
    assert (connection.state, connection.awaited) == (smtp.CLOSED, [])
    assert failure(connection.next_reply).code == "smtp_reply"


def test_flight_reply_nobody_asked_for_is_refused():
    connection = in_flight("RCPT")
    assert states(connection, b"250 ok\r\n250 ok\r\n250 more\r\n") == [
        smtp.ADDRESSING,
        smtp.ADDRESSED,
    ]
    assert failure(connection.next_reply).code == "smtp_reply"


def test_intermediate_reply_to_what_has_none_is_refused():
    assert failure(receive, SmtpConnection(), b"354 hello\r\n").code == "smtp_reply"
    for verbs in ((), ("RCPT",), ("RCPT", "BDAT")):
        connection = in_flight(*verbs)
        connection.receive_data(b"250 ok\r\n" * len(verbs) + b"354 go on\r\n")
        for _ in verbs:
            connection.next_reply()
        assert failure(connection.next_reply).code == "smtp_reply"
        assert len(connection.awaited) == 1


def test_chunk_ends_the_transaction_only_when_it_is_accepted():
    for reply, state in ((b"250 taken\r\n", smtp.READY), (b"554 no\r\n", smtp.ADDRESSED)):
        connection = in_flight("RCPT", "BDAT")
        assert states(connection, b"250 ok\r\n250 ok\r\n" + reply)[-1] == state
        assert connection.takes("RSET")


def test_command_with_a_line_break_leaves_nothing_awaited():
    connection = ready()
    failure(connection.send, "MAIL", b"FROM:<a@b.test>\r\n")
    assert connection.awaited == []


def stuffed(pieces):
    stuffer = DotStuffer()
    return b"".join([bytes(stuffer.stuff(piece)) for piece in pieces]) + stuffer.finish()


def test_dot_stuffing_doubles_dots_at_line_starts_only():
    assert stuffed([b".a\r\n..\r\nb.c\r\n"]) == b"..a\r\n...\r\nb.c\r\n.\r\n"


def test_dot_stuffing_any_split_gives_the_same():
    text = b"...\r\n.\r\nx\r\n.y\r\n"
    expected = stuffed([text])
    for cut in range(len(text) + 1):
        assert stuffed([text[:cut], text[cut:]]) == expected
    assert stuffed([text[i : i + 1] for i in range(len(text))]) == expected


def test_dot_stuffing_adds_a_missing_line_end():
    assert stuffed([b"x"]) == b"x\r\n.\r\n"
    assert stuffed([]) == b".\r\n"


def test_dot_stuffing_after_base64_knows_the_line_start():
    stuffer = DotStuffer()
    stuffer.pass_dotless(memoryview(b"QUJD\r\n"))
    assert stuffer.stuff(b".x") == b"..x"
    stuffer.pass_dotless(memoryview(b"QUJD"))
    assert stuffer.stuff(b".x") == b".x"
