"""The life of tokens at the running device, against a provider that fails as providers do.

The tests of this file share one device, and each leaves its tokens as it likes: they ask for what
they need first.
"""

import email

import pytest
from devices import RUNTIMES, enter_settings, get_token, started_device
from web.hostile_client import refused
from web.hostile_flash import stored

from device import wait_for
from sandbox.approve import approve
from sandbox.sandbox import Sandbox

TO = "alice@sandbox.test"
UPDATE_FAILED = "Token update failed. Please delete the token and obtain it again."
TOKEN_FIELDS = {
    "account": "bob@sandbox.test",
    "client_id": "another",
    "provider": "microsoft",
    "tenant": "contoso.example",
}


@pytest.fixture(scope="module")
def events():
    return []


@pytest.fixture(scope="module")
def provider(tmp_path_factory, events):
    """A sandbox of its own, as these tests revoke tokens and take the provider down."""
    with Sandbox(tmp_path_factory.mktemp("sandbox"), on_event=events.append) as running:
        yield running


@pytest.fixture(scope="module", params=RUNTIMES)
def own_device(request, provider, tmp_path_factory):
    with started_device(request.param, provider, tmp_path_factory.mktemp("device")) as process:
        yield process


@pytest.fixture(scope="module")
def client(own_device):
    client = own_device.client()
    enter_settings(client, own_device.endpoints)
    return client


def acquire(client, device, name):
    """Bring a token from whatever state to Acquired."""
    if client.token(name)["state"] != "ACQUIRED":
        client.call("DELETE", "/api/tokens/" + name)
        get_token(client, device.endpoints, name)


def decide(client, device, name, decision):
    """Start the grant and decide as the person at the provider; return the token's end."""
    code = client.call("POST", "/api/tokens/%s/get" % name)
    endpoints = device.endpoints
    approve(
        code["verification_uri_complete"],
        endpoints["account"],
        endpoints["account_password"],
        endpoints["ca_pem"],
        decision,
    )
    shown = wait_for(
        lambda: client.token(name),
        lambda token: token["state"] != "AWAITING_AUTH",
        "end of the grant",
        limit_s=20,
    )
    return code, shown


def connection_test(client, name):
    return client.call("POST", "/api/settings/%s/test" % name)


def test_get_twice_returns_the_same_code(client):
    client.call("DELETE", "/api/tokens/eprint")
    first = client.call("POST", "/api/tokens/eprint/get")
    second = client.call("POST", "/api/tokens/eprint/get")
    assert first["state"] == second["state"] == "AWAITING_AUTH"
    assert first["user_code"] and first["user_code"] == second["user_code"]
    assert 0 < second["expires_in"] <= first["expires_in"] <= 900


@pytest.mark.parametrize("name", TOKEN_FIELDS)
def test_change_of_account_while_a_code_is_out_is_refused_with_the_advice(client, name):
    client.call("POST", "/api/tokens/eprint/get")
    status, answer = refused(client, "PUT", "/api/settings/eprint", json={name: TOKEN_FIELDS[name]})
    assert (status, answer["error"]) == (409, "token_held")
    assert name in answer["detail"]
    assert answer["message"]
    assert "[Delete]" in answer["hint"]


def test_delete_while_a_code_is_out_and_again_is_not_acquired(client):
    client.call("POST", "/api/tokens/eprint/get")
    for _ in range(2):
        shown = client.call("DELETE", "/api/tokens/eprint")
        assert shown["state"] == "NOT_ACQUIRED"
        assert not shown["user_code"]


def test_sign_in_denied_at_the_provider_is_not_acquired_with_the_reason(client, own_device):
    code, shown = decide(client, own_device, "eprint", "deny")
    assert (shown["state"], shown["reason"]) == ("NOT_ACQUIRED", "access_denied")
    assert shown["message"] and "Get Token" in shown["hint"]
    again = client.call("POST", "/api/tokens/eprint/get")
    assert again["user_code"] != code["user_code"]
    client.call("DELETE", "/api/tokens/eprint")


def test_token_of_smtp_is_never_used_for_a_maildrop(client, own_device, events):
    acquire(client, own_device, "smtp")
    count = len(events)
    for name in ("ifax", "eprint", "estatus"):
        client.call("DELETE", "/api/tokens/" + name)
        status, answer = refused(client, "POST", "/api/receive/" + name)
        assert (status, answer["error"]) == (409, "token_missing")
    assert [line for line in events[count:] if line.startswith("pop3:")] == []


def test_token_of_one_maildrop_is_never_used_for_another(client, own_device):
    acquire(client, own_device, "ifax")
    # The mails of other tests are no faxes.
    assert client.call("POST", "/api/receive/ifax")["received"] == 0
    status, answer = refused(client, "POST", "/api/receive/eprint")
    assert (status, answer["error"]) == (409, "token_missing")


def test_acquired_token_is_shown_with_account_and_expiry(client, own_device):
    acquire(client, own_device, "smtp")
    shown = client.token("smtp")
    assert shown["account"] == TO
    now_s = client.call("GET", "/api/status")["clock"]["now_s"]
    assert shown["changed_at"] <= now_s < shown["expires_at"] <= now_s + 3600
    assert shown["reason"] == shown["user_code"] == ""


@pytest.mark.parametrize("name", TOKEN_FIELDS)
def test_change_of_account_while_a_token_is_held_is_refused_with_the_advice(
    client, own_device, name
):
    acquire(client, own_device, "smtp")
    before = client.call("GET", "/api/settings/smtp")
    status, answer = refused(client, "PUT", "/api/settings/smtp", json={name: TOKEN_FIELDS[name]})
    assert (status, answer["error"]) == (409, "token_held")
    assert "[Delete]" in answer["hint"]
    assert client.call("GET", "/api/settings/smtp") == before


def test_other_fields_can_be_changed_while_a_token_is_held(client, own_device):
    acquire(client, own_device, "smtp")
    account = client.call("GET", "/api/settings/smtp")["account"]
    assert client.put_setting("smtp", timeout_s=33, account=account)["timeout_s"] == 33


def test_get_while_a_token_is_held_is_refused_with_the_advice(client, own_device):
    acquire(client, own_device, "smtp")
    status, answer = refused(client, "POST", "/api/tokens/smtp/get")
    assert (status, answer["error"]) == (409, "token_held")
    assert client.token("smtp")["state"] == "ACQUIRED"


def test_expired_access_token_is_renewed_silently(client, own_device, provider):
    acquire(client, own_device, "smtp")
    before, changed_at = stored(own_device, "tokens/smtp"), client.token("smtp")["changed_at"]
    provider.auth.expire_access_tokens()
    job = client.wait_for_job(client.send(TO, "Renewed", "text")["id"])
    assert (job["state"], job["attempts"]) == ("sent", 0)
    after = stored(own_device, "tokens/smtp")
    assert after["access_token"] != before["access_token"]
    assert client.token("smtp")["changed_at"] == changed_at


def test_provider_outage_changes_no_state(client, own_device, provider):
    acquire(client, own_device, "smtp")
    client.call("DELETE", "/api/tokens/eprint")
    waiting = client.call("POST", "/api/tokens/eprint/get")
    provider.auth.expire_access_tokens()
    provider.auth.set_outage(True)
    try:
        result = connection_test(client, "smtp")
        assert result["result"] == "transient"
        assert UPDATE_FAILED not in result["message"]
        status, answer = refused(client, "POST", "/api/tokens/estatus/get")
        assert (status, answer["error"]) == (503, "temporarily_unavailable")
        wait_for(
            lambda: client.token("eprint"), lambda shown: shown["reason"], "a poll in vain", 20
        )
        states = {
            item["setting"]: item["state"] for item in client.call("GET", "/api/tokens")["items"]
        }
    finally:
        provider.auth.set_outage(False)
    assert (states["smtp"], states["eprint"]) == ("ACQUIRED", "AWAITING_AUTH")
    assert states["estatus"] == "NOT_ACQUIRED"
    assert client.token("eprint")["user_code"] == waiting["user_code"]
    assert connection_test(client, "smtp")["result"] == "ok"
    client.call("DELETE", "/api/tokens/eprint")


def test_revoked_token_is_invalid_and_holds_three_jobs_until_it_is_obtained_again(
    client, own_device, provider
):
    acquire(client, own_device, "smtp")
    acquire(client, own_device, "ifax")
    # The last mail's connection may still be open, and is signed in: a change ends its use.
    client.put_setting("smtp", timeout_s=31)
    provider.auth.revoke_all()

    subjects = ["Held %d %s" % (number, own_device.runtime) for number in range(3)]
    files = [("a.txt", b"x", "text/plain")]
    ids = [client.send(TO, subject, "text", files)["id"] for subject in subjects]
    for job_id in ids:
        job = client.wait_for_job(job_id)
        assert (job["state"], job["reason"]) == ("held", "invalid_grant")
        assert job["message"] and "Delete the token" in job["hint"]
    shown = client.token("smtp")
    assert (shown["state"], shown["reason"]) == ("INVALID", "invalid_grant")
    assert "Delete the token" in shown["hint"]

    for _ in range(2):
        result = connection_test(client, "smtp")
        assert (result["result"], result["step"]) == ("invalid", "token")
        assert result["message"].startswith(UPDATE_FAILED)
    status, answer = refused(client, "POST", "/api/tokens/smtp/get")
    assert (status, answer["error"]) == (409, "token_held")
    status, answer = refused(client, "POST", "/api/receive/ifax")
    assert answer["error"] == "invalid_grant"
    assert client.token("ifax")["state"] == "INVALID"

    assert client.call("DELETE", "/api/tokens/smtp")["state"] == "NOT_ACQUIRED"
    assert {shown["state"] for shown in jobs_of(client, ids)} == {"held"}
    get_token(client, own_device.endpoints, "smtp")
    sent = wait_for(
        lambda: jobs_of(client, ids),
        lambda found: {shown["state"] for shown in found} == {"sent"},
        "jobs sent by themselves",
        limit_s=20,
    )
    assert {(shown["reason"], shown["hint"]) for shown in sent} == {("", "")}
    assert arrived(provider, subjects) == subjects
    assert connection_test(client, "smtp")["result"] == "ok"
    assert connection_test(client, "ifax")["message"].startswith(UPDATE_FAILED)


def jobs_of(client, ids):
    return [client.call("GET", "/api/jobs/" + job_id) for job_id in ids]


def arrived(provider, subjects):
    """Return the subjects of these mails in the order in which the mail server has taken them."""
    mails = [email.message_from_bytes(path.read_bytes()) for path in provider.maildrop(TO)]
    return [mail["Subject"] for mail in mails if mail["Subject"] in subjects]


def test_deleted_token_leaves_nothing_on_flash(client, own_device):
    acquire(client, own_device, "smtp")
    client.call("DELETE", "/api/tokens/smtp")
    record = stored(own_device, "tokens/smtp")
    assert record["state"] == "NOT_ACQUIRED"
    for name in ("access_token", "refresh_token", "device_code", "user_code", "account"):
        assert record[name] == ""
