"""session/provider.py: what goes to the provider, and what its answer becomes."""

from fakes.keeper import HTML, NO_NETWORK
from fakes.provider import DEVICE_ANSWER, FakeHttp, refused, tokens
from mfpmail.core import errors
from mfpmail.core.fields import defaults
from mfpmail.core.providers import resolve
from mfpmail.session.provider import ProviderClient
from support import OAUTH, failure_of, run


def client(answer, **changes):
    setting = defaults("smtp")
    setting.update(OAUTH)
    setting.update(changes)
    http = FakeHttp([answer])
    return ProviderClient(http), resolve(setting, "smtp")[0], http


def test_authorize_device_asks_with_client_and_scope_and_without_a_secret():
    session, provider, http = client((200, DEVICE_ANSWER), client_secret="geheim")
    assert run(session.authorize_device(provider))["user_code"] == "ABCD-EFGH"
    url, body = http.requests[0]
    assert url == OAUTH["device_authorization_endpoint"]
    assert body == "client_id=client-1&scope=mail%20offline_access"


def test_poll_sends_the_device_code_and_the_secret_as_it_was_entered():
    session, provider, http = client(tokens(), client_secret="a+b%c~d e")
    assert run(session.poll(provider, "code&1"))["access_token"] == "access-1"
    url, body = http.requests[0]
    assert url == OAUTH["token_endpoint"]
    assert "device_code=code%261&" in body
    assert body.endswith("client_secret=a%2Bb%25c~d%20e")


def test_refresh_sends_the_refresh_token():
    session, provider, http = client(tokens(2))
    assert run(session.refresh(provider, "refresh-1"))["refresh_token"] == "refresh-2"
    assert "grant_type=refresh_token&refresh_token=refresh-1" in http.requests[0][1]


def test_every_call_passes_an_answer_that_is_an_error_on():
    for answer, code, kind in (
        (refused("invalid_client", 401), "invalid_client", errors.CONFIGURATION),
        (refused("slow_down", 403), "slow_down", errors.PENDING),
        ((428, {"error": "authorization_pending"}), "authorization_pending", errors.PENDING),
        (NO_NETWORK, "connect", errors.TRANSIENT),
        (HTML, "provider_not_json", errors.TRANSIENT),
        ((503, b""), "http_503", errors.TRANSIENT),
    ):
        for call in ("authorize_device", "poll", "refresh"):
            session, provider, _ = client(answer)
            arguments = (provider,) if call == "authorize_device" else (provider, "secret-1")
            error = failure_of(getattr(session, call)(*arguments))
            assert (error.code, error.kind) == (code, kind)
            assert "secret-1" not in error.message
