"""Providers and mail servers that cannot be trusted: a named error, no state lost, nothing sent."""

import base64

import pytest
from devices import enter_settings, get_token
from web.hostile_client import refused
from web.hostile_flash import stored
from web.hostile_servers import Certificates, NoServer, http_answer, in_clear, sent_to, web_page

BAD_CERTIFICATES = ("tls_untrusted", "tls_wrong_host", "tls_expired")
MAIL = ("smtp", "ifax")
CLIENT_ID = "client-id-0123456789"
PAGE = b"<!doctype html><title>Sign in to the hotel's network</title>"
CODE = b'{"device_code": "d", "user_code": "u", "verification_uri": "javascript:alert(1)"}'

# the provider's answer: the status and the code of the device's own answer
ANSWERS = {
    "html": (http_answer("200 OK", PAGE, "Content-Type: text/html"), 503, "provider_not_json"),
    "html 403": (http_answer("403 Forbidden", PAGE), 503, "provider_not_json"),
    "html 502": (http_answer("502 Bad Gateway", PAGE), 503, "http_502"),
    "html 429": (http_answer("429 Too Many Requests", PAGE), 503, "http_429"),
    "redirect": (
        http_answer("302 Found", b"", "Location: https://localhost:1/"),
        502,
        "http_redirect",
    ),
    "empty": (http_answer("200 OK"), 503, "provider_not_json"),
    "list": (http_answer("200 OK", b"[]"), 503, "provider_not_json"),
    "no code": (http_answer("200 OK", b"{}"), 503, "provider_answer"),
    "bad address": (http_answer("200 OK", CODE), 503, "provider_answer"),
    "unknown client": (
        http_answer("401 Unauthorized", b'{"error": "invalid_client"}'),
        502,
        "invalid_client",
    ),
    "unknown error": (
        http_answer("400 Bad Request", b'{"error": "\\u0000<b>"}'),
        502,
        "__b_",
    ),
    "too large": (http_answer("200 OK", b" " * 70000), 502, "http_too_large"),
    "no HTTP": (b"220 mail.example ESMTP\r\n", 502, "http_malformed"),
    "nothing": (b"", 503, "closed"),
}


@pytest.fixture(scope="module")
def certificates(sandbox):
    return Certificates(sandbox.endpoints)


@pytest.fixture(scope="module")
def client(module_device):
    """A client of a device that holds a token for smtp and one for ifax, none for eprint."""
    client = module_device.client()
    enter_settings(client, module_device.endpoints)
    for name in MAIL:
        get_token(client, module_device.endpoints, name)
    return client


def ask_for_token(client, port):
    """Ask the provider on a port for a token; return the device's status and answer."""
    endpoint = "https://localhost:%d/device_authorization" % port
    fields = {"device_authorization_endpoint": endpoint, "client_id": CLIENT_ID}
    client.put_setting("eprint", **fields)
    status, answer = refused(client, "POST", "/api/tokens/eprint/get")
    shown = client.token("eprint")
    assert shown["state"] == "NOT_ACQUIRED"
    assert not shown["user_code"]
    return status, answer


def run_connection_test(client, name, port, security):
    """Run the connection test against a port; the token survives it."""
    before = client.call("GET", "/api/settings/" + name)
    client.put_setting(name, port=port, security=security)
    try:
        return client.call("POST", "/api/settings/%s/test" % name)
    finally:
        client.put_setting(name, port=before["port"], security=before["security"])
        assert client.token(name)["state"] == "ACQUIRED"


def assert_no_token(module_device, name, server):
    """Assert that a server saw neither a token nor the attempt to sign in."""
    token = stored(module_device, "tokens/" + name)["access_token"].encode()
    assert server.connections
    for sent in sent_to(server):
        assert b"AUTH" not in sent
        assert token not in sent
        assert base64.b64encode(token)[4:-4] not in sent


@pytest.mark.parametrize("kind", BAD_CERTIFICATES)
def test_provider_that_cannot_be_verified_is_sent_nothing(client, certificates, kind):
    with certificates.refused(kind) as server:
        status, answer = ask_for_token(client, server.port)
    assert (status, answer["error"]) == (502, kind)
    assert "localhost" in answer["detail"]
    assert answer["message"] and answer["hint"]
    assert len(server.connections) == 1
    assert [bytes(connection.clear) for connection in server.connections] == [b""]
    assert CLIENT_ID.encode() not in sent_to(server)[0]


def test_provider_without_tls_is_sent_nothing(client):
    with web_page() as server:
        status, answer = ask_for_token(client, server.port)
    assert (status, answer["error"]) == (502, "tls_handshake")
    assert CLIENT_ID.encode() not in sent_to(server)[0]


@pytest.mark.parametrize("kind", ANSWERS)
def test_provider_with_unusable_answer_leaves_the_state(client, certificates, kind):
    answer_bytes, status, code = ANSWERS[kind]
    with certificates.http(answer_bytes) as server:
        found, answer = ask_for_token(client, server.port)
    assert (found, answer["error"]) == (status, code)
    assert len(server.connections) == 1  # a redirect is not followed


def test_provider_that_cannot_be_reached_leaves_the_state(client):
    status, answer = ask_for_token(client, NoServer().port)
    assert (status, answer["error"]) == (503, "connect")


def test_provider_by_plain_http_is_refused_when_it_is_entered(client):
    fields = {"token_endpoint": "http://localhost/token", "issuer": "http://localhost"}
    status, answer = refused(client, "PUT", "/api/settings/eprint", json=fields)
    assert (status, set(answer["fields"])) == (422, set(fields))


def test_get_token_with_settings_missing_names_all_of_them(client):
    missing = ("account", "client_id", "scope", "token_endpoint", "device_authorization_endpoint")
    client.put_setting("estatus", provider="custom", **dict.fromkeys(missing, ""))
    status, answer = refused(client, "POST", "/api/tokens/estatus/get")
    assert (status, answer["error"]) == (422, "settings_missing")
    assert set(answer["fields"]) == set(missing)
    assert client.token("estatus")["state"] == "NOT_ACQUIRED"


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"auth_method": "password"}, {"auth_method"}),
        ({"provider": "outlook", "client_id": ""}, {"client_id"}),
        ({"provider": "microsoft", "client_id": "", "account": ""}, {"client_id", "account"}),
    ],
)
def test_get_token_that_the_setting_does_not_allow_says_why(client, module_device, changed, fields):
    enter_settings(client, module_device.endpoints)
    before = client.call("GET", "/api/settings/estatus")
    client.put_setting("estatus", **changed)
    status, answer = refused(client, "POST", "/api/tokens/estatus/get")
    client.put_setting("estatus", **{name: before[name] for name in changed})
    assert (status, answer["error"], set(answer["fields"])) == (422, "settings_missing", fields)


@pytest.mark.parametrize("name", MAIL)
@pytest.mark.parametrize("kind", BAD_CERTIFICATES)
def test_mail_server_that_cannot_be_verified_is_not_shown_the_token(
    client, module_device, certificates, name, kind
):
    with certificates.refused(kind) as server:
        result = run_connection_test(client, name, server.port, "tls")
    assert (result["result"], result["step"]) == ("configuration", "tls")
    assert "localhost" in result["detail"]
    assert result["message"] and result["hint"]
    assert [bytes(connection.clear) for connection in server.connections] == [b""]
    assert_no_token(module_device, name, server)


@pytest.mark.parametrize("name", MAIL)
def test_mail_server_whose_upgrade_cannot_be_verified_is_not_shown_the_token(
    client, module_device, certificates, name
):
    with certificates.upgrade(name, "tls_untrusted") as server:
        result = run_connection_test(client, name, server.port, "starttls")
    assert (result["result"], result["step"]) == ("configuration", "tls")
    assert_no_token(module_device, name, server)


@pytest.mark.parametrize("name", MAIL)
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_mail_server_in_clear_is_not_shown_the_token(client, module_device, name, security):
    with in_clear(name) as server:
        result = run_connection_test(client, name, server.port, security)
    assert (result["result"], result["step"]) == ("configuration", "tls")
    if security == "starttls":
        assert "does not offer" in result["detail"]
    assert_no_token(module_device, name, server)


@pytest.mark.parametrize("name", MAIL)
def test_mail_server_that_cannot_be_reached_is_told(client, name):
    result = run_connection_test(client, name, NoServer().port, "tls")
    assert (result["result"], result["step"]) == ("transient", "connect")


@pytest.mark.parametrize("name", ["eprint", "estatus"])
def test_connection_test_without_token_says_so(client, name):
    result = client.call("POST", "/api/settings/%s/test" % name)
    assert (result["result"], result["step"]) == ("invalid", "token")
    assert "Get Token" in result["hint"]


@pytest.mark.parametrize("name", MAIL)
def test_connection_test_of_the_right_server_is_ok_afterwards(client, module_device, name):
    enter_settings(client, module_device.endpoints)
    result = client.call("POST", "/api/settings/%s/test" % name)
    assert (result["result"], result["step"]) == ("ok", "done")
