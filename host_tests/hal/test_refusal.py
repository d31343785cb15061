"""Whoever cannot be verified is refused, by its own name, and is sent nothing of the request."""

import pytest
from hal.server import Server

SECRET = "refresh-token-0123456789"
# A TLS 1.3 client encrypts even the alert with which it refuses.
ALERT_BYTES = 64

REFUSALS = {
    "expired": ("tls_expired", "has expired"),
    "not_yet_valid": ("tls_not_yet_valid", "is not valid yet"),
    "wrong_host": ("tls_wrong_host", "another host name"),
    "unknown_issuer": ("tls_untrusted", "not issued by an authority"),
    "expired_of_unknown": ("tls_untrusted", "not issued by an authority"),
    "self_signed": ("tls_untrusted", "not issued by an authority"),
}


def post(port):
    return {
        "do": "post",
        "url": "https://localhost:%d/token" % port,
        "headers": {"Authorization": "Bearer " + SECRET},
        "body": "refresh_token=" + SECRET,
    }


def get(port):
    headers = {"Authorization": "Bearer " + SECRET}
    return {"do": "get", "url": "https://localhost:%d/userinfo" % port, "headers": headers}


def connect(port):
    return {"do": "connect", "port": port, "say": "AUTH XOAUTH2 " + SECRET}


def every_way(port):
    return [post(port), get(port), connect(port)]


def every_way_within(port, timeout_ms):
    """The same, with so many milliseconds for the handshake."""
    limits = ("deadline_ms", "deadline_ms", "timeout_ms")
    return [{**case, name: timeout_ms} for case, name in zip(every_way(port), limits, strict=True)]


def start_tls(port):
    return {
        "do": "start_tls",
        "port": port,
        "greeting": 5,
        "command": "STARTTLS\r\n",
        "reply": 5,
        "after": 4,
    }


def to_end(connection):
    connection.receive_to_end()


def assert_unsent(server, count):
    assert len(server.connections) == count
    for connection in server.connections:
        assert bytes(connection.clear) == b""
        assert SECRET.encode() not in connection.raw
        assert connection.application_data_bytes() <= ALERT_BYTES


@pytest.mark.parametrize("kind", REFUSALS)
def test_connection_of_unverified_server_is_refused_before_a_byte_is_sent(run, contexts, kind):
    with Server(to_end, contexts[kind]) as server:
        outcomes = run(*every_way(server.port))
    code, words = REFUSALS[kind]
    for outcome in outcomes:
        assert (outcome["type"], outcome["error"]) == ("TlsError", code)
        assert words in outcome["message"]
        assert "localhost" in outcome["message"]
        assert SECRET not in outcome["message"]
    assert_unsent(server, 3)


@pytest.mark.parametrize("kind", REFUSALS)
def test_start_tls_of_unverified_server_is_refused_before_a_byte_is_sent(run, contexts, kind):
    def handler(connection):
        connection.send(b"220 \n")
        connection.receive_until(b"STARTTLS\r\n")
        connection.send(b"220 \n")
        connection.start_tls(contexts[kind])
        connection.receive_to_end()

    with Server(handler) as server:
        (outcome,) = run(start_tls(server.port))
    assert outcome["error"] == REFUSALS[kind][0]
    assert bytes(server.connections[0].clear) == b"STARTTLS\r\n"


def test_connection_without_anchors_is_refused_before_it_is_made(run, contexts):
    with Server(to_end, contexts["good"]) as server:
        outcomes = run(*every_way(server.port), anchors=[])
    assert [outcome["error"] for outcome in outcomes] == ["tls_untrusted"] * 3
    assert server.connections == []


def test_connection_with_another_anchor_is_refused(run, contexts):
    from hal.authority import Authority

    with Server(to_end, contexts["good"]) as server:
        outcomes = run(*every_way(server.port), anchors=[Authority("trusted").anchor])
    assert [outcome["error"] for outcome in outcomes] == ["tls_untrusted"] * 3
    assert_unsent(server, 3)


def test_connection_ignores_trust_of_the_environment(run, contexts, monkeypatch, tmp_path):
    import ssl

    from hal.authority import Authority, server_context

    other = Authority("other")
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(ssl.DER_cert_to_PEM_cert(other.anchor))
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(bundle))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with Server(to_end, server_context(tmp_path, other.issue())) as server:
        outcomes = run(*every_way(server.port))
    assert [outcome["error"] for outcome in outcomes] == ["tls_untrusted"] * 3
    assert_unsent(server, 3)


def test_connection_to_server_in_clear_is_refused(run):
    def handler(connection):
        connection.send(b"220 mail.example ready, this is not TLS at all\r\n")
        connection.receive_to_end()

    with Server(handler) as server:
        outcomes = run(*every_way(server.port))
    for outcome in outcomes:
        assert (outcome["type"], outcome["error"]) == ("TlsError", "tls_handshake")
    assert all(SECRET.encode() not in connection.raw for connection in server.connections)


def test_connection_to_tls13_only_server_is_refused_by_micropython_alone(run, contexts):
    def handler(connection):
        connection.receive(1)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        connection.receive_to_end()

    with Server(handler, contexts["tls13_only"]) as server:
        *requests, connection = every_way(server.port)
        outcomes = run(*requests, dict(connection, until=12))
    if run.is_micropython:
        assert [outcome["error"] for outcome in outcomes] == ["tls_handshake"] * 3
        assert_unsent(server, 3)
    else:
        assert [outcome["status"] for outcome in outcomes[:2]] == [200, 200]
        assert outcomes[2]["heard"] == "HTTP/1.1 200"


def test_start_tls_with_bytes_injected_before_the_handshake_is_refused(run):
    def handler(connection):
        connection.send(b"220 \n")
        connection.receive_until(b"STARTTLS\r\n")
        connection.send(b"220 \n250 injected\r\n")
        connection.receive_to_end()

    with Server(handler) as server:
        (outcome,) = run(start_tls(server.port))
    assert (outcome["type"], outcome["error"]) == ("TlsError", "tls_injection")
    assert bytes(server.connections[0].raw) == b"STARTTLS\r\n"


def test_connection_that_stalls_in_the_handshake_ends_in_time(run):
    def handler(connection):
        server.released.wait(5)

    with Server(handler) as server:
        outcomes = run(*every_way_within(server.port, 300))
    for outcome in outcomes:
        assert (outcome["type"], outcome["error"]) == ("NetworkError", "timeout")
        assert 250 <= outcome["elapsed_ms"] < 1000


def test_connection_whose_handshake_drips_ends_in_time(run):
    def handler(connection):
        # A record head that announces 512 bytes of handshake, which come one by one.
        connection.send(b"\x16\x03\x03\x02\x00")
        while not server.released.wait(0.05):
            connection.send(b"\x02")

    with Server(handler) as server:
        outcomes = run(*every_way_within(server.port, 300))
    for outcome in outcomes:
        assert (outcome["type"], outcome["error"]) == ("NetworkError", "timeout")
        assert outcome["elapsed_ms"] < 1000


def test_connection_that_ends_in_the_handshake_is_a_network_failure(run):
    with Server(lambda connection: connection.receive(1)) as server:
        outcomes = run(*every_way(server.port))
    for outcome in outcomes:
        assert (outcome["type"], outcome["error"]) == ("NetworkError", "closed")
        assert outcome["kind"] == "transient"
