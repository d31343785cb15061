"""The authorization server: device flow, pages, refresh, revocation, introspection, faults."""

import re

import pytest
import requests

from sandbox.accounts import PASSWORDS
from sandbox.approve import ApprovalError
from sandbox.sandbox import Sandbox

BOB = "bob@sandbox.test"


def introspect(sandbox, access_token):
    # White box: only the mail servers know this secret.
    secret = sandbox.auth._store.mail_servers_secret
    return requests.post(
        sandbox.endpoints["introspection_endpoint"],
        data={"token": access_token},
        auth=("sandbox-mail-servers", secret),
        verify=sandbox.endpoints["ca_pem"],
        timeout=10,
    ).json()


def assert_refused(answer, error, status=400):
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == error


def test_metadata_is_served_and_agrees_with_the_endpoints(sandbox):
    endpoints = sandbox.endpoints
    url = endpoints["issuer"] + "/.well-known/oauth-authorization-server"
    metadata = requests.get(url, verify=endpoints["ca_pem"], timeout=10).json()
    assert metadata["issuer"] == endpoints["issuer"]
    for name in [n for n in metadata if n.endswith("_endpoint")]:
        assert metadata[name] == endpoints[name]


def test_device_flow_approved_gives_both_tokens_once(client, sandbox, clock):
    device = client.begin()
    assert device["interval"] == 1 and device["expires_in"] == 900
    assert device["verification_uri_complete"].endswith(device["user_code"])
    assert_refused(client.poll(device), "authorization_pending")
    client.decide(device)
    clock.now_s += 1
    token = client.poll(device).json()
    assert token["token_type"] == "Bearer" and token["expires_in"] == 3600
    assert token["scope"] == "mail.send mail.pop offline_access"
    assert token["refresh_token"]
    assert_refused(client.poll(device), "invalid_grant")
    assert sandbox.counters["token_requests"] == 3


def test_device_flow_polled_too_fast_slows_down_and_wants_five_seconds_more(client, clock):
    device = client.begin()
    assert_refused(client.poll(device), "authorization_pending")
    assert_refused(client.poll(device), "slow_down")
    clock.now_s += 2
    assert_refused(client.poll(device), "slow_down")
    clock.now_s += 11
    assert_refused(client.poll(device), "authorization_pending")


def test_device_flow_denied_says_access_denied(client):
    device = client.begin()
    client.decide(device, decision="deny")
    assert_refused(client.poll(device), "access_denied")


def test_device_flow_expired_says_expired_token_and_cannot_be_approved(client, clock):
    device = client.begin()
    clock.now_s += 900
    assert_refused(client.poll(device), "expired_token")
    with pytest.raises(ApprovalError):
        client.decide(device)


def test_device_flow_without_offline_access_gives_no_refresh_token(client):
    assert "refresh_token" not in client.acquire("mail.send")


@pytest.mark.parametrize("scope", ["", "mail.send files.read"])
def test_device_authorization_bad_scope_is_refused(client, scope):
    answer = client.post(
        "device_authorization_endpoint", client_id=client.endpoints["client_id"], scope=scope
    )
    assert_refused(answer, "invalid_scope")


def test_device_authorization_unknown_client_is_refused(client):
    answer = client.post("device_authorization_endpoint", client_id="nobody", scope="mail.send")
    assert answer.json()["error"] == "invalid_client"


def test_token_endpoint_unknown_grant_is_refused(client):
    assert_refused(client.post("token_endpoint", grant_type="password"), "unsupported_grant_type")


def test_pages_wrong_password_is_refused_and_not_repeated(client, events):
    with pytest.raises(ApprovalError, match="sign-in"):
        client.decide(client.begin(), username="hunter2", password="hunter3")
    assert not [line for line in events if "hunter" in line]


def test_pages_post_without_csrf_token_is_refused(client):
    ca_pem = client.endpoints["ca_pem"]
    device = client.begin()
    with requests.Session() as browser:
        browser.get(device["verification_uri"], verify=ca_pem, timeout=10)
        form = {"username": "alice@sandbox.test", "password": PASSWORDS["alice@sandbox.test"]}
        url = client.endpoints["issuer"] + "/signin"
        assert browser.post(url, data=form, verify=ca_pem, timeout=10).status_code == 403


def test_pages_code_typed_in_lower_case_finds_the_approval_page(client):
    device = client.begin()
    with requests.Session() as browser:
        browser.trust_env = False
        browser.verify = client.endpoints["ca_pem"]
        page = browser.get(device["verification_uri"], timeout=10).text
        form = {
            "csrf_token": re.search(r'csrf_token" value="([^"]+)', page).group(1),
            "username": BOB,
            "password": PASSWORDS[BOB],
        }
        code_page = browser.post(client.endpoints["issuer"] + "/signin", data=form, timeout=10)
        assert "Enter the code" in code_page.text
        typed = device["user_code"].lower().replace("-", " ")
        page = browser.get(device["verification_uri"], params={"user_code": typed}, timeout=10)
        assert device["user_code"] in page.text and "send mail as you" in page.text


def test_pages_user_code_in_the_address_is_escaped(client):
    url = client.endpoints["issuer"] + '/device?user_code="><script>x</script>'
    page = requests.get(url, verify=client.endpoints["ca_pem"], timeout=10)
    assert "<script" not in page.text


def test_refresh_rotates_and_reuse_revokes_the_grant(client, sandbox):
    first = client.acquire()
    second = client.refresh(first).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert introspect(sandbox, second["access_token"])["active"]
    assert_refused(client.refresh(first), "invalid_grant")
    assert_refused(client.refresh(second), "invalid_grant")
    assert not introspect(sandbox, second["access_token"])["active"]


def test_refresh_reuse_of_one_grant_leaves_another_alone(client):
    stolen, other = client.acquire(), client.acquire()
    client.refresh(stolen)
    assert_refused(client.refresh(stolen), "invalid_grant")
    assert client.refresh(other).status_code == 200


def test_refresh_with_a_scope_too_wide_is_refused_and_costs_nothing(client):
    token = client.acquire("mail.send offline_access")
    assert_refused(client.refresh(token, scope="mail.pop"), "invalid_scope")
    narrowed = client.refresh(token, scope="mail.send").json()
    assert narrowed["scope"] == "mail.send"
    assert client.refresh(narrowed).json()["scope"] == "mail.send offline_access"


def test_refresh_answer_lost_within_the_grace_is_accepted_once(tmp_path, clock, make_client):
    with Sandbox(tmp_path, clock=clock, refresh_grace_s=30) as sandbox:
        client = make_client(sandbox.endpoints)
        first = client.acquire()
        lost = client.refresh(first).json()
        clock.now_s += 20
        again = client.refresh(first).json()
        assert client.refresh(again).status_code == 200
        assert_refused(client.refresh(lost), "invalid_grant")


def test_refresh_after_the_grace_revokes_the_grant(tmp_path, clock, make_client):
    with Sandbox(tmp_path, clock=clock, refresh_grace_s=30) as sandbox:
        client = make_client(sandbox.endpoints)
        first = client.acquire()
        second = client.refresh(first).json()
        clock.now_s += 31
        assert_refused(client.refresh(first), "invalid_grant")
        assert_refused(client.refresh(second), "invalid_grant")


def test_revocation_of_the_refresh_token_ends_the_grant(client, sandbox):
    token = client.acquire()
    form = {"token": token["refresh_token"], "client_id": client.endpoints["client_id"]}
    assert client.post("revocation_endpoint", **form).status_code == 200
    assert not introspect(sandbox, token["access_token"])["active"]
    assert_refused(client.refresh(token), "invalid_grant")
    assert client.post("revocation_endpoint", **form).status_code == 200  # RFC 7009 section 2.2


def test_revocation_of_the_access_token_leaves_the_refresh_token(client, sandbox):
    token = client.acquire()
    form = {"token": token["access_token"], "client_id": client.endpoints["client_id"]}
    assert client.post("revocation_endpoint", **form).status_code == 200
    assert not introspect(sandbox, token["access_token"])["active"]
    assert client.refresh(token).status_code == 200


def test_introspection_tells_account_scope_and_expiry(client, sandbox, clock):
    token = client.acquire("mail.send offline_access")
    claims = introspect(sandbox, token["access_token"])
    assert claims["active"] and claims["username"] == "alice@sandbox.test"
    assert claims["scope"] == "mail.send offline_access"
    assert claims["exp"] == clock.now_s + 3600
    clock.now_s += 3600
    assert introspect(sandbox, token["access_token"]) == {"active": False}
    assert introspect(sandbox, token["refresh_token"]) == {"active": False}


def test_introspection_by_the_device_is_refused(client):
    token = client.acquire()
    form = {"token": token["access_token"], "client_id": client.endpoints["client_id"]}
    assert_refused(client.post("introspection_endpoint", **form), "invalid_client", 401)


def test_faults_expiry_revocation_and_outage(client, sandbox):
    token = client.acquire()
    sandbox.auth.set_outage(True)
    assert client.refresh(token).status_code == 503
    sandbox.auth.set_outage(False)
    sandbox.auth.expire_access_tokens()
    assert not introspect(sandbox, token["access_token"])["active"]
    token = client.refresh(token).json()
    assert introspect(sandbox, token["access_token"])["active"]
    sandbox.auth.revoke_all()
    assert not introspect(sandbox, token["access_token"])["active"]
    assert_refused(client.refresh(token), "invalid_grant")


def test_events_never_hold_a_token_or_password(client, events):
    token = client.refresh(client.acquire()).json()
    told = "\n".join(events)
    assert "sign-in: alice@sandbox.test" in told and "token refreshed" in told
    for secret in (token["access_token"], token["refresh_token"], *PASSWORDS.values()):
        assert secret not in told
