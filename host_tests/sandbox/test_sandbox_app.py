"""The client credentials grant: an application that acts for every account."""

import base64
import poplib
import smtplib
from urllib.parse import quote, quote_plus

import pytest
import requests

from sandbox.accounts import APP_CLIENT_SECRET

ALICE, BOB = "alice@sandbox.test", "bob@sandbox.test"
GRANT = "client_credentials"


def ask(client, secret=None, **fields):
    """The answer to a request with client_secret_post."""
    form = {
        "grant_type": GRANT,
        "client_id": client.endpoints["app_client_id"],
        "client_secret": secret or client.endpoints["app_client_secret"],
        "scope": "mail.send mail.pop",
    }
    return client.post("token_endpoint", **{**form, **fields})


def ask_basic(client, encode):
    """The answer to a request with client_secret_basic; `encode` is applied to both parts."""
    parts = (client.endpoints["app_client_id"], client.endpoints["app_client_secret"])
    credentials = ":".join(encode(part) for part in parts).encode()
    return requests.post(
        client.endpoints["token_endpoint"],
        data={"grant_type": GRANT, "scope": "mail.send"},
        headers={"Authorization": "Basic " + base64.b64encode(credentials).decode()},
        verify=client.endpoints["ca_pem"],
        timeout=10,
    )


def smtp_reply(client, token, user):
    """The status code of SMTP's last reply to this token."""
    port = client.endpoints["smtp_tls_port"]
    with smtplib.SMTP_SSL("localhost", port, context=client.tls_context(), timeout=10) as smtp:
        smtp.ehlo()
        response = base64.b64encode(client.xoauth2(token, user).encode()).decode()
        code, _ = smtp.docmd("AUTH XOAUTH2 " + response)
        return smtp.docmd("")[0] if code == 334 else code


def pop_reply(client, token, user):
    """POP3's last reply to this token."""
    port = client.endpoints["pop3_tls_port"]
    pop = poplib.POP3_SSL("localhost", port, context=client.tls_context(), timeout=10)
    try:
        pop._putcmd("AUTH XOAUTH2")
        assert pop._getline()[0] == b"+ "
        pop._putline(base64.b64encode(client.xoauth2(token, user).encode()))
        reply = pop._getline()[0]
        if reply.startswith(b"+ "):
            pop._putline(b"")
            reply = pop._getline()[0]
        return reply
    finally:
        pop.close()


def test_app_secret_holds_what_needs_encoding(client):
    assert set("~+%&") <= set(client.endpoints["app_client_secret"])


def test_app_secret_post_gives_an_access_token_only(client):
    answer = ask(client)
    assert answer.status_code == 200
    token = answer.json()
    assert token["token_type"] == "Bearer" and token["expires_in"] == 3600
    assert token["scope"] == "mail.send mail.pop"
    assert "refresh_token" not in token


def test_app_offline_access_is_left_out_and_gives_no_refresh_token(client):
    token = ask(client, scope="mail.send offline_access").json()
    assert token["scope"] == "mail.send" and "refresh_token" not in token


@pytest.mark.parametrize("encode", [quote_plus, lambda text: quote(text, safe="~")])
def test_app_secret_basic_form_encoded_is_accepted(client, encode):
    assert ask_basic(client, encode).json()["scope"] == "mail.send"


def test_app_secret_basic_not_encoded_is_refused(client):
    # RFC 6749 section 2.3.1: both parts are form-encoded first.
    assert client.error_of(ask_basic(client, str)) == (401, "invalid_client")


@pytest.mark.parametrize(
    "secret", ["wrong", "\u03b1", "app~in the%sandbox", quote_plus(APP_CLIENT_SECRET)]
)
def test_app_wrong_secret_is_refused(client, secret):
    assert client.error_of(ask(client, secret)) == (401, "invalid_client")


def test_app_without_secret_or_by_the_public_client_is_refused(client):
    assert client.error_of(ask(client, client_secret=None)) == (401, "invalid_client")
    form = {"client_id": client.endpoints["client_id"], "client_secret": None}
    assert client.error_of(ask(client, **form)) == (401, "invalid_client")


@pytest.mark.parametrize("scope", [None, "offline_access", "mail.send files.read"])
def test_app_bad_scope_is_refused(client, scope):
    assert client.error_of(ask(client, scope=scope)) == (400, "invalid_scope")


@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token"])
def test_app_grants_of_people_are_refused(client, grant):
    answer = ask(client, grant_type=grant, code="x", refresh_token="x")
    assert client.error_of(answer) == (400, "unauthorized_client")


@pytest.mark.parametrize("user", [ALICE, BOB, "Bob@Sandbox.Test"])
def test_app_token_serves_every_account(client, user):
    token = ask(client).json()
    assert smtp_reply(client, token, user) == 235
    assert pop_reply(client, token, user).startswith(b"+OK")


@pytest.mark.parametrize("user", ["nobody@sandbox.test", "mfpmail-app", " "])
def test_app_token_for_no_account_is_refused(client, user):
    token = ask(client).json()
    assert smtp_reply(client, token, user) == 535
    assert pop_reply(client, token, user).startswith(b"-ERR [AUTH]")


def test_app_token_serves_its_scope_only(client):
    token = ask(client, scope="mail.send").json()
    assert smtp_reply(client, token, ALICE) == 235
    assert pop_reply(client, token, ALICE).startswith(b"-ERR [AUTH]")
    token = ask(client, scope="mail.pop").json()
    assert smtp_reply(client, token, ALICE) == 535
    assert pop_reply(client, token, ALICE).startswith(b"+OK")


def test_app_token_expired_or_revoked_is_refused(client, sandbox, clock):
    token = ask(client).json()
    clock.now_s += 3600
    assert smtp_reply(client, token, ALICE) == 535
    token = ask(client).json()
    form = {key: client.endpoints["app_" + key] for key in ("client_id", "client_secret")}
    answer = client.post("revocation_endpoint", token=token["access_token"], **form)
    assert answer.status_code == 200
    assert smtp_reply(client, token, ALICE) == 535


def test_app_token_of_a_person_still_serves_that_person_only(client):
    token = client.acquire()
    assert smtp_reply(client, token, BOB) == 535
    assert pop_reply(client, token, BOB).startswith(b"-ERR [AUTH]")


def test_app_events_name_the_client_but_no_secret(client, events):
    token = ask(client).json()
    told = "\n".join(events)
    assert "token issued: mfpmail-app, scope mail.send mail.pop" in told
    assert token["access_token"] not in told
    assert client.endpoints["app_client_secret"] not in told
