"""core/pop3.py: status lines, multi-line answers in any pieces, the dialogue's table."""

from mfpmail.core import pop3
from mfpmail.core.pop3 import LineSplitter, Pop3Connection, capabilities
from mfpmail.core.replies import response_code
from support import failure


def events(connection, pieces):
    """Feed pieces and return the events, with the data joined."""
    found = []
    for piece in pieces:
        connection.receive_data(piece)
        while True:
            event = connection.next_event()
            if event is None:
                break
            if event[0] == "data" and found and found[-1][0] == "data":
                found[-1] = ("data", found[-1][1] + bytes(event[1]))
            else:
                found.append(("data", bytes(event[1])) if event[0] == "data" else event)
    return found


def in_transaction():
    connection = Pop3Connection(4096)
    events(connection, [b"+OK ready\r\n"])
    connection.send("USER", "u")
    events(connection, [b"+OK\r\n"])
    connection.send("PASS", "p")
    events(connection, [b"+OK\r\n"])
    assert connection.state == pop3.TRANSACTION
    return connection


def retrieve(pieces):
    connection = in_transaction()
    connection.send("RETR", "1")
    return events(connection, pieces)


def test_greeting_ok_leads_to_authorization_and_err_closes():
    connection = Pop3Connection(4096)
    assert events(connection, [b"+O", b"K hi\r\n"]) == [("status", True, "hi")]
    assert connection.state == pop3.AUTHORIZATION
    connection = Pop3Connection(4096)
    assert events(connection, [b"-ERR full\r\n"]) == [("status", False, "full")]
    assert connection.state == pop3.CLOSED


def test_status_malformed_is_refused():
    for line in (b"HTTP/1.1 400 Bad\r\n", b"+OKAY\r\n", b"\r\n", b"OK\r\n", b"x" * 4000):
        assert failure(events, Pop3Connection(4096), [line]).code == "pop3_answer"


def test_status_nobody_asked_for_is_refused():
    connection = Pop3Connection(4096)
    events(connection, [b"+OK\r\n"])
    assert failure(events, connection, [b"+OK again\r\n"]).code == "pop3_answer"


def test_multi_line_removes_stuffed_dots_and_ends_at_the_lone_dot():
    found = retrieve([b"+OK\r\nA\r\n..\r\n...b\r\n.c\r\n\r\n.\r\n"])
    assert found == [("status", True, ""), ("data", b"A\r\n.\r\n..b\r\nc\r\n\r\n"), ("end",)]


def test_multi_line_any_split_gives_the_same():
    whole = b"+OK x\r\n..a\r\n.\n.\r.\r\nb\r\r\n..\r\n\r\n..\r\n.\r\n"
    expected = retrieve([whole])
    assert expected[-1] == ("end",)
    for one in range(1, len(whole)):
        assert retrieve([whole[:one], whole[one:]]) == expected
    assert retrieve([whole[i : i + 1] for i in range(len(whole))]) == expected


def test_multi_line_dot_cr_without_lf_does_not_end_it():
    assert retrieve([b"+OK\r\n.\rx\r\n.\r\n"]) == [
        ("status", True, ""),
        ("data", b"\rx\r\n"),
        ("end",),
    ]


def test_multi_line_empty_answer_ends_at_once():
    assert retrieve([b"+OK\r\n.\r\n"]) == [("status", True, ""), ("end",)]


def test_multi_line_refused_command_has_no_lines():
    connection = in_transaction()
    connection.send("RETR", "9")
    assert events(connection, [b"-ERR no such message\r\n"]) == [
        ("status", False, "no such message")
    ]
    assert connection.send("QUIT") == b"QUIT\r\n"


def test_multi_line_larger_than_the_buffer_passes_in_pieces():
    connection = in_transaction()
    connection.send("RETR", "1")
    body = b"x" * 76 + b"\r\n"
    wire = b"+OK\r\n" + body * 200 + b".\r\n"
    got = 0
    while wire:
        space = connection.free_space()
        assert len(space) > 0
        count = min(len(space), len(wire))
        space[:count] = wire[:count]
        connection.received(count)
        wire = wire[count:]
        event = connection.next_event()
        while event:
            got += len(event[1]) if event[0] == "data" else 0
            event = connection.next_event()
    assert got == 200 * 78


def test_auth_two_step_with_error_challenge_can_be_tried_again():
    connection = Pop3Connection(4096)
    events(connection, [b"+OK\r\n"])
    assert connection.send("AUTH", "XOAUTH2") == b"AUTH XOAUTH2\r\n"
    assert events(connection, [b"+ \r\n"]) == [("status", None, "")]
    assert connection.respond(b"abc") == b"abc\r\n"
    assert events(connection, [b"+ eyJ9\r\n"]) == [("status", None, "eyJ9")]
    assert connection.respond(b"") == b"\r\n"
    assert events(connection, [b"-ERR [AUTH] no\r\n"]) == [("status", False, "[AUTH] no")]
    assert connection.state == pop3.AUTHORIZATION
    connection.send("AUTH", "XOAUTH2")
    events(connection, [b"+\r\n"])
    connection.respond(b"abc")
    events(connection, [b"+OK\r\n"])
    assert connection.state == pop3.TRANSACTION


def test_challenge_outside_of_a_sign_in_is_refused():
    connection = in_transaction()
    connection.send("STAT")
    assert failure(events, connection, [b"+ what\r\n"]).code == "pop3_answer"


def test_command_out_of_turn_is_refused():
    connection = Pop3Connection(4096)
    assert failure(connection.send, "CAPA").code == "pop3_state"
    events(connection, [b"+OK\r\n"])
    for verb in ("RETR", "DELE", "UIDL", "STAT"):
        assert failure(connection.send, verb).code == "pop3_state"


def test_command_with_a_line_break_is_refused():
    connection = Pop3Connection(4096)
    events(connection, [b"+OK\r\n"])
    assert failure(connection.send, "USER", "a\r\nPASS b").code == "control_character"


def test_stls_with_bytes_before_the_handshake_is_refused():
    connection = Pop3Connection(4096)
    events(connection, [b"+OK\r\n"])
    connection.send("STLS")
    connection.receive_data(b"+OK go\r\n+OK injected\r\n")
    connection.next_event()
    assert failure(connection.tls_started).code == "tls_injection"


def test_response_code_and_capabilities_are_read():
    assert response_code("[sys/temp] later") == "SYS/TEMP"
    assert response_code("no code") == ""
    assert capabilities(["SASL XOAUTH2 plain", "UIDL", ""]) == {
        "SASL": ["XOAUTH2", "PLAIN"],
        "UIDL": [],
    }


def test_line_splitter_joins_pieces_and_bounds_a_line():
    splitter = LineSplitter()
    assert splitter.feed(b"1 a") == []
    assert splitter.feed(b"b\r\n2 c\r\n") == ["1 ab", "2 c"]
    assert failure(splitter.feed, b"x" * 600).code == "pop3_answer"
