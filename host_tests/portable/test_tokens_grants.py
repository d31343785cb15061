"""service/tokens.py: sign-in by redirect (authorization code) and as an application."""

from fakes.keeper import HTML, NO_NETWORK, Bench
from fakes.provider import refused, tokens
from mfpmail.core.token import ACQUIRED, AWAITING_AUTH, NOT_ACQUIRED
from support import failure_of, run

REDIRECT = {
    "grant": "authorization_code",
    "authorization_endpoint": "https://provider.test/authorize",
}
APPLICATION = {"grant": "client_credentials", "client_secret": "a~b+c%d"}


def bench_with(changes, *answers):
    bench = Bench(*answers)
    bench.configuration.put("smtp", changes, False)
    return bench


def redirected(*answers):
    """Return a bench whose redirect sign-in has begun, and the state that it sent along."""
    bench = bench_with(REDIRECT, *answers)
    uri = run(bench.keeper.start())["authorization_uri"]
    return bench, uri.split("&state=")[1].split("&")[0]


def paste(bench, text):
    return bench.keeper.take_redirect(text)


def test_redirect_whole_way_ends_with_a_token():
    bench, state = redirected(tokens())
    assert bench.keeper.state == AWAITING_AUTH
    assert bench.http.requests == []
    run(paste(bench, "http://127.0.0.1:8765/?code=code-1&state=" + state))
    assert bench.keeper.state == ACQUIRED
    _, body = bench.http.requests[0]
    assert "grant_type=authorization_code&code=code-1&" in body
    assert "&code_verifier=" in body
    assert run(bench.keeper.access_token()) == "access-1"


def test_redirect_code_alone_is_enough():
    bench, _ = redirected(tokens())
    run(paste(bench, " code-1 \n"))
    assert bench.keeper.state == ACQUIRED


def test_redirect_of_another_sign_in_changes_nothing():
    bench, _ = redirected()
    assert failure_of(paste(bench, "http://127.0.0.1/?code=x&state=y")).code == "redirect_state"
    assert failure_of(paste(bench, "")).code == "redirect_empty"
    assert bench.keeper.state == AWAITING_AUTH
    assert bench.http.requests == []


def test_redirect_denied_by_the_person_ends_the_grant():
    bench, state = redirected()
    error = failure_of(paste(bench, "http://127.0.0.1/?error=access_denied&state=" + state))
    assert error.code == "access_denied"
    assert (bench.keeper.state, bench.keeper.public()["reason"]) == (NOT_ACQUIRED, "access_denied")


def test_redirect_trouble_on_the_way_can_be_pasted_again():
    bench, state = redirected(NO_NETWORK, HTML, refused("temporarily_unavailable", 503), tokens())
    address = "http://127.0.0.1:8765/?code=code-1&state=" + state
    for code in ("connect", "provider_not_json", "temporarily_unavailable"):
        assert failure_of(paste(bench, address)).code == code
        assert bench.keeper.state == AWAITING_AUTH
    run(paste(bench, address))
    assert bench.keeper.state == ACQUIRED


def test_redirect_survives_a_restart():
    bench, state = redirected()
    bench.restart()
    bench.http.answers = [tokens()]
    run(paste(bench, "http://127.0.0.1:8765/?code=code-1&state=" + state))
    assert bench.keeper.state == ACQUIRED


def test_redirect_nobody_finishes_ends_after_an_hour():
    bench, _ = redirected()
    assert bench.poll_after(3599) == AWAITING_AUTH
    assert bench.poll_after(1) == NOT_ACQUIRED
    assert bench.keeper.public()["reason"] == "expired_token"


def test_redirect_without_a_sign_in_is_refused():
    assert failure_of(paste(Bench(), "code-1")).code == "no_sign_in"
    bench = Bench().started()
    assert failure_of(paste(bench, "code-1")).code == "no_sign_in"


def test_redirect_secrets_are_shown_to_nobody_and_forgotten():
    bench, _ = redirected(tokens())
    shown = bench.keeper.public()
    assert "code_verifier" not in shown
    assert "oauth_state" not in shown
    run(paste(bench, "code-1"))
    stored = bench.files.content["tokens/smtp"]
    assert b'"code_verifier": ""' in stored
    assert b'"authorization_uri": ""' in stored


def test_application_gets_its_token_at_once_and_renews_it_the_same_way():
    bench = bench_with(APPLICATION, tokens(1, refresh_token=None), tokens(2, refresh_token=None))
    assert run(bench.keeper.start())["state"] == ACQUIRED
    bench.clock.advance_s(3599)
    assert run(bench.keeper.access_token()) == "access-2"
    for _, body in bench.http.requests:
        assert body.startswith("grant_type=client_credentials&")
        assert body.endswith("&client_secret=a~b%2Bc%25d")


def test_application_wrong_secret_stays_not_acquired_with_the_reason():
    bench = bench_with(APPLICATION, refused("invalid_client", 401))
    assert failure_of(bench.keeper.start()).code == "invalid_client"
    assert (bench.keeper.state, bench.keeper.public()["reason"]) == (NOT_ACQUIRED, "invalid_client")


def test_application_secret_that_expired_keeps_the_state_and_tells_the_cause():
    bench = bench_with(APPLICATION, tokens(1, refresh_token=None), refused("invalid_client", 401))
    run(bench.keeper.start())
    bench.clock.advance_s(3599)
    assert failure_of(bench.keeper.access_token()).code == "invalid_client"
    assert bench.keeper.state == ACQUIRED


def test_grant_with_missing_fields_tells_all_of_them():
    bench = bench_with({"grant": "authorization_code", "client_id": ""})
    error = failure_of(bench.keeper.start())
    assert sorted(error.fields) == ["authorization_endpoint", "client_id"]
