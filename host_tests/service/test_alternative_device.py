"""The alternative account at the running device: mail goes on when the first token is gone."""

import email.policy
from pathlib import Path

import pytest
from devices import RUNTIMES, get_token, started_device

from device import wait_for
from sandbox.accounts import PASSWORDS
from sandbox.sandbox import Sandbox
from story import scan_bytes, smtp_fields

ALICE, BOB = "alice@sandbox.test", "bob@sandbox.test"


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """A sandbox of its own, as these tests revoke tokens."""
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(params=RUNTIMES)
def own_device(request, provider, tmp_path):
    """A device with alice's account for sending and bob's as the alternative one."""
    with started_device(request.param, provider, tmp_path / "device") as process:
        client = process.client()
        endpoints = process.endpoints
        bob = dict(endpoints, account=BOB, account_password=PASSWORDS[BOB])
        client.put_setting("smtp", **smtp_fields(endpoints))
        client.put_setting("smtp2", **dict(smtp_fields(bob), sender_name="Εφεδρικός"))
        get_token(client, endpoints, "smtp")
        get_token(client, bob, "smtp2")
        yield process


def arrived(provider, subject):
    """Return the one mail of this subject in alice's maildrop."""

    def found():
        mails = [
            email.message_from_bytes(Path(path).read_bytes(), policy=email.policy.default)
            for path in provider.maildrop(ALICE)
        ]
        return [mail for mail in mails if mail["Subject"] == subject]

    (mail,) = wait_for(found, bool, "mail in the maildrop", limit_s=20)
    return mail


def sent(client, subject, scan):
    files = [("scan.pdf", scan, "application/pdf")]
    return client.wait_for_job(client.send(ALICE, subject, "See.\n.\n", files)["id"])


def through_bob(provider, client, subject):
    """Send a scan that only bob's account can take, and look at what comes in."""
    scan = scan_bytes(50000)
    job = sent(client, subject, scan)
    assert (job["state"], job["via"], job["reason"]) == ("sent", "smtp2", "")
    assert job["bytes_done"] == job["bytes_total"] > len(scan)
    mail = arrived(provider, subject)
    assert [(a.display_name, a.addr_spec) for a in mail["From"].addresses] == [("Εφεδρικός", BOB)]
    assert [a.addr_spec for a in mail["Reply-To"].addresses] == [ALICE]
    assert mail["Message-ID"] == job["message_id"]
    (part,) = mail.iter_attachments()
    assert part.get_content() == scan


def journal(client):
    return [line["text"] for line in client.call("GET", "/api/status")["log"]]


def test_scan_goes_out_through_the_alternative_account(provider, own_device):
    name = own_device.runtime
    client = own_device.client()
    assert client.call("POST", "/api/settings/smtp2/test")["result"] == "ok"
    assert sent(client, "First " + name, b"x")["via"] == "smtp"
    assert arrived(provider, "First " + name)["Reply-To"] is None

    client.call("DELETE", "/api/tokens/smtp")
    for number in range(2):
        through_bob(provider, client, "Deleted %d %s" % (number, name))
    changes = [line for line in journal(client) if line.startswith("sending through")]
    assert len(changes) == 1 and changes[0].startswith("sending through smtp2: ")
    assert client.token("smtp2")["state"] == "ACQUIRED"

    own_device.kill()
    own_device.start()
    client = own_device.client()
    through_bob(provider, client, "Restarted " + name)

    get_token(client, own_device.endpoints, "smtp")
    job = sent(client, "Back " + name, b"x")
    assert (job["state"], job["via"]) == ("sent", "smtp")
    assert "sending through smtp" in journal(client)


def test_both_accounts_dead_hold_the_job_until_the_alternative_is_acquired(provider, own_device):
    client = own_device.client()
    provider.auth.revoke_all()
    subject = "Held " + own_device.runtime
    job = sent(client, subject, b"x")
    assert (job["state"], job["reason"], job["via"]) == ("held", "invalid_grant", "")
    assert [client.token(name)["state"] for name in ("smtp", "smtp2")] == ["INVALID"] * 2

    client.call("DELETE", "/api/tokens/smtp2")
    bob = dict(own_device.endpoints, account=BOB, account_password=PASSWORDS[BOB])
    get_token(client, bob, "smtp2")
    job = wait_for(
        lambda: client.call("GET", "/api/jobs/" + job["id"]),
        lambda found: found["state"] == "sent",
        "job sent by itself",
        limit_s=20,
    )
    assert job["via"] == "smtp2"
    assert arrived(provider, subject)["From"].addresses[0].addr_spec == BOB
