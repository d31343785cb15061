"""Sign-in by redirect and as an application, on the device against the sandbox."""

import pytest

from device import DeviceError
from sandbox.approve import authorize
from story import smtp_fields


@pytest.fixture
def client(device):
    signed_in = device.client()
    signed_in.put_setting("smtp", **smtp_fields(device.endpoints))
    return signed_in


def redirected(client, endpoints, decision="approve"):
    """Begin a sign-in by redirect, do what a person does, return where the browser ends."""
    client.put_setting(
        "smtp",
        grant="authorization_code",
        authorization_endpoint=endpoints["authorization_endpoint"],
    )
    uri = client.call("POST", "/api/tokens/smtp/get")["authorization_uri"]
    account, password = endpoints["account"], endpoints["account_password"]
    return authorize(uri, account, password, endpoints["ca_pem"], decision)


def finish(client, pasted):
    return client.call("POST", "/api/tokens/smtp/redirect", json={"url": pasted})


def sent_mail(client, endpoints):
    job = client.send(endpoints["account"], "By another grant", "Hello.\n")
    return client.wait_for_job(job["id"])["state"]


def test_redirect_pasted_back_gets_a_token_that_sends(client, device):
    address = redirected(client, device.endpoints)
    assert client.token("smtp")["state"] == "AWAITING_AUTH"
    assert finish(client, address)["state"] == "ACQUIRED"
    assert sent_mail(client, device.endpoints) == "sent"


def test_redirect_denied_is_told_and_ends_the_grant(client, device):
    address = redirected(client, device.endpoints, "deny")
    with pytest.raises(DeviceError) as refused:
        finish(client, address)
    assert refused.value.answer["error"] == "access_denied"
    assert client.token("smtp")["state"] == "NOT_ACQUIRED"
    assert client.token("smtp")["reason"] == "access_denied"


def test_redirect_survives_a_restart_and_a_wrong_paste(client, device):
    address = redirected(client, device.endpoints)
    device.kill()
    device.start()
    client = device.client()
    for pasted, code in (
        ("http://127.0.0.1/?code=x&state=y", "redirect_state"),
        ("", "redirect_empty"),
    ):
        with pytest.raises(DeviceError) as refused:
            finish(client, pasted)
        assert (refused.value.status, refused.value.answer["error"]) == (400, code)
    assert finish(client, address)["state"] == "ACQUIRED"


def test_application_gets_a_token_at_once_that_sends(client, device):
    client.put_setting(
        "smtp",
        grant="client_credentials",
        client_id=device.endpoints["app_client_id"],
        client_secret=device.endpoints["app_client_secret"],
        scope="mail.send",
    )
    assert client.call("POST", "/api/tokens/smtp/get")["state"] == "ACQUIRED"
    assert sent_mail(client, device.endpoints) == "sent"


def test_application_wrong_secret_is_told(client, device):
    client.put_setting(
        "smtp",
        grant="client_credentials",
        client_id=device.endpoints["app_client_id"],
        client_secret="wrong",
        scope="mail.send",
    )
    with pytest.raises(DeviceError) as refused:
        client.call("POST", "/api/tokens/smtp/get")
    assert refused.value.answer["error"] == "invalid_client"
    assert client.token("smtp")["state"] == "NOT_ACQUIRED"
