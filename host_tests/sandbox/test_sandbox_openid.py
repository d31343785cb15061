"""OpenID Connect: ID tokens, the UserInfo endpoint, keys and metadata."""

import pytest
import requests
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError
from joserfc.jwk import KeySet

from sandbox.accounts import PASSWORDS
from sandbox.sandbox import Sandbox

ALICE, BOB = "alice@sandbox.test", "bob@sandbox.test"
SCOPE = "mail.send offline_access openid email"
RFC_8414, DISCOVERY = "oauth-authorization-server", "openid-configuration"


def metadata(client, name=DISCOVERY):
    return client.get(client.endpoints["issuer"] + "/.well-known/" + name).json()


def claims(client, token):
    """What an ID token says, its signature checked with the published keys."""
    keys = KeySet.import_key_set(client.get(metadata(client)["jwks_uri"]).json())
    return jwt.decode(token["id_token"], keys, ["RS256"]).claims


def userinfo(client, token):
    return client.get(client.endpoints["userinfo_endpoint"], token["access_token"])


def userinfo_with(client, header):
    url = client.endpoints["userinfo_endpoint"]
    return requests.get(url, headers=header, verify=client.endpoints["ca_pem"], timeout=10)


def acquire_as(client, account, scope=SCOPE):
    device = client.begin(scope)
    client.decide(device, account, PASSWORDS[account])
    return client.poll(device).json()


def acquire_by_code(client, scope=SCOPE):
    answer = client.authorize(client.authorization_uri(scope=scope))
    return client.exchange(answer["code"]).json()


def test_openid_metadata_is_the_same_at_both_addresses(client):
    document = metadata(client)
    assert document == metadata(client, RFC_8414)
    assert document["userinfo_endpoint"] == client.endpoints["userinfo_endpoint"]
    assert document["jwks_uri"] == client.endpoints["issuer"] + "/jwks"
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    assert document["subject_types_supported"] == ["public"]
    assert {"openid", "email"} < set(document["scopes_supported"])


def test_openid_keys_hold_nothing_private(client):
    [key] = client.get(metadata(client)["jwks_uri"]).json()["keys"]
    assert key["kty"] == "RSA" and key["alg"] == "RS256" and key["use"] == "sig" and key["kid"]
    assert not set(key) & {"d", "p", "q", "dp", "dq", "qi"}


def test_openid_scopes_are_left_out_of_the_endpoints(sandbox):
    assert sandbox.endpoints["scope_smtp"] == "mail.send offline_access"
    assert sandbox.endpoints["scope_pop"] == "mail.pop offline_access"


def test_openid_scopes_are_told_on_the_approval_page(client):
    with requests.Session() as browser:
        browser.trust_env = False
        browser.verify = client.endpoints["ca_pem"]
        page = browser.get(client.authorization_uri(scope=SCOPE), timeout=10).text
        form = {
            "csrf_token": page.split('csrf_token" value="')[1].split('"')[0],
            "username": ALICE,
            "password": PASSWORDS[ALICE],
        }
        issuer = client.endpoints["issuer"]
        browser.post(issuer + "/signin", data=form, timeout=10)
        page = browser.get(client.authorization_uri(scope=SCOPE), timeout=10).text
    assert "know which account you sign in with" in page and "know your mail address" in page


@pytest.mark.parametrize("acquire", [acquire_by_code, lambda client: client.acquire(SCOPE)])
def test_openid_id_token_comes_with_both_sign_ins(client, clock, acquire):
    token = acquire(client)
    told = claims(client, token)
    assert told["iss"] == client.endpoints["issuer"]
    assert told["aud"] == client.endpoints["client_id"]
    assert (told["iat"], told["exp"]) == (clock.now_s, clock.now_s + 3600)
    assert told["email"] == told["preferred_username"] == ALICE
    assert token["scope"] == SCOPE


def test_openid_id_token_comes_with_each_refresh(client, clock):
    token = client.acquire(SCOPE)
    first = claims(client, token)
    for _ in range(2):
        clock.now_s += 1000
        token = client.refresh(token).json()
        again = claims(client, token)
        assert again["sub"] == first["sub"] and again["email"] == ALICE
        assert (again["iat"], again["exp"]) == (clock.now_s, clock.now_s + 3600)


def test_openid_id_token_comes_with_a_refresh_of_narrowed_scope(client):
    token = client.refresh(client.acquire(SCOPE), scope="mail.send").json()
    assert token["scope"] == "mail.send"
    assert claims(client, token)["email"] == ALICE


def test_openid_id_token_names_the_account_that_really_signed_in(client):
    alice, bob = (claims(client, acquire_as(client, account)) for account in (ALICE, BOB))
    assert (alice["email"], bob["email"]) == (ALICE, BOB)
    assert alice["sub"] != bob["sub"] and "@" not in alice["sub"] + bob["sub"]


def test_openid_id_token_with_a_changed_letter_does_not_verify(client):
    token = client.acquire(SCOPE)
    head, body, signature = token["id_token"].split(".")
    changed = ("B" if signature[0] == "A" else "A") + signature[1:]
    with pytest.raises(BadSignatureError):
        claims(client, {"id_token": f"{head}.{body}.{changed}"})


def test_openid_without_the_scope_no_id_token_is_given(client):
    token = client.acquire("mail.send offline_access email")
    assert "id_token" not in token
    assert "id_token" not in client.refresh(token).json()
    assert "id_token" not in acquire_by_code(client, "mail.send")


def test_openid_application_may_not_ask_for_it(client):
    form = {"client_" + key: client.endpoints["app_client_" + key] for key in ("id", "secret")}
    answer = client.post(
        "token_endpoint", grant_type="client_credentials", scope="mail.send openid", **form
    )
    assert answer.json()["scope"] == "mail.send" and "id_token" not in answer.json()


def test_openid_id_tokens_switched_off_only_userinfo_tells(tmp_path, make_client):
    with Sandbox(tmp_path, id_tokens=False) as sandbox:
        client = make_client(sandbox.endpoints)
        first = acquire_as(client, BOB)
        second = client.refresh(first).json()
        assert "id_token" not in first and "id_token" not in second
        assert userinfo(client, second).json()["email"] == BOB


@pytest.mark.parametrize("account", [ALICE, BOB])
def test_userinfo_tells_what_the_id_token_tells(client, account):
    token = acquire_as(client, account)
    answer = userinfo(client, token)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    told = claims(client, token)
    assert answer.json() == {name: told[name] for name in ("sub", "email", "preferred_username")}
    assert answer.json()["email"] == account


def assert_unauthorized(answer, challenge):
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="mfpmail sandbox"' + challenge
    assert "@" not in answer.text


@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic eDp5"}])
def test_userinfo_without_a_token_is_refused_without_an_error(client, header):
    assert_unauthorized(userinfo_with(client, header), "")


@pytest.mark.parametrize("value", ["Bearer", "Bearer made-up", "bearer \xe9"])
def test_userinfo_with_a_made_up_token_is_refused(client, value):
    answer = userinfo_with(client, {"Authorization": value})
    assert_unauthorized(answer, ', error="invalid_token"')


def test_userinfo_with_a_refresh_token_is_refused(client):
    token = client.acquire(SCOPE)
    answer = userinfo(client, {"access_token": token["refresh_token"]})
    assert_unauthorized(answer, ', error="invalid_token"')


def test_userinfo_without_the_scope_is_refused(client):
    full = client.acquire(SCOPE)
    for token in (client.acquire(), client.refresh(full, scope="mail.send email").json()):
        assert_unauthorized(userinfo(client, token), ', error="insufficient_scope"')


def test_userinfo_with_an_expired_or_revoked_token_is_refused(client, sandbox, clock):
    token = client.acquire(SCOPE)
    clock.now_s += 3600
    assert_unauthorized(userinfo(client, token), ', error="invalid_token"')
    token = client.acquire(SCOPE)
    sandbox.auth.revoke_all()
    assert_unauthorized(userinfo(client, token), ', error="invalid_token"')


def test_openid_key_changes_over_a_restart_and_tokens_stay_good(tmp_path, make_client):
    with Sandbox(tmp_path) as sandbox:
        client = make_client(sandbox.endpoints)
        before = client.acquire(SCOPE)
        subject = claims(client, before)["sub"]
    with Sandbox(tmp_path) as sandbox:
        assert userinfo(client, before).json()["sub"] == subject
        after = client.refresh(before).json()
        assert claims(client, after)["sub"] == subject
        with pytest.raises(InvalidKeyIdError):
            claims(client, before)


def test_openid_events_never_hold_an_id_token(client, events):
    token = client.acquire(SCOPE)
    userinfo(client, token)
    told = "\n".join(events)
    assert token["id_token"] not in told and token["access_token"] not in told
