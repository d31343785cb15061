"""core/oauth.py: requests as they go out, and every shape of answer."""

import json

from mfpmail.core import errors, oauth
from support import failure

PROVIDER = {
    "device_authorization_endpoint": "https://p.test/device",
    "token_endpoint": "https://p.test/token",
    "client_id": "client 1",
    "client_secret": "",
    "scope": "mail.send offline_access",
}


def body(**fields):
    return json.dumps(fields).encode()


def test_quote_encodes_all_but_unreserved_characters():
    assert oauth.quote("a~b+c%d é&=") == "a~b%2Bc%25d%20%C3%A9%26%3D"


def test_device_authorization_request_names_client_and_scope():
    url, sent = oauth.device_authorization_request(PROVIDER)
    assert url == "https://p.test/device"
    assert sent == b"client_id=client%201&scope=mail.send%20offline_access"


def test_device_token_request_has_the_grant_type_of_rfc_8628():
    _, sent = oauth.device_token_request(PROVIDER, "code/1")
    assert sent == (
        b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"
        b"&device_code=code%2F1&client_id=client%201"
    )


def test_refresh_request_sends_a_secret_only_when_there_is_one():
    assert b"client_secret" not in oauth.refresh_request(PROVIDER, "r")[1]
    with_secret = dict(PROVIDER)
    with_secret["client_secret"] = "s+~%"
    assert oauth.refresh_request(with_secret, "r")[1].endswith(b"client_secret=s%2B~%25")


def test_device_authorization_answer_without_interval_defaults_to_five_seconds():
    grant = oauth.parse_device_authorization(
        200, body(device_code="d", user_code="U", verification_uri="https://p.test/x")
    )
    assert (grant["interval_s"], grant["expires_in"]) == (5, 900)
    assert grant["verification_uri_complete"] == ""


def test_device_authorization_answer_of_google_is_understood():
    grant = oauth.parse_device_authorization(
        200,
        body(device_code="d", user_code="U", verification_url="https://g.test", expires_in="1800"),
    )
    assert (grant["verification_uri"], grant["expires_in"]) == ("https://g.test", 1800)


def test_device_authorization_answer_without_a_code_is_refused():
    for answer in (body(user_code="U", verification_uri="https://p.test"), body(), b"[]", b"1"):
        error = failure(oauth.parse_device_authorization, 200, answer)
        assert error.kind == errors.TRANSIENT


def test_device_authorization_answer_with_a_script_address_is_refused():
    answer = body(device_code="d", user_code="U", verification_uri="javascript:alert(1)")
    assert failure(oauth.parse_device_authorization, 200, answer).code == "provider_answer"


def test_token_answer_expires_in_of_any_shape_becomes_seconds():
    for given, seconds in ((3599, 3599), ("3600", 3600), (None, 3600), ("soon", 3600), (0, 0)):
        tokens = oauth.parse_token(200, body(access_token="a", expires_in=given))
        assert tokens["expires_in"] == seconds
    for given, seconds in ((-5, 0), (31536000, 86400), ([], 3600), (1e3, 1000)):
        tokens = oauth.parse_token(200, body(access_token="a", expires_in=given))
        assert tokens["expires_in"] == seconds


def test_token_answer_without_access_token_is_refused():
    assert failure(oauth.parse_token, 200, body(refresh_token="r")).code == "provider_answer"


def test_token_answer_error_decides_whatever_the_status():
    for status in (200, 400, 401, 403, 428):
        error = failure(oauth.parse_token, status, body(error="authorization_pending"))
        assert (error.code, error.kind) == ("authorization_pending", errors.PENDING)


def test_token_answer_unknown_error_is_transient_only_when_the_server_is_at_fault():
    assert failure(oauth.parse_token, 400, body(error="odd")).kind == errors.CONFIGURATION
    assert failure(oauth.parse_token, 503, body(error="odd")).kind == errors.TRANSIENT
    assert failure(oauth.parse_token, 429, body()).kind == errors.TRANSIENT


def test_token_answer_unknown_error_code_is_made_harmless():
    error = failure(oauth.parse_token, 400, body(error="<script>\r\n" + "x" * 500))
    assert error.code.startswith("_script___x")
    assert len(error.code) <= 40


def test_token_answer_html_instead_of_json_says_so():
    error = failure(oauth.parse_token, 200, b"<!doctype html><title>Welcome</title>")
    assert (error.code, error.kind) == ("provider_not_json", errors.TRANSIENT)
    assert failure(oauth.parse_token, 502, b"<html>").code == "http_502"


def test_token_answer_bad_utf8_says_so():
    assert failure(oauth.parse_token, 200, b"\xff\xfe{").code == "provider_not_json"
