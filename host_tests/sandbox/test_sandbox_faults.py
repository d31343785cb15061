"""The fault switches between a device and the authorization server."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

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


@pytest.mark.parametrize("switch", ["throttle", "answer_html"])
def test_fault_of_count_zero_ends_it(client, sandbox, switch):
    token = client.acquire()
    extra = (1,) if switch == "throttle" else ()
    getattr(sandbox.auth, switch)(100, *extra)
    getattr(sandbox.auth, switch)(0, *extra)
    assert client.refresh(token).status_code == 200


def test_answer_html_hits_every_endpoint_of_a_device(client, sandbox):
    token = client.acquire()
    asked = sandbox.counters["token_requests"]
    sandbox.auth.answer_html(4)
    url = client.endpoints["issuer"] + "/.well-known/oauth-authorization-server"
    answers = [
        requests.get(url, verify=client.endpoints["ca_pem"], timeout=10),
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
