"""core/pop3.py: status lines, multi-line answers in any pieces, the dialogue's table."""

from mfpmail.core import pop3
from mfpmail.core.pop3 import (
    Pop3Connection,
    parse_listing,
    parse_number,
    unique_id,
)
from mfpmail.core.replies import response_code
from mfpmail.core.saslpop import add_capability
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


def listing(verb, pieces):
    connection = in_transaction()
    connection.send(verb)
    return events(connection, pieces)


def test_status_line_is_bounded_with_and_without_its_end():
    longest = b"+OK " + b"x" * 1018
    assert events(Pop3Connection(4096), [longest + b"\r\n"])[0][:2] == ("status", True)
    for line in (longest + b"x\r\n", longest + b"xx"):
        assert failure(events, Pop3Connection(4096), [line]).code == "pop3_answer"


def test_status_line_is_bounded_in_the_smallest_buffer():
    connection = Pop3Connection(16)
    for _ in range(1023):
        assert events(connection, [b"+"]) == []
        assert len(connection.free_space()) > 0
    assert failure(events, connection, [b"+"]).code == "pop3_answer"


def test_status_that_came_before_its_command_is_refused():
    connection = in_transaction()
    connection.send("DELE", "1")
    connection.receive_data(b"+OK\r\n+OK\r\n")
    assert connection.next_event() == ("status", True, "")
    assert failure(connection.send, "QUIT").code == "pop3_answer"


def test_auth_accepted_before_a_response_is_refused():
    connection = Pop3Connection(4096)
    events(connection, [b"+OK\r\n"])
    connection.send("AUTH", "XOAUTH2")
    assert failure(events, connection, [b"+OK welcome\r\n"]).code == "pop3_answer"
    assert connection.state == pop3.AUTHORIZATION


def test_apop_signs_in():
    connection = Pop3Connection(4096)
    events(connection, [b"+OK <1@mail.test>\r\n"])
    assert connection.send("APOP", "u digest") == b"APOP u digest\r\n"
    events(connection, [b"+OK\r\n"])
    assert connection.state == pop3.TRANSACTION


def test_top_answers_with_a_mail():
    connection = in_transaction()
    assert connection.send("TOP", "1 0") == b"TOP 1 0\r\n"
    assert events(connection, [b"+OK\r\n..a\r\n.\r\n"])[1:] == [("data", b".a\r\n"), ("end",)]


def test_list_any_split_gives_the_same_lines():
    whole = b"+OK 2 mails\r\n1 a\r\n..dot\r\n\r\n22 bb\n.\r\n"
    expected = [("line", b"1 a"), ("line", b".dot"), ("line", b""), ("line", b"22 bb"), ("end",)]
    for verb in ("UIDL", "LIST"):
        assert listing(verb, [whole])[1:] == expected
        for one in range(1, len(whole)):
            assert listing(verb, [whole[:one], whole[one:]])[1:] == expected
        assert listing(verb, [whole[i : i + 1] for i in range(len(whole))])[1:] == expected


def test_list_of_one_mail_is_its_status_line():
    for verb in ("LIST", "UIDL"):
        connection = in_transaction()
        connection.send(verb, "1")
        assert events(connection, [b"+OK 1 120\r\n"]) == [("status", True, "1 120")]
        assert connection.send("QUIT") == b"QUIT\r\n"


def test_list_line_is_bounded_with_and_without_its_end():
    assert len(listing("UIDL", [b"+OK\r\n1 " + b"x" * 508 + b"\r\n.\r\n"])) == 3
    for line in (b"1 " + b"x" * 509 + b"\r\n", b"1 " + b"x" * 510):
        assert failure(listing, "UIDL", [b"+OK\r\n" + line]).code == "pop3_answer"


def test_list_without_end_is_refused():
    connection = Pop3Connection(4096)
    events(connection, [b"+OK\r\n"])
    connection.send("CAPA")
    events(connection, [b"+OK\r\n"] + [b"X\r\n"] * 64)
    assert failure(events, connection, [b"X\r\n"]).code == "pop3_answer"
    connection = Pop3Connection(4096)
    events(connection, [b"+OK\r\n"])
    connection.send("CAPA")
    assert events(connection, [b"+OK\r\n"] + [b"X\r\n"] * 64 + [b".\r\n"])[-1] == ("end",)


def test_list_is_read_to_its_end_before_another_command():
    connection = in_transaction()
    connection.send("UIDL")
    events(connection, [b"+OK\r\n1 a\r\n"])
    assert failure(connection.send, "QUIT").code == "pop3_state"


def test_response_code_is_read():
    assert response_code("[sys/temp] later") == "SYS/TEMP"
    assert response_code("no code") == ""


def test_capabilities_are_read_in_any_case_and_doubled():
    found = {}
    for line in (b"sasl XOAUTH2 plain", b"UIDL", b"", b"Stls", b"SASL OAUTHBEARER \xff", b"\xff x"):
        add_capability(found, line)
    assert found == {"SASL": ["XOAUTH2", "PLAIN", "OAUTHBEARER"], "STLS": []}


def test_listing_with_a_number_that_is_none_speaks_of_no_mail():
    assert parse_listing(b"1 a") == (1, b"a")
    assert parse_listing(b"1000000 a b") == (1000000, b"a")
    for line in (b"", b"1", b"0 a", b"-1 a", b"1.5 a", b"x a", b"1000001 a", b"9" * 40 + b" a"):
        assert parse_listing(line) is None, line


def test_number_that_is_none_or_too_high():
    assert parse_number(b"120", 1000) == 120
    assert parse_number(b"0", 1000) == 0
    for word in (b"", b"-1", b"+1", b"1e3", b"1001", b"9" * 40, b"\xb2", b"0x10"):
        assert parse_number(word, 1000) is None, word


def test_unique_id_that_is_allowed_stays_as_it_is():
    for word in (b"a", b"x" * 70, b"!~?.,"):
        assert unique_id(word) == word.decode()


def test_unique_ids_that_are_not_allowed_stay_different():
    words = [b"x" * 70 + b"1", b"x" * 70 + b"2", b"a\xffb", b"a\xfeb", b"a\0b"]
    found = [unique_id(word) for word in words]
    assert len(set(found)) == len(words)
    assert [unique_id(word) for word in words] == found
    assert all(len(text) == 64 for text in found)
