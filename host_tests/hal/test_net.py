"""The net port: connections that work, and every way in which one can end."""

import pytest
from hal.driver import pattern
from hal.server import Server

both = pytest.mark.parametrize("tls", [True, False], ids=["tls", "clear"])
SIZE = 2 * 1024 * 1024


def context_for(contexts, tls):
    return contexts["good"] if tls else None


@both
def test_connect_to_server_that_speaks_first_hears_every_byte(run, contexts, tls):
    def handler(connection):
        connection.send(b"+OK ready\r\n")
        connection.receive_until(b"QUIT\r\n")
        connection.send(b"+OK bye\r\n")

    with Server(handler, context_for(contexts, tls)) as server:
        (outcome,) = run({"do": "connect", "port": server.port, "tls": tls, "say": "QUIT\r\n"})
    assert outcome["heard"] == "+OK ready\r\n+OK bye\r\n"


@both
def test_connect_to_server_that_listens_first_is_answered(run, contexts, tls):
    def handler(connection):
        assert connection.receive_until(b"\n") == b"hello\n"
        connection.send(b"world\n")

    with Server(handler, context_for(contexts, tls)) as server:
        (outcome,) = run({"do": "connect", "port": server.port, "tls": tls, "say": "hello\n"})
    assert outcome["heard"] == "world\n"


def test_connect_by_address_is_verified_against_the_address(run, contexts):
    with Server(lambda connection: connection.send(b"hi"), contexts["good"]) as server:
        (outcome,) = run({"do": "connect", "host": "127.0.0.1", "port": server.port})
    assert outcome["heard"] == "hi"


def test_start_tls_carries_the_conversation_over(run, contexts):
    def handler(connection):
        connection.send(b"220 ready\r\n")
        assert connection.receive_until(b"\n") == b"STARTTLS\r\n"
        connection.send(b"220 go\r\n")
        connection.start_tls(contexts["good"])
        assert connection.receive_until(b"\n") == b"secret\r\n"
        connection.send(b"250 ok\r\n")

    case = {"do": "start_tls", "greeting": 11, "command": "STARTTLS\r\n", "reply": 8, "after": 8}
    with Server(handler) as server:
        (outcome,) = run(dict(case, port=server.port))
    assert outcome["heard"] == ["220 ready\r\n", "220 go\r\n", "250 ok\r\n"]
    assert b"secret" not in server.connections[0].raw


def test_start_tls_after_the_peer_left_is_closed(run):
    def handler(connection):
        connection.send(b"220 ready\r\n")
        connection.receive_until(b"\n")
        connection.send(b"220 go\r\n")

    case = {"do": "start_tls", "greeting": 11, "command": "STARTTLS\r\n", "reply": 8, "after": 8}
    with Server(handler) as server:
        (outcome,) = run(dict(case, port=server.port))
    assert (outcome["type"], outcome["error"]) == ("NetworkError", "closed")


@both
def test_transfer_of_two_megabytes_is_identical_both_ways(run, contexts, tls):
    block = pattern(4096)
    heard = bytearray()

    def handler(connection):
        while len(heard) < SIZE:
            heard.extend(connection.receive())
        connection.send(b"!")
        for _ in range(SIZE // len(block)):
            connection.send(block)

    with Server(handler, context_for(contexts, tls)) as server:
        (outcome,) = run({"do": "transfer", "port": server.port, "size": SIZE, "tls": tls})
    assert outcome["wrong"] == 0
    assert heard == block * (SIZE // len(block))


@both
def test_transfer_in_blocks_of_odd_size_is_identical_both_ways(run, contexts, tls):
    block, count = pattern(40001), 20
    heard = bytearray()

    def handler(connection):
        while len(heard) < len(block) * count:
            heard.extend(connection.receive())
        connection.send(b"!")
        connection.send(block * count)

    case = {"do": "transfer", "size": len(block) * count, "block": len(block), "tls": tls}
    with Server(handler, context_for(contexts, tls)) as server:
        (outcome,) = run(dict(case, port=server.port))
    assert outcome["wrong"] == 0
    assert heard == block * count


@both
def test_write_without_pause_lets_other_tasks_run(run, contexts, tls):
    with Server(lambda c: c.receive_to_end(), context_for(contexts, tls)) as server:
        (outcome,) = run({"do": "share", "port": server.port, "tls": tls})
    assert outcome["turns"] >= 3


@both
def test_read_from_silent_server_times_out(run, contexts, tls):
    with Server(lambda c: c.receive_to_end(), context_for(contexts, tls)) as server:
        case = {"do": "connect", "port": server.port, "tls": tls, "timeout_ms": 300}
        (outcome,) = run(case)
    assert (outcome["type"], outcome["error"]) == ("NetworkError", "timeout")
    assert "localhost did not answer in time" in outcome["message"]
    assert 250 <= outcome["elapsed_ms"] < 1000


@both
def test_write_to_server_that_does_not_read_times_out(run, contexts, tls):
    def handler(connection):
        server.released.wait(5)

    with Server(handler, context_for(contexts, tls)) as server:
        (outcome,) = run({"do": "flood", "port": server.port, "tls": tls, "timeout_ms": 300})
    assert (outcome["type"], outcome["error"]) == ("NetworkError", "timeout")


@both
def test_timeout_shortened_between_waits_holds_and_kills_the_stream(run, contexts, tls):
    def handler(connection):
        connection.send(connection.receive_until(b"ping"))
        connection.receive_to_end()

    with Server(handler, context_for(contexts, tls)) as server:
        (outcome,) = run({"do": "wait_twice", "port": server.port, "tls": tls})
    assert (outcome["type"], outcome["error"]) == ("NetworkError", "closed")
    assert 180 <= outcome["elapsed_ms"] < 1000
    assert bytes(server.connections[0].clear) == b"ping"


@both
def test_read_after_the_peer_closed_is_the_end(run, contexts, tls):
    with Server(lambda c: c.receive_until(b"x"), context_for(contexts, tls)) as server:
        (outcome,) = run({"do": "connect", "port": server.port, "tls": tls, "say": "x"})
    assert outcome["heard"] == ""


@both
@pytest.mark.parametrize("write", [False, True], ids=["reading", "writing"])
def test_cancel_of_waiting_task_leaves_nothing_in_the_event_loop(run, contexts, tls, write):
    def handler(connection):
        server.released.wait(5)

    with Server(handler, context_for(contexts, tls)) as server:
        (outcome,) = run({"do": "cancel", "port": server.port, "tls": tls, "write": write})
    assert outcome["outcome"] == "cancelled"
    assert outcome["registered"] == 0


@both
def test_close_by_another_task_ends_the_wait(run, contexts, tls):
    with Server(lambda c: c.receive_to_end(), context_for(contexts, tls)) as server:
        (outcome,) = run({"do": "close_while_waiting", "port": server.port, "tls": tls})
    assert (outcome["type"], outcome["error"]) == ("NetworkError", "closed")


@both
def test_connect_to_closed_port_fails(run, tls):
    with Server(lambda connection: None) as server:
        port = server.port
    (outcome,) = run({"do": "connect", "port": port, "tls": tls})
    assert (outcome["type"], outcome["error"]) == ("NetworkError", "connect")


def test_connect_to_unknown_name_fails(run):
    (outcome,) = run({"do": "connect", "host": "no-such-host.invalid", "port": 25, "tls": False})
    assert (outcome["type"], outcome["error"]) == ("NetworkError", "dns")


def test_connect_to_listener_that_never_accepts_times_out(run):
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]  # fill the queue of the listener
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        case = {"do": "connect", "host": "127.0.0.1", "port": port, "tls": False}
        (outcome,) = run(dict(case, timeout_ms=300))
        for sock in waiting:
            sock.close()
    assert (outcome["type"], outcome["error"]) == ("NetworkError", "timeout")
    assert outcome["elapsed_ms"] < 1000
