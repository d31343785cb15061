"""The POP3 listeners, spoken to with poplib and bare sockets."""

import base64
import json
import poplib
import random
import socket

import pytest

ALICE = "alice@sandbox.test"


def put_mail(sandbox, *mails):
    """Delivers straight into alice's maildrop."""
    for mail in mails:
        with sandbox._maildrops.incoming() as file:
            file.write(mail)
            sandbox._maildrops.deliver(file, [ALICE])


def two_step(pop, response):
    """The server's answer to the XOAUTH2 response, whatever it is."""
    pop._putline(b"AUTH XOAUTH2")
    assert pop._getline()[0] == b"+ "
    pop._putline(base64.b64encode(response.encode()))
    return pop._getline()[0]


@pytest.fixture
def connect(client):
    opened = []

    def open_one():
        port = client.endpoints["pop3_tls_port"]
        pop = poplib.POP3_SSL("localhost", port, context=client.tls_context(), timeout=10)
        opened.append(pop)
        return pop

    yield open_one
    for pop in opened:
        pop.close()


@pytest.fixture
def sign_in(connect, client):
    token = client.acquire("mail.pop")

    def signed_in():
        pop = connect()
        assert two_step(pop, client.xoauth2(token)).startswith(b"+OK")
        return pop

    return signed_in


def retrieve(pop, number):
    """The exact bytes of a message: poplib's lines joined again."""
    return b"".join(line + b"\r\n" for line in pop.retr(number)[1])


def test_pop3_round_trip_is_byte_identical(sign_in, sandbox):
    noise = random.Random(1).randbytes(1000).replace(b"\n", b"").replace(b"\r", b"")
    mails = [
        b"\r\n",
        b"a: b\r\n\r\n.\r\n..\r\n...\r\n.end\r\n",
        b".\r\n" * 60_000,
        noise + b"\r\n",
        (b"." + b"x" * 75 + b"\r\n") * 67_000,  # 5.2 MB
    ]
    put_mail(sandbox, *mails)
    pop = sign_in()
    assert pop.stat() == (len(mails), sum(map(len, mails)))
    for number, mail in enumerate(mails, 1):
        assert retrieve(pop, number) == mail
    assert sandbox.counters["pop3_retrievals"] == len(mails)


def test_pop3_deletes_on_quit_only(sign_in, sandbox):
    put_mail(sandbox, b"one\r\n", b"two\r\n", b"three\r\n")
    pop = sign_in()
    pop.dele(2)
    pop.close()
    assert len(sandbox.maildrop(ALICE)) == 3
    pop = sign_in()
    pop.dele(1)
    pop.rset()
    pop.dele(2)
    with pytest.raises(poplib.error_proto):
        pop.retr(2)
    pop.quit()
    assert [path.read_bytes() for path in sandbox.maildrop(ALICE)] == [b"one\r\n", b"three\r\n"]


def test_pop3_uidl_stays_the_same_over_sessions(sign_in, sandbox):
    put_mail(sandbox, b"one\r\n", b"two\r\n")
    first = sign_in()
    uids = [line.split()[1] for line in first.uidl()[1]]
    assert len(set(uids)) == 2
    first.dele(1)
    first.quit()
    assert sign_in().uidl(1).split()[2] == uids[1]


def test_pop3_top_gives_header_and_lines(sign_in, sandbox):
    put_mail(sandbox, b"a: b\r\nc: d\r\n\r\none\r\n.two\r\nthree\r\n")
    pop = sign_in()
    assert pop.top(1, 0)[1] == [b"a: b", b"c: d", b""]
    assert pop.top(1, 2)[1] == [b"a: b", b"c: d", b"", b"one", b".two"]
    assert pop.top(1, 99)[1][-1] == b"three"
    assert sandbox.counters["pop3_retrievals"] == 0


@pytest.mark.parametrize(
    "command", ["RETR 2", "RETR x", "DELE 2", "DELE", "UIDL 0", "TOP 1", "HUH"]
)
def test_pop3_bad_command_is_an_error_and_the_session_goes_on(command, sign_in, sandbox):
    put_mail(sandbox, b"one\r\n")
    pop = sign_in()
    with pytest.raises(poplib.error_proto, match="-ERR"):
        pop._shortcmd(command)
    assert retrieve(pop, 1) == b"one\r\n"


def test_pop3_message_deleted_by_another_session_is_an_error(sign_in, sandbox):
    put_mail(sandbox, b"one\r\n", b"two\r\n")
    slow, fast = sign_in(), sign_in()
    fast.dele(1)
    fast.quit()
    with pytest.raises(poplib.error_proto):
        slow.retr(1)
    assert retrieve(slow, 2) == b"two\r\n"


def test_pop3_one_step_is_refused_and_the_connection_closed(connect, client):
    pop = connect()
    response = base64.b64encode(client.xoauth2(client.acquire()).encode())
    pop._putline(b"AUTH XOAUTH2 " + response)
    assert pop._getline()[0].startswith(b"-ERR Protocol error. Connection is closed.")
    with pytest.raises(poplib.error_proto):
        pop._getline()


@pytest.mark.parametrize("case", ["unknown", "scope", "other user"])
def test_pop3_bad_token_gets_a_challenge_and_a_good_one_is_then_accepted(case, connect, client):
    token, user = client.acquire(), ALICE
    if case == "unknown":
        token["access_token"] = "made-up"
    elif case == "scope":
        token = client.acquire("mail.send")
    else:
        user = "bob@sandbox.test"
    pop = connect()
    challenge = two_step(pop, client.xoauth2(token, user))
    assert challenge.startswith(b"+ ")
    assert json.loads(base64.b64decode(challenge[2:]))["scope"] == "mail.pop"
    with pytest.raises(poplib.error_proto, match=r"\[AUTH\]"):
        pop._shortcmd("")
    with pytest.raises(poplib.error_proto, match="not authenticated"):
        pop.stat()
    assert two_step(pop, client.xoauth2(client.acquire())).startswith(b"+OK")


def test_pop3_authorization_server_down_is_a_temporary_failure(connect, client, sandbox):
    response = client.xoauth2(client.acquire())
    sandbox.auth.set_outage(True)
    assert two_step(connect(), response).startswith(b"-ERR [SYS/TEMP]")


def test_pop3_stls_is_demanded_before_auth_and_leads_to_the_maildrop(client, sandbox):
    put_mail(sandbox, b"one\r\n")
    pop = poplib.POP3("localhost", client.endpoints["pop3_stls_port"], timeout=10)
    assert "STLS" in pop.capa() and "SASL" not in pop.capa()
    with pytest.raises(poplib.error_proto, match="TLS"):
        pop._shortcmd("AUTH XOAUTH2")
    pop.stls(context=client.tls_context())
    assert pop.capa()["SASL"] == ["XOAUTH2"] and "STLS" not in pop.capa()
    assert two_step(pop, client.xoauth2(client.acquire())).startswith(b"+OK")
    assert retrieve(pop, 1) == b"one\r\n"
    pop.quit()


def test_pop3_stls_drops_what_was_sent_before_tls(client):
    port = client.endpoints["pop3_stls_port"]
    with socket.create_connection(("localhost", port), timeout=10) as plain:
        plain.recv(1000)
        plain.sendall(b"STLS\r\nCAPA\r\nNO")
        assert plain.recv(1000).startswith(b"+OK")
        with client.tls_context().wrap_socket(plain, server_hostname="localhost") as secured:
            secured.sendall(b"QUIT\r\n")
            assert secured.recv(1000) == b"+OK \r\n"


def test_pop3_pipelined_commands_are_answered_in_order(sign_in, sandbox):
    put_mail(sandbox, b"one\r\n", b"two\r\n")
    pop = sign_in()
    pop.sock.sendall(b"RETR 1\r\nHUH\r\nRETR 2\r\nQUIT\r\n")
    received = b""
    while piece := pop.sock.recv(1000):
        received += piece
    lines = received.split(b"\r\n")
    assert [line for line in lines if line in (b"one", b"two") or line[:4] == b"-ERR"] == [
        b"one",
        b"-ERR Unknown protocol command: HUH",
        b"two",
    ]
