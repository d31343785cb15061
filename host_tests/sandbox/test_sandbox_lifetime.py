"""Refresh tokens that end: counted from the sign-in, or from the last refresh."""

import json

import pytest

from sandbox.sandbox import Sandbox

DAY_S = 86400
WEEK_S = 7 * DAY_S
LEFT = "refresh_token_expires_in"


@pytest.fixture
def start(tmp_path, clock, make_client):
    """Starts sandboxes in one folder, one after the other; gives a client of the newest."""
    running = []

    def start(**options):
        stop()
        running.append(Sandbox(tmp_path, clock=clock, **options))
        running[-1].start()
        return make_client(running[-1].endpoints)

    def stop():
        while running:
            running.pop().stop()

    yield start
    stop()


def test_lifetime_is_not_told_and_never_ends_unless_asked_for(client, clock):
    token = client.acquire()
    assert LEFT not in token
    clock.now_s += 1000 * DAY_S
    token = client.refresh(token).json()
    assert LEFT not in token


def test_lifetime_from_the_sign_in_is_told_with_the_seconds_left(start, clock):
    client = start(refresh_token_expires_in_s=WEEK_S)
    token = client.acquire()
    assert token[LEFT] == WEEK_S
    for day in range(1, 7):
        clock.now_s += DAY_S
        token = client.refresh(token).json()
        assert token[LEFT] == WEEK_S - day * DAY_S
    clock.now_s += DAY_S - 1
    token = client.refresh(token).json()
    assert token[LEFT] == 1
    clock.now_s += 1
    assert client.error_of(client.refresh(token)) == (400, "invalid_grant")


def test_lifetime_sliding_starts_anew_with_every_refresh(start, clock):
    client = start(refresh_token_expires_in_s=WEEK_S, refresh_token_sliding=True)
    token = client.acquire()
    for _ in range(5):
        assert token[LEFT] == WEEK_S
        clock.now_s += WEEK_S - 1
        token = client.refresh(token).json()
    clock.now_s += WEEK_S
    assert client.error_of(client.refresh(token)) == (400, "invalid_grant")


def test_lifetime_of_an_authorization_code_sign_in_starts_with_the_exchange(start, clock):
    client = start(refresh_token_expires_in_s=WEEK_S)
    code = client.authorize()["code"]
    clock.now_s += 100
    token = client.exchange(code).json()
    assert token[LEFT] == WEEK_S
    clock.now_s += WEEK_S
    assert client.error_of(client.refresh(token)) == (400, "invalid_grant")


def test_lifetime_is_not_told_without_a_refresh_token(start):
    client = start(refresh_token_expires_in_s=WEEK_S)
    token = client.acquire("mail.send")
    assert "refresh_token" not in token and LEFT not in token


def test_lifetime_at_its_end_a_new_sign_in_lives_its_full_time(start, clock):
    client = start(refresh_token_expires_in_s=WEEK_S)
    ended = client.acquire()
    clock.now_s += WEEK_S
    assert client.error_of(client.refresh(ended)) == (400, "invalid_grant")
    token = client.acquire()
    assert token[LEFT] == WEEK_S and client.refresh(token).status_code == 200


def test_lifetime_at_its_end_the_access_token_is_still_good(start, clock):
    client = start(refresh_token_expires_in_s=60)
    token = client.acquire("mail.send offline_access openid")
    clock.now_s += 60
    form = {"token": token["refresh_token"], "client_id": client.endpoints["client_id"]}
    assert client.post("revocation_endpoint", **form).status_code == 200  # RFC 7009 section 2.2
    url = client.endpoints["userinfo_endpoint"]
    assert client.get(url, token["access_token"]).status_code == 200


def test_lifetime_goes_on_over_a_restart(start, clock):
    options = {"refresh_token_expires_in_s": WEEK_S}
    token = start(**options).acquire()
    clock.now_s += DAY_S
    client = start(**options)
    token = client.refresh(token).json()
    assert token[LEFT] == 6 * DAY_S
    clock.now_s += 6 * DAY_S
    assert client.error_of(start(**options).refresh(token)) == (400, "invalid_grant")


def test_lifetime_of_a_token_from_before_the_option_starts_with_its_refresh(start, clock):
    token = start().acquire()
    clock.now_s += 30 * DAY_S
    client = start(refresh_token_expires_in_s=WEEK_S)
    token = client.refresh(token).json()
    assert token[LEFT] == WEEK_S
    clock.now_s += WEEK_S
    assert client.error_of(client.refresh(token)) == (400, "invalid_grant")


def test_lifetime_of_a_lost_answer_is_that_of_the_sign_in(start, clock):
    client = start(refresh_token_expires_in_s=WEEK_S, refresh_grace_s=60)
    first = client.acquire()
    clock.now_s += DAY_S
    client.refresh(first)
    clock.now_s += 30
    assert client.refresh(first).json()[LEFT] == 6 * DAY_S - 30


def test_lifetime_ended_tokens_are_forgotten_after_a_day_and_others_kept(start, clock, tmp_path):
    kept = start().acquire()
    client = start(refresh_token_expires_in_s=60)
    client.acquire()
    clock.now_s += 60 + DAY_S + 1
    client.begin()
    assert len(json.loads((tmp_path / "tokens.json").read_text())["refresh_tokens"]) == 1
    assert client.refresh(kept).status_code == 200
