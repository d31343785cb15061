"""What the running device learns from a real provider: endpoints, who signed in, revocation."""

import pytest
from devices import RUNTIMES, enter_settings, started_device
from web.hostile_flash import stored

from sandbox.accounts import PASSWORDS
from sandbox.approve import approve
from sandbox.sandbox import Sandbox

BOB = "bob@sandbox.test"
WITH_IDENTITY = "mail.send offline_access openid email"
ENDPOINTS = ("device_authorization_endpoint", "token_endpoint", "authorization_endpoint")
NOBODY_KNOWS = dict.fromkeys((*ENDPOINTS, "revocation_endpoint", "userinfo_endpoint"), "")


@pytest.fixture(scope="module", params=(True, False), ids=("id_token", "userinfo"))
def provider(request, tmp_path_factory):
    """A provider that says in the answer who signed in, and one that has to be asked for it."""
    with Sandbox(tmp_path_factory.mktemp("sandbox"), id_tokens=request.param) as running:
        yield running


@pytest.fixture(scope="module", params=RUNTIMES)
def own_device(request, provider, tmp_path_factory):
    with started_device(request.param, provider, tmp_path_factory.mktemp("device")) as process:
        enter_settings(process.client(), process.endpoints)
        yield process


@pytest.fixture
def client(own_device):
    """The device knows nothing of the provider but its issuer, and holds no token."""
    client = own_device.client()
    client.call("DELETE", "/api/tokens/smtp")
    client.put_setting("smtp", issuer="", scope=WITH_IDENTITY, **NOBODY_KNOWS)
    client.put_setting("smtp", issuer=own_device.endpoints["issuer"])
    return client


def acquire(client, endpoints, account):
    code = client.call("POST", "/api/tokens/smtp/get")
    approve(code["verification_uri_complete"], account, PASSWORDS[account], endpoints["ca_pem"])
    return client.wait_for_state("smtp", "ACQUIRED")


def test_issuer_alone_is_enough(client, own_device):
    endpoints = own_device.endpoints
    acquire(client, endpoints, endpoints["account"])
    setting = client.call("GET", "/api/settings/smtp")
    for name in (*ENDPOINTS, "revocation_endpoint", "userinfo_endpoint"):
        assert setting[name] == endpoints[name]
    assert client.call("POST", "/api/settings/smtp/test")["result"] == "ok"


def test_account_that_signed_in_is_shown(client, own_device):
    shown = acquire(client, own_device.endpoints, own_device.endpoints["account"])
    assert (shown["owner"], shown["owner_differs"]) == (own_device.endpoints["account"], False)


def test_another_account_is_told_apart(client, own_device):
    shown = acquire(client, own_device.endpoints, BOB)
    assert (shown["owner"], shown["owner_differs"]) == (BOB, True)
    result = client.call("POST", "/api/settings/smtp/test")
    assert (result["result"], result["step"]) == ("configuration", "auth")
    assert (result["reason"], client.token("smtp")["state"]) == ("auth_rejected", "ACQUIRED")
    assert client.token("smtp")["owner"] == BOB


def test_deleted_token_stays_good_at_the_provider_unless_it_is_revoked(
    client, own_device, provider
):
    for call, ends in (("DELETE", False), ("POST", True)):
        acquire(client, own_device.endpoints, own_device.endpoints["account"])
        refresh_token = stored(own_device, "tokens/smtp")["refresh_token"]
        shown = client.call(call, "/api/tokens/smtp" + ("/revoke" if ends else ""))
        assert shown["state"] == "NOT_ACQUIRED"
        assert shown.get("revocation", {"reason": ""})["reason"] == ""
        assert (provider.auth.knows(refresh_token) is False) == ends


def test_revocation_that_fails_is_told_and_the_token_is_deleted_all_the_same(
    client, own_device, provider
):
    acquire(client, own_device.endpoints, own_device.endpoints["account"])
    provider.auth.set_outage(True)
    try:
        shown = client.call("POST", "/api/tokens/smtp/revoke")
    finally:
        provider.auth.set_outage(False)
    assert shown["state"] == "NOT_ACQUIRED"
    assert shown["revocation"]["reason"] == "temporarily_unavailable"
    assert shown["revocation"]["message"]


def test_revocation_where_the_provider_has_none_is_told(client, own_device):
    acquire(client, own_device.endpoints, own_device.endpoints["account"])
    client.put_setting("smtp", revocation_endpoint="")
    shown = client.call("POST", "/api/tokens/smtp/revoke")
    assert (shown["state"], shown["revocation"]["reason"]) == ("NOT_ACQUIRED", "no_revocation")
