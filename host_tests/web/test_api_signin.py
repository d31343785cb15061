"""The sign-in at the running device: nothing is readable or changeable without it."""

import pytest
from web.hostile_client import log_in, request, say, sign_in

from mfpmail.web.api import CALLS

ALL_CALLS = [call.replace("*", "ifax").replace(" ", " /api/").split() for call in CALLS]
CHANGING_CALLS = [call for call in ALL_CALLS if call[0] != "GET"]
SESSIONS = 8

each_call = pytest.mark.parametrize("call", ALL_CALLS, ids="-".join)
each_changing_call = pytest.mark.parametrize("call", CHANGING_CALLS, ids="-".join)


def ask(device, method, path, headers, body=b""):
    return say(device, request(method, path, headers, body))


@pytest.mark.parametrize(
    "password", ["", "wrong", "correct horse ", "Correct horse", "\ud800", "κωδικός", "x" * 8000]
)
def test_sign_in_with_wrong_password_is_refused(module_device, password):
    answer = log_in(module_device, {"password": password})
    assert answer.refusal == (401, "wrong_password")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "entered",
    [{}, {"Password": "correct horse"}, *({"password": v} for v in (None, 1, True, ["x"], {}))],
    ids=str,
)
def test_sign_in_without_text_as_password_is_refused(module_device, entered):
    answer = log_in(module_device, entered)
    assert answer.refusal == (422, "bad_login")
    assert list(answer.json["fields"]) == ["password"]


def test_sign_in_with_right_password_gives_a_cookie_for_this_site_only(module_device):
    answer = log_in(module_device, {"password": module_device.password})
    assert answer.status == 200
    value, *attributes = answer.headers["set-cookie"].split("; ")
    assert len(value.split("=")[1]) == 32
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(attributes)
    assert answer.headers["cache-control"] == "no-store"


@each_call
def test_call_without_cookie_is_refused(module_device, call):
    csrf = sign_in(module_device)["X-CSRF-Token"]
    answer = ask(module_device, *call, {"X-CSRF-Token": csrf})
    assert answer.refusal == (401, "not_signed_in")


@each_call
def test_call_with_foreign_cookie_is_refused(module_device, call):
    headers = dict(sign_in(module_device), Cookie="mfpmail_session=" + "0" * 32)
    assert ask(module_device, *call, headers).refusal == (401, "not_signed_in")


@pytest.mark.parametrize(
    "cookie", ["", ";;=;", "mfpmail_session", "mfpmail_session=", "mfpmail_session=None", "é=é"]
)
def test_call_with_malformed_cookie_is_refused(module_device, cookie):
    answer = ask(module_device, "GET", "/api/status", {"Cookie": cookie})
    assert answer.refusal == (401, "not_signed_in")


@each_changing_call
def test_changing_call_without_csrf_token_is_refused(module_device, call):
    cookie = {"Cookie": sign_in(module_device)["Cookie"]}
    assert ask(module_device, *call, cookie).refusal == (403, "bad_csrf")


@each_changing_call
def test_changing_call_with_csrf_token_of_another_session_is_refused(module_device, call):
    headers = dict(sign_in(module_device), Cookie=sign_in(module_device)["Cookie"])
    assert ask(module_device, *call, headers).refusal == (403, "bad_csrf")


@pytest.mark.parametrize("token", ["", "0" * 32, "é", "x" * 1500])
def test_changing_call_with_wrong_csrf_token_changes_nothing(module_device, token):
    headers = sign_in(module_device)
    body = b'{"port": 2525}'
    wrong = dict(headers, **{"X-CSRF-Token": token})
    answer = ask(module_device, "PUT", "/api/settings/smtp", wrong, body)
    assert answer.refusal == (403, "bad_csrf")
    assert ask(module_device, "GET", "/api/settings/smtp", headers).json["port"] != 2525


def test_signed_in_gives_the_csrf_token_again(module_device):
    headers = sign_in(module_device)
    answer = ask(module_device, "GET", "/api/login", {"Cookie": headers["Cookie"]})
    assert answer.json == {"csrf": headers["X-CSRF-Token"]}


def test_log_out_ends_this_session_and_no_other(module_device):
    headers, others = sign_in(module_device), sign_in(module_device)
    answer = ask(module_device, "POST", "/api/logout", headers)
    assert answer.status == 200
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert ask(module_device, "GET", "/api/status", headers).refusal == (401, "not_signed_in")
    assert ask(module_device, "GET", "/api/status", others).status == 200


def test_sign_in_beyond_the_limit_ends_the_one_unused_for_longest(module_device):
    sessions = [sign_in(module_device) for _ in range(SESSIONS)]
    assert ask(module_device, "GET", "/api/status", sessions[0]).status == 200
    sessions.append(sign_in(module_device))
    statuses = [ask(module_device, "GET", "/api/login", headers).status for headers in sessions]
    assert statuses == [200, 401] + [200] * (SESSIONS - 1)


def test_sign_in_refused_stands_in_the_log_without_the_password(module_device):
    log_in(module_device, {"password": "pa55word-of-somewhere-else"})
    log = ask(module_device, "GET", "/api/status", sign_in(module_device)).json["log"]
    assert log[-1]["text"] == "sign-in refused"
    assert not [line for line in module_device.lines if "pa55word" in line]
