"""The fault switches between a device and the authorization server."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from sandbox.sandbox import Sandbox

PAGE = "<!doctype html>"


def is_page(answer):
    return answer.status_code == 200 and answer.text.startswith(PAGE)


def test_throttle_answers_429_with_retry_after_and_then_no_more(client, sandbox):
    token = client.acquire()
    asked = sandbox.counters["token_requests"]
    sandbox.auth.throttle(2, retry_after_s=7)
    for _ in range(2):
        answer = client.refresh(token)
        assert answer.status_code == 429 and answer.headers["Retry-After"] == "7"
        assert answer.json()["error"] == "temporarily_unavailable"
    assert client.refresh(token).status_code == 200  # the refresh token was not spent
    assert sandbox.counters["token_requests"] == asked + 3


def test_throttle_leaves_other_endpoints_alone(client, sandbox):
    token = client.acquire()
    sandbox.auth.throttle(1, 1)
    device = client.begin()
    client.decide(device)
    form = {"token": token["access_token"], "client_id": client.endpoints["client_id"]}
    assert client.post("revocation_endpoint", **form).status_code == 200
    assert client.poll(device).status_code == 429
    assert client.poll(device).status_code == 200  # what was throttled is no poll


def test_throttle_hits_so_many_of_many_at_once(client, sandbox):
    sandbox.auth.throttle(5, 1)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: client.exchange("made-up").status_code, range(10)))
    assert sorted(answers) == [400] * 5 + [429] * 5


EXTRA = {"throttle": (1,), "refuse": ("invalid_grant",), "lose_answer": (), "answer_html": ()}


@pytest.mark.parametrize("switch", list(EXTRA))
def test_fault_of_count_zero_ends_it(client, sandbox, switch):
    token = client.acquire()
    extra = EXTRA[switch]
    getattr(sandbox.auth, switch)(100, *extra)
    getattr(sandbox.auth, switch)(0, *extra)
    assert client.refresh(token).status_code == 200


def test_answer_html_hits_every_endpoint_of_a_device(client, sandbox):
    token = client.acquire()
    asked = sandbox.counters["token_requests"]
    sandbox.auth.answer_html(7)
    issuer = client.endpoints["issuer"]
    answers = [
        client.get(issuer + "/.well-known/oauth-authorization-server"),
        client.get(issuer + "/.well-known/openid-configuration"),
        client.get(issuer + "/jwks"),
        client.get(client.endpoints["userinfo_endpoint"], token["access_token"]),
        client.post("device_authorization_endpoint", client_id=client.endpoints["client_id"]),
        client.refresh(token),
        client.post("revocation_endpoint", token=token["access_token"]),
    ]
    for answer in answers:
        assert is_page(answer) and answer.headers["Content-Type"].startswith("text/html")
    assert sandbox.counters["token_requests"] == asked
    assert client.refresh(token).status_code == 200  # neither spent nor revoked


def test_answer_html_leaves_people_and_mail_servers_alone(client, sandbox):
    device = client.begin()
    sandbox.auth.answer_html(1)
    client.decide(device)
    assert "code" in client.authorize()
    answer = client.post("introspection_endpoint", token="x")
    assert client.error_of(answer) == (401, "invalid_client")
    assert is_page(client.poll(device))
    assert client.poll(device).status_code == 200


def test_answer_html_comes_before_throttle_and_outage_before_both(client, sandbox):
    token = client.acquire()
    sandbox.auth.throttle(1, 1)
    sandbox.auth.answer_html(1)
    sandbox.auth.set_outage(True)
    assert client.refresh(token).status_code == 503
    sandbox.auth.set_outage(False)
    assert is_page(client.refresh(token))
    assert client.refresh(token).status_code == 429
    assert client.refresh(token).status_code == 200


def test_outage_takes_userinfo_metadata_and_keys_down(client, sandbox):
    token = client.acquire("mail.send openid")
    sandbox.auth.set_outage(True)
    for path in ("/userinfo", "/jwks", "/.well-known/openid-configuration"):
        url = client.endpoints["issuer"] + path
        assert client.get(url, token["access_token"]).status_code == 503
    sandbox.auth.set_outage(False)
    assert client.get(client.endpoints["userinfo_endpoint"], token["access_token"]).ok


def test_refuse_answers_the_error_as_told_and_then_no_more(client, sandbox):
    token = client.acquire()
    asked = sandbox.counters["token_requests"]
    more = {"suberror": "bad_token", "error_codes": [50173, 70043]}
    sandbox.auth.refuse(2, "invalid_grant", "AADSTS50173: revoked.", **more)
    for _ in range(2):
        answer = client.refresh(token)
        assert answer.status_code == 400
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json() == {
            "error": "invalid_grant",
            "error_description": "AADSTS50173: revoked.",
            **more,
        }
    assert client.refresh(token).status_code == 200  # neither spent nor revoked
    assert sandbox.counters["token_requests"] == asked + 3


def test_refuse_without_description_tells_the_error_alone(client, sandbox):
    sandbox.auth.refuse(1, "invalid_client", status=401)
    answer = client.exchange("made-up")
    assert answer.status_code == 401 and answer.json() == {"error": "invalid_client"}


def test_refuse_tells_google_s_subtype(client, sandbox):
    sandbox.auth.refuse(1, "invalid_grant", "reauth", error_subtype="invalid_rapt")
    assert client.exchange("made-up").json()["error_subtype"] == "invalid_rapt"


def test_refuse_uses_up_neither_device_code_nor_authorization_code(client, sandbox):
    device = client.begin()
    client.decide(device)
    code = client.authorize()["code"]
    sandbox.auth.refuse(2, "server_error", status=500)
    assert client.error_of(client.poll(device)) == (500, "server_error")
    assert client.error_of(client.exchange(code)) == (500, "server_error")
    assert client.poll(device).status_code == 200
    assert client.exchange(code).status_code == 200


def test_refuse_leaves_other_endpoints_alone(client, sandbox):
    token = client.acquire("mail.send openid")
    sandbox.auth.refuse(1, "invalid_grant")
    assert client.begin()["user_code"]
    assert client.get(client.endpoints["userinfo_endpoint"], token["access_token"]).ok
    form = {"token": token["access_token"], "client_id": client.endpoints["client_id"]}
    assert client.post("revocation_endpoint", **form).status_code == 200
    assert client.error_of(client.exchange("made-up")) == (400, "invalid_grant")


def assert_unanswered(ask, *arguments):
    """The connection ends before the first byte of an answer, and sooner than a client gives up."""
    with pytest.raises(requests.ConnectionError, match="without response"):
        ask(*arguments)


def test_lose_answer_within_the_grace_the_old_refresh_token_is_accepted(
    tmp_path, clock, make_client
):
    with Sandbox(tmp_path, clock=clock, refresh_grace_s=30) as sandbox:
        client = make_client(sandbox.endpoints)
        token = client.acquire()
        asked = sandbox.counters["token_requests"]
        sandbox.auth.lose_answer(1)
        assert_unanswered(client.refresh, token)
        assert sandbox.counters["token_requests"] == asked + 1
        clock.now_s += 20
        again = client.refresh(token)
        assert again.status_code == 200
        assert client.refresh(again.json()).status_code == 200


def test_lose_answer_without_grace_the_work_was_done_and_reuse_revokes(client, sandbox, events):
    token = client.acquire()
    sandbox.auth.lose_answer(1)
    assert_unanswered(client.refresh, token)
    assert events[-1].startswith("token refreshed: alice@sandbox.test")
    assert client.error_of(client.refresh(token)) == (400, "invalid_grant")


def test_lose_answer_of_a_sign_in_has_used_up_the_codes(client, sandbox):
    device = client.begin()
    client.decide(device)
    code = client.authorize()["code"]
    sandbox.auth.lose_answer(2)
    assert_unanswered(client.poll, device)
    assert_unanswered(client.exchange, code)
    assert client.error_of(client.poll(device)) == (400, "invalid_grant")
    assert client.error_of(client.exchange(code)) == (400, "invalid_grant")


def test_lose_answer_hits_a_refusal_too_and_leaves_other_endpoints_alone(client, sandbox):
    sandbox.auth.lose_answer(1)
    device = client.begin()
    client.decide(device, decision="deny")
    assert_unanswered(client.poll, device)
    assert client.error_of(client.poll(device)) == (400, "access_denied")


def test_faults_of_the_token_endpoint_throttle_before_refuse_before_lose(client, sandbox):
    token = client.acquire()
    sandbox.auth.lose_answer(1)
    sandbox.auth.refuse(1, "invalid_scope")
    sandbox.auth.throttle(1, 1)
    assert client.refresh(token).status_code == 429
    assert client.error_of(client.refresh(token)) == (400, "invalid_scope")
    assert_unanswered(client.refresh, token)
    assert client.error_of(client.refresh(token)) == (400, "invalid_grant")


def test_faults_are_told_in_the_events_in_one_line_each(sandbox, events):
    sandbox.auth.refuse(3, "invalid_grant", "A secret description.")
    sandbox.auth.lose_answer(2)
    assert events[-2:] == [
        "refused with invalid_grant: the next 3 token requests",
        "answer lost: the next 2 token requests",
    ]
