"""The rig itself, checked with clients that are not the device's."""

import json
import os
import poplib
import signal
import subprocess
import sys
import time
from base64 import b64decode
from pathlib import Path

import pytest
from interop import clients
from interop.oidc import SCOPE_POP, approve_oidc

BOB = "bob@sandbox.test"
REFUSED_TOKEN = "no-such-token"
SENT_BYTES = 5_000_000


def approve(endpoints, grant, **changes):
    arguments = {
        "username": endpoints["account"],
        "password": endpoints["account_password"],
        **changes,
    }
    approve_oidc(grant["verification_uri_complete"], ca_pem=endpoints["ca_pem"], **arguments)


def obtain(endpoints, scope):
    grant = clients.start_grant(endpoints, scope)
    approve(endpoints, grant)
    status, token = clients.poll(endpoints, grant)
    assert status == 200, token
    return token


@pytest.fixture(scope="module")
def endpoints(rig):
    return rig.endpoints


@pytest.fixture(scope="module")
def smtp_token(endpoints):
    return obtain(endpoints, endpoints["scope_smtp"])["access_token"]


@pytest.fixture(scope="module")
def pop3_token(endpoints):
    return obtain(endpoints, endpoints["scope_pop"])["access_token"]


# Authorization server


def test_device_grant_before_approval_is_pending(endpoints):
    grant = clients.start_grant(endpoints, endpoints["scope_smtp"])
    assert "interval" not in grant
    status, answer = clients.poll(endpoints, grant)
    assert (status, answer["error"]) == (400, "authorization_pending")


def test_device_grant_approved_brings_tokens(endpoints):
    token = obtain(endpoints, endpoints["scope_pop"])
    assert token["token_type"] == "Bearer"
    assert token["expires_in"] == 3600
    assert "." not in token["access_token"]
    assert token["scope"] == SCOPE_POP
    assert token["refresh_token"]


def test_device_grant_denied_ends_with_access_denied(endpoints):
    grant = clients.start_grant(endpoints, endpoints["scope_smtp"])
    approve(endpoints, grant, decision="deny")
    status, answer = clients.poll(endpoints, grant)
    assert (status, answer["error"]) == (400, "access_denied")


def test_device_grant_wrong_password_stays_pending(endpoints):
    grant = clients.start_grant(endpoints, endpoints["scope_smtp"])
    with pytest.raises(RuntimeError, match="password is wrong"):
        approve(endpoints, grant, password="wrong")
    assert clients.poll(endpoints, grant)[1]["error"] == "authorization_pending"


def test_device_code_used_again_is_refused(endpoints):
    grant = clients.start_grant(endpoints, endpoints["scope_smtp"])
    approve(endpoints, grant)
    assert clients.poll(endpoints, grant)[0] == 200
    status, answer = clients.poll(endpoints, grant)
    assert (status, answer["error"]) == (400, "invalid_grant")


def test_refresh_rotates_and_reuse_ends_the_grant(endpoints):
    first = obtain(endpoints, endpoints["scope_smtp"])["refresh_token"]
    status, second = clients.refresh(endpoints, first)
    assert status == 200
    assert second["refresh_token"] != first
    for refresh_token in (first, second["refresh_token"]):
        status, answer = clients.refresh(endpoints, refresh_token)
        assert (status, answer["error"]) == (400, "invalid_grant")


def test_grants_of_one_account_end_independently(endpoints):
    ended, other = (obtain(endpoints, endpoints["scope_smtp"]) for _ in range(2))
    clients.post(endpoints, endpoints["revocation_endpoint"], token=ended["refresh_token"])
    assert clients.refresh(endpoints, ended["refresh_token"])[0] == 400
    assert clients.refresh(endpoints, other["refresh_token"])[0] == 200


# Mail


def message(body):
    header = "From: alice@sandbox.test\r\nTo: alice@sandbox.test\r\nSubject: scan\r\n"
    return (header + "\r\n").encode() + body


def send(smtp, endpoints, access_token, data):
    smtp.ehlo()
    assert smtp.docmd("AUTH", "XOAUTH2")[0] == 334
    assert smtp.docmd(clients.xoauth2(endpoints["account"], access_token))[0] == 235
    smtp.sendmail(endpoints["account"], [endpoints["account"]], data)


@pytest.mark.parametrize("connect_smtp", [clients.smtp_tls, clients.smtp_starttls])
@pytest.mark.parametrize("connect_pop3", [clients.pop3_tls, clients.pop3_stls])
def test_mail_sent_and_fetched_is_identical(
    endpoints, smtp_token, pop3_token, connect_smtp, connect_pop3
):
    data = message(b"..\r\n.\r\n.dot\r\n\r\nend without line end")
    with connect_smtp(endpoints) as smtp:
        send(smtp, endpoints, smtp_token, data)
    fetched = clients.fetch_one(endpoints, connect_pop3, pop3_token)
    assert b"\r\n".join(fetched).endswith(b"\r\n" + data)


def test_large_mail_is_fetched_whole(endpoints, smtp_token, pop3_token):
    data = message((b"x" * 76 + b"\r\n") * (SENT_BYTES // 78))
    with clients.smtp_tls(endpoints) as smtp:
        send(smtp, endpoints, smtp_token, data)
        assert int(smtp.esmtp_features["size"]) == 60 * 1024 * 1024
    fetched = clients.fetch_one(endpoints, clients.pop3_tls, pop3_token)
    assert (b"\r\n".join(fetched) + b"\r\n").endswith(b"\r\n" + data)


def test_smtp_one_step_auth_is_accepted(endpoints, smtp_token):
    with clients.smtp_tls(endpoints) as smtp:
        smtp.ehlo()
        response = clients.xoauth2(endpoints["account"], smtp_token)
        assert smtp.docmd("AUTH XOAUTH2", response)[0] == 235


@pytest.mark.parametrize(
    ("recipient", "reply"), [("nobody@sandbox.test", b"5.1.1"), ("a@elsewhere.test", b"5.1.2")]
)
def test_smtp_unknown_recipient_is_refused(endpoints, smtp_token, recipient, reply):
    with clients.smtp_tls(endpoints) as smtp:
        smtp.ehlo()
        smtp.docmd("AUTH XOAUTH2", clients.xoauth2(endpoints["account"], smtp_token))
        smtp.mail(endpoints["account"])
        code, text = smtp.rcpt(recipient)
        assert (code, text.split()[0]) == (550, reply)
        assert smtp.rcpt(endpoints["account"])[0] == 250


def test_smtp_too_large_message_is_refused_at_once(endpoints, smtp_token):
    with clients.smtp_tls(endpoints) as smtp:
        smtp.ehlo()
        smtp.docmd("AUTH XOAUTH2", clients.xoauth2(endpoints["account"], smtp_token))
        code, text = smtp.mail(endpoints["account"], ["SIZE=%d" % (60 * 1024 * 1024 + 1)])
        assert (code, text.split()[0]) == (552, b"5.3.4")


def test_smtp_without_sign_in_takes_no_recipient(endpoints):
    with clients.smtp_tls(endpoints) as smtp:
        smtp.ehlo()
        smtp.mail(endpoints["account"])
        assert smtp.rcpt(endpoints["account"])[0] == 554


def test_smtp_before_starttls_offers_no_auth(endpoints):
    with clients.smtp_plain(endpoints) as smtp:
        smtp.ehlo()
        assert smtp.has_extn("starttls")
        assert not smtp.has_extn("auth")
        assert smtp.docmd("AUTH", "XOAUTH2")[0] == 530


def check_smtp_refusal(smtp, response):
    code, challenge = smtp.docmd("AUTH XOAUTH2", response)
    assert code == 334
    assert json.loads(b64decode(challenge))["status"]
    assert smtp.docmd("")[0] == 535


def wrong_credentials(endpoints, wrong, right_token, other_token):
    """Return user and token with one of them wrong; `other_token` is good for the other server."""
    tokens = {"token": REFUSED_TOKEN, "scope": other_token, "user": right_token}
    return BOB if wrong == "user" else endpoints["account"], tokens[wrong]


@pytest.mark.parametrize("wrong", ["token", "scope", "user"])
def test_smtp_refused_sign_in_leaves_connection_usable(endpoints, smtp_token, pop3_token, wrong):
    with clients.smtp_tls(endpoints) as smtp:
        smtp.ehlo()
        refused = wrong_credentials(endpoints, wrong, smtp_token, pop3_token)
        check_smtp_refusal(smtp, clients.xoauth2(*refused))
        response = clients.xoauth2(endpoints["account"], smtp_token)
        assert smtp.docmd("AUTH XOAUTH2", response)[0] == 235


@pytest.mark.parametrize("wrong", ["token", "scope", "user"])
def test_pop3_refused_sign_in_leaves_connection_usable(endpoints, smtp_token, pop3_token, wrong):
    pop = clients.pop3_tls(endpoints)
    refused = wrong_credentials(endpoints, wrong, pop3_token, smtp_token)
    challenge = clients.pop3_sign_in(pop, *refused)
    assert json.loads(b64decode(challenge[2:]))["status"]
    with pytest.raises(poplib.error_proto, match="AUTH"):
        clients.pop3_command(pop, "")
    assert clients.pop3_sign_in(pop, endpoints["account"], pop3_token).startswith(b"+OK")
    pop.quit()


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_pop3_revoked_or_refresh_token_is_refused(endpoints, kind):
    token = obtain(endpoints, endpoints["scope_pop"])
    if kind == "access_token":
        clients.post(endpoints, endpoints["revocation_endpoint"], token=token["access_token"])
    pop = clients.pop3_tls(endpoints)
    assert not clients.pop3_sign_in(pop, endpoints["account"], token[kind]).startswith(b"+OK")
    pop.close()


# Processes

HOLDER = """
import sys, time
sys.path[:0] = sys.argv[2:]
from interop.rig import InteropRig
rig = InteropRig(sys.argv[1])
rig.start()
print("started", flush=True)
time.sleep(60)
"""


def processes_of(folder):
    """Return the commands of processes that name `folder` or work in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = os.readlink(process / "cwd")
        except OSError:
            continue
        if folder in command or place.startswith(folder):
            found.append(command)
    return found


def test_rig_holder_killed_leaves_no_process(rig):
    folder = str(rig.state_dir / "second")
    command = [sys.executable, "-c", HOLDER, folder, str(Path(__file__).parents[1])]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"started\n"
        assert len(processes_of(folder)) > 5
        holder.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while processes_of(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_of(folder) == []
