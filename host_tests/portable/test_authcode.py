"""core/authcode.py: authorization code with PKCE, client credentials, the pasted redirect."""

from mfpmail.core import authcode, errors
from support import failure

PROVIDER = {
    "authorization_endpoint": "https://p.test/authorize",
    "token_endpoint": "https://p.test/token",
    "redirect_uri": "http://127.0.0.1:8765/",
    "client_id": "client 1",
    "client_secret": "",
    "scope": "mail.send offline_access",
    "account": "alice@sandbox.test",
    "authorization_extra": [("prompt", "consent")],
}


def test_base64url_matches_the_example_of_rfc_7636_appendix_b():
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    uri = authcode.authorization_uri(PROVIDER, "s", verifier)
    assert "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&" in uri
    assert "&code_challenge_method=S256&" in uri


def test_authorization_uri_names_all_that_the_provider_needs():
    uri = authcode.authorization_uri(PROVIDER, "state-1", "v" * 43)
    assert uri.startswith("https://p.test/authorize?response_type=code&client_id=client%201&")
    for part in (
        "redirect_uri=http%3A%2F%2F127.0.0.1%3A8765%2F",
        "scope=mail.send%20offline_access",
        "state=state-1",
        "login_hint=alice%40sandbox.test",
        "prompt=consent",
    ):
        assert part in uri
    assert "v" * 43 not in uri


def test_authorization_uri_endpoint_with_a_query_is_kept():
    provider = dict(PROVIDER)
    provider["authorization_endpoint"] = "https://p.test/a?tenant=1"
    uri = authcode.authorization_uri(provider, "s", "v")
    assert uri.startswith("https://p.test/a?tenant=1&response_type=code")


def test_parse_redirect_takes_the_address_or_the_code():
    for pasted in (
        "http://127.0.0.1:8765/?code=a%2Fb%2Bc&state=s1",
        "  http://127.0.0.1:8765/?state=s1&code=a%2Fb%2Bc#end\n",
        "?state=s1&code=a%2Fb%2Bc",
        "state=s1&code=a%2Fb%2Bc",
        "a/b+c",
    ):
        assert authcode.parse_redirect(pasted, "s1") == "a/b+c"


def test_parse_redirect_of_another_sign_in_is_refused():
    for pasted in ("http://127.0.0.1/?code=a&state=other", "http://127.0.0.1/?code=a", "code=a"):
        assert failure(authcode.parse_redirect, pasted, "s1").code == "redirect_state"


def test_parse_redirect_error_of_the_provider_ends_the_flow():
    pasted = "http://127.0.0.1/?error=access_denied&state=s1"
    error = failure(authcode.parse_redirect, pasted, "s1")
    assert (error.code, error.kind) == ("access_denied", errors.FLOW_OVER)


def test_parse_redirect_without_a_code_is_refused():
    for pasted in ("", "   ", "two words", "http://127.0.0.1/?state=s1", "x" * 5000):
        assert failure(authcode.parse_redirect, pasted, "s1").code == "redirect_empty"


def test_unquote_leaves_what_is_no_code():
    for text, plain in (
        ("%ZZ", "%ZZ"),
        ("%", "%"),
        ("a%20b", "a b"),
        ("%CE%B1", "α"),
        ("%FF", "%FF"),
    ):
        assert authcode.unquote(text) == plain


def test_code_token_request_sends_the_verifier():
    url, sent = authcode.code_token_request(PROVIDER, "code/1", "verifier")
    assert url == "https://p.test/token"
    assert sent == (
        b"grant_type=authorization_code&code=code%2F1"
        b"&redirect_uri=http%3A%2F%2F127.0.0.1%3A8765%2F&code_verifier=verifier&client_id=client%201"
    )


def test_client_credentials_request_sends_the_secret_unharmed():
    provider = dict(PROVIDER)
    provider["client_secret"] = "a~b+c%d&e"
    assert authcode.client_credentials_request(provider)[1] == (
        b"grant_type=client_credentials&scope=mail.send%20offline_access"
        b"&client_id=client%201&client_secret=a~b%2Bc%25d%26e"
    )
