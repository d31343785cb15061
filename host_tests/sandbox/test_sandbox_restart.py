"""Start, stop and start again: what persists, and that everything is let go."""

import json
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import run
from sandbox.sandbox import Sandbox

ALICE = "alice@sandbox.test"


def test_restart_keeps_ports_ca_tokens_and_mail(tmp_path, make_client):
    with Sandbox(tmp_path) as first:
        client = make_client(first.endpoints)
        token = client.acquire()
        waiting = client.begin()
        ca_pem = Path(first.endpoints["ca_pem"]).read_bytes()
        send(client, token)
    with Sandbox(tmp_path) as second:
        assert second.endpoints == first.endpoints
        assert Path(second.endpoints["ca_pem"]).read_bytes() == ca_pem
        send(client, token)
        assert len(second.maildrop(ALICE)) == 2
        assert client.refresh(token).status_code == 200
        client.decide(waiting)
        assert client.poll(waiting).status_code == 200


def send(client, token):
    endpoints = client.endpoints
    with smtplib.SMTP_SSL(
        "localhost", endpoints["smtp_tls_port"], context=client.tls_context(), timeout=10
    ) as smtp:
        smtp.ehlo()
        smtp.auth("XOAUTH2", lambda challenge=None: client.xoauth2(token))
        smtp.sendmail(ALICE, [ALICE], b"Subject: s\r\n\r\nx\r\n")


def test_restart_with_the_state_of_an_earlier_version_keeps_the_tokens(tmp_path, make_client):
    saved = tmp_path / "tokens.json"
    with Sandbox(tmp_path) as first:
        token = make_client(first.endpoints).acquire()
    state = json.loads(saved.read_text())
    del state["authorization_codes"]
    saved.write_text(json.dumps(state))
    with Sandbox(tmp_path) as second:
        client = make_client(second.endpoints)
        assert client.refresh(token).status_code == 200
        assert "code" in client.authorize()


def test_restart_port_taken_gets_another(tmp_path):
    with Sandbox(tmp_path) as first:
        port = first.endpoints["smtp_tls_port"]
    with socket.create_server(("127.0.0.1", port)), Sandbox(tmp_path) as second:
        assert second.endpoints["smtp_tls_port"] != port
        assert second.endpoints["issuer"] == first.endpoints["issuer"]


def test_stop_closes_ports_and_live_connections(tmp_path):
    with Sandbox(tmp_path) as sandbox:
        ports = [value for name, value in sandbox.endpoints.items() if name.endswith("_port")]
        live = [socket.create_connection(("127.0.0.1", port), timeout=10) for port in ports]
    for connection in live:
        with connection:
            try:
                while connection.recv(1000):
                    pass
            except ConnectionResetError:
                pass
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=10)


def test_silent_connection_does_not_keep_others_waiting(sandbox, client):
    port = int(sandbox.endpoints["issuer"].rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10):
        assert client.begin()["user_code"]


def test_certificate_of_another_ca_is_not_trusted(tmp_path, sandbox):
    with Sandbox(tmp_path / "other") as other:
        context = ssl.create_default_context(cafile=other.endpoints["ca_pem"])
        port = sandbox.endpoints["smtp_tls_port"]
        with pytest.raises(ssl.SSLCertVerificationError):
            smtplib.SMTP_SSL("localhost", port, context=context, timeout=10)


def test_secrets_on_disk_are_digests_and_private(tmp_path, sandbox, client):
    token = client.acquire()
    saved = tmp_path / "tokens.json"
    assert token["access_token"] not in saved.read_text()
    assert token["refresh_token"] not in saved.read_text()
    for path in (saved, tmp_path / "ca" / "ca-key.pem", tmp_path / "ca" / "server.pem"):
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_prints_endpoints_and_events_and_ends_on_a_signal(tmp_path, make_client, number):
    command = [sys.executable, run.__file__, "--state", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        word, _, endpoints = process.stdout.readline().partition(b" ")
        assert word == b"sandbox"
        make_client(json.loads(endpoints)).acquire()
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert b"approved: alice@sandbox.test" in output
    assert errors == b""
