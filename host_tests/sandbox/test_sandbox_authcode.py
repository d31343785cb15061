"""The authorization code grant with PKCE: requests, pages, redirects, codes."""

import re
from urllib.parse import urlsplit

import pytest
import requests

from sandbox.approve import ApprovalError
from sandbox.sandbox import Sandbox

ALICE = "alice@sandbox.test"
STATE = "st&te=1 +%~"


@pytest.fixture
def browser(client):
    with requests.Session() as session:
        session.trust_env = False
        session.verify = client.endpoints["ca_pem"]
        yield session


def submit(browser, page, button, **fields):
    """Sends the form with this button, hidden fields and all, as a browser does."""
    form = next(f for f in re.findall(r"<form.*?</form>", page.text, re.S) if button in f)
    hidden = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form))
    hidden = {name: unescape(value) for name, value in hidden.items()}
    action = unescape(re.search(r'action="([^"]*)"', form).group(1))
    url = "https://" + urlsplit(page.url).netloc + action
    return browser.post(url, data={**hidden, **fields}, timeout=10, allow_redirects=False)


def unescape(text):
    return text.replace("&amp;", "&").replace("&#39;", "'")


def sign_in(browser, client, page):
    person = {"username": ALICE, "password": client.endpoints["account_password"]}
    answer = submit(browser, page, "Sign in", **person)
    assert answer.status_code == 303
    return browser.get(client.endpoints["issuer"] + answer.headers["Location"], timeout=10)


def test_authcode_metadata_names_the_grants(client):
    url = client.endpoints["issuer"] + "/.well-known/oauth-authorization-server"
    metadata = requests.get(url, verify=client.endpoints["ca_pem"], timeout=10).json()
    assert metadata["authorization_endpoint"] == client.endpoints["authorization_endpoint"]
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["response_modes_supported"] == ["query"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert set(metadata["grant_types_supported"]) == {
        "urn:ietf:params:oauth:grant-type:device_code",
        "authorization_code",
        "refresh_token",
        "client_credentials",
    }


def test_authcode_approved_gives_both_tokens_and_the_state(client):
    answer = client.authorize()
    assert client.redirect.startswith("http://127.0.0.1:8765/?code=")
    assert set(answer) == {"code", "state"} and answer["state"] == STATE
    token = client.exchange(answer["code"]).json()
    assert token["token_type"] == "Bearer" and token["expires_in"] == 3600
    assert token["scope"] == "mail.send mail.pop offline_access"
    assert client.refresh(token).status_code == 200


def test_authcode_denied_says_access_denied(client):
    answer = client.authorize(decision="deny")
    assert answer["error"] == "access_denied" and answer["state"] == STATE
    assert "code" not in answer


def test_authcode_without_offline_access_gives_no_refresh_token(client):
    answer = client.authorize(client.authorization_uri(scope="mail.send", state=None))
    assert set(answer) == {"code"}
    assert "refresh_token" not in client.exchange(answer["code"]).json()


@pytest.mark.parametrize(
    ("redirect_uri", "shown"),
    [
        ("http://127.0.0.1", "http://127.0.0.1/?code="),
        ("http://127.0.0.1:1", "http://127.0.0.1:1/?code="),
        ("http://127.0.0.1:65535/a/b~c", "http://127.0.0.1:65535/a/b~c?code="),
    ],
)
def test_authcode_loopback_redirect_of_any_port_is_accepted(client, redirect_uri, shown):
    answer = client.authorize(client.authorization_uri(redirect_uri=redirect_uri))
    assert client.redirect.startswith(shown)
    token = client.exchange(answer["code"], redirect_uri=redirect_uri)
    assert token.status_code == 200


@pytest.mark.parametrize(
    "redirect_uri",
    [
        None,
        "",
        "https://127.0.0.1:8765/",
        "http://localhost:8765/",
        "http://127.0.0.2:8765/",
        "http://127.0.0.1.example.org/",
        "http://127.0.0.1:80@example.org/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:65536/",
        "http://127.0.0.1:8765/?next=1",
        "http://127.0.0.1:8765/#part",
        'http://127.0.0.1:8765/"\\',
        "http://127.0.0.1:8765/\u03b1",
        "http://127.0.0.1:8765/\n",
        "urn:ietf:wg:oauth:2.0:oob",
    ],
)
def test_authcode_other_redirect_is_refused_on_a_page(client, browser, redirect_uri):
    uri = client.authorization_uri(redirect_uri=redirect_uri)
    page = browser.get(uri, timeout=10, allow_redirects=False)
    assert page.status_code == 400 and "no loopback address" in page.text


@pytest.mark.parametrize("client_id", [None, "nobody", "mfpmail-app", "sandbox-mail-servers"])
def test_authcode_client_without_this_grant_is_refused_on_a_page(client, browser, client_id):
    uri = client.authorization_uri(client_id=client_id)
    page = browser.get(uri, timeout=10, allow_redirects=False)
    assert page.status_code == 400 and "cannot go on" in page.text
    with pytest.raises(ApprovalError):
        client.authorize(uri)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "mail.send files.read"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
    ],
)
def test_authcode_bad_request_goes_back_to_the_client(client, fields, error):
    answer = client.authorize(client.authorization_uri(**fields))
    assert answer["error"] == error and answer["state"] == STATE
    assert "code" not in answer


@pytest.mark.parametrize("response_type", ['co"de', "a\\b", "\u03ba"])
def test_authcode_malformed_response_type_is_refused_on_a_page(client, browser, response_type):
    uri = client.authorization_uri(response_type=response_type)
    page = browser.get(uri, timeout=10, allow_redirects=False)
    assert page.status_code == 400 and "malformed" in page.text


def test_authcode_field_given_twice_is_refused(client, browser):
    page = browser.get(client.authorization_uri() + "&scope=mail.pop", timeout=10)
    assert page.status_code == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"code_verifier": "another-verifier-of-43-characters-0123456789"},
        {"redirect_uri": "http://127.0.0.1:8766/"},
        {"redirect_uri": None},
        {"code": "made-up"},
    ],
)
def test_authcode_exchange_that_does_not_fit_is_refused(client, fields):
    code = client.authorize()["code"]
    assert client.error_of(client.exchange(**{"code": code, **fields})) == (400, "invalid_grant")
    assert client.exchange(code).status_code == 200  # a guess does not cost the code


def test_authcode_exchange_without_verifier_is_refused(client):
    code = client.authorize()["code"]
    refusal = client.exchange(code, code_verifier=None)
    assert client.error_of(refusal) == (400, "invalid_request")


def test_authcode_reuse_revokes_the_grant_and_no_other(client, sandbox):
    other = client.acquire()
    code = client.authorize()["code"]
    token = client.exchange(code).json()
    assert client.error_of(client.exchange(code)) == (400, "invalid_grant")
    assert client.error_of(client.refresh(token)) == (400, "invalid_grant")
    assert sandbox.auth._store.find_access_token(token["access_token"]) is None
    assert client.refresh(other).status_code == 200


def test_authcode_reuse_after_a_refresh_and_its_expiry_revokes_the_grant(client, clock):
    code = client.authorize()["code"]
    token = client.refresh(client.exchange(code).json()).json()
    clock.now_s += 301
    assert client.error_of(client.exchange(code)) == (400, "invalid_grant")
    assert client.error_of(client.refresh(token)) == (400, "invalid_grant")


def test_authcode_expires_after_300_seconds(client, clock):
    early, late = client.authorize()["code"], client.authorize()["code"]
    clock.now_s += 299
    assert client.exchange(early).status_code == 200
    clock.now_s += 1
    assert client.error_of(client.exchange(late)) == (400, "invalid_grant")


def test_authcode_lives_as_long_as_told_and_over_a_restart(tmp_path, clock, make_client):
    options = {"clock": clock, "authorization_code_expires_in_s": 30}
    with Sandbox(tmp_path, **options) as sandbox:
        early, late = (make_client(sandbox.endpoints).authorize()["code"] for _ in range(2))
        assert early not in (tmp_path / "tokens.json").read_text()
    with Sandbox(tmp_path, **options) as sandbox:
        client = make_client(sandbox.endpoints)
        clock.now_s += 29
        assert client.exchange(early).status_code == 200
        clock.now_s += 1
        assert client.error_of(client.exchange(late)) == (400, "invalid_grant")


def test_authcode_pages_lead_from_the_sign_in_to_the_code(client, browser):
    page = browser.get(client.authorization_uri(), timeout=10)
    page = sign_in(browser, client, page)
    assert "send mail as you" in page.text and "show this code" not in page.text
    # Browsers hold the redirect after a form to this policy too.
    assert "form-action 'self' http://127.0.0.1:*" in page.headers["Content-Security-Policy"]
    answer = submit(browser, page, "Approve", decision="approve")
    assert answer.is_redirect and "code=" in answer.headers["Location"]


def test_authcode_pages_another_account_comes_back_to_the_request(client, browser):
    page = sign_in(browser, client, browser.get(client.authorization_uri(), timeout=10))
    answer = submit(browser, page, "Use another account")
    page = browser.get(client.endpoints["issuer"] + answer.headers["Location"], timeout=10)
    assert "<h1>Sign in</h1>" in page.text
    page = sign_in(browser, client, page)
    assert "asks for access" in page.text


def test_authcode_decision_without_sign_in_or_csrf_token_is_refused(client, browser):
    uri = client.authorization_uri()
    page = browser.get(uri, timeout=10)
    token = re.search(r'csrf_token" value="([^"]+)', page.text).group(1)
    form = {"csrf_token": token, "decision": "approve"}
    assert browser.post(uri, data=form, timeout=10).status_code == 403
    sign_in(browser, client, page)
    assert browser.post(uri, data={"decision": "approve"}, timeout=10).status_code == 403


def test_authcode_request_in_the_address_is_escaped(client, browser):
    uri = client.authorization_uri() + '&x="><script>x</script>'
    assert "<script" not in browser.get(uri, timeout=10).text


def test_authcode_events_tell_the_story_without_the_code(client, events):
    code = client.authorize()["code"]
    client.exchange(code)
    client.exchange(code)
    told = "\n".join(events)
    assert f"approved: {ALICE}, authorization_code" in told
    assert f"code used again: grant of {ALICE} revoked" in told
    assert code not in told
