"""The HTTP port: what is sent and what comes back."""

import pytest
from hal.http_cases import (
    OK,
    SECRET,
    answering,
    ask,
    assert_refused,
    either_method,
    get,
    post,
    request,
    stay_silent,
)
from hal.server import Server


def parts_of_request(server):
    """The request line, the sorted header fields and the body of the only request."""
    (connection,) = server.connections
    head, _, body = bytes(connection.clear).partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    return line, sorted(fields), body


def test_post_sends_only_what_is_needed(run, contexts):
    with Server(answering(OK + b"Content-Length: 2\r\n\r\n{}"), contexts["good"]) as server:
        run(post(server.port))
    line, fields, body = parts_of_request(server)
    assert line in ("POST /a/token?x=1 HTTP/1.0", "POST /a/token?x=1 HTTP/1.1")
    assert fields == [
        "Accept: application/json",
        "Connection: close",
        "Content-Length: 38",
        "Content-Type: application/x-www-form-urlencoded",
        "Host: localhost:%d" % server.port,
    ]
    assert body == b"refresh_token=" + SECRET.encode()


def test_get_sends_only_what_is_needed_and_no_body(run, contexts):
    handler = answering(OK + b"Content-Length: 2\r\n\r\n{}", then=stay_silent)
    with Server(handler, contexts["good"]) as server:
        (outcome,) = run(get(server.port))
    line, fields, body = parts_of_request(server)
    assert line in ("GET /a/token?x=1 HTTP/1.0", "GET /a/token?x=1 HTTP/1.1")
    assert fields == [
        "Accept: application/json",
        "Authorization: Bearer " + SECRET,
        "Connection: close",
        "Host: localhost:%d" % server.port,
    ]
    assert body == b""
    assert (outcome["status"], outcome["body"]) == (200, "{}")


def test_get_without_header_fields_sends_those_of_every_request(run, contexts):
    with Server(answering(OK + b"Content-Length: 2\r\n\r\n{}"), contexts["good"]) as server:
        run(get(server.port, headers={}))
    _, fields, _ = parts_of_request(server)
    assert fields == [
        "Accept: application/json",
        "Connection: close",
        "Host: localhost:%d" % server.port,
    ]


def test_post_counts_length_of_text_in_bytes(run, contexts):
    with Server(answering(OK + b"Content-Length: 2\r\n\r\n{}"), contexts["good"]) as server:
        run(post(server.port, body="Größe"))
    assert bytes(server.connections[0].clear).endswith("\r\n\r\nGröße".encode())


def test_post_of_empty_body_says_so(run, contexts):
    with Server(answering(OK + b"Content-Length: 2\r\n\r\n{}"), contexts["good"]) as server:
        (outcome,) = run(post(server.port, body=""))
    assert b"Content-Length: 0\r\n" in server.connections[0].clear
    assert outcome["body"] == "{}"


@either_method
def test_request_keeps_accept_when_given(run, contexts, method):
    with Server(answering(OK + b"Content-Length: 2\r\n\r\n{}"), contexts["good"]) as server:
        run(request(method, server.port, headers={"accept": "text/html"}))
    assert bytes(server.connections[0].clear).lower().count(b"accept: ") == 1


@either_method
def test_request_returns_status_headers_in_lower_case_and_body(run, contexts, method):
    head = OK + b"Content-Type: application/json\r\nX-Twice: a\r\nx-twice: b\r\n"
    outcome = ask(run, contexts, answering(head + b'Content-Length: 9\r\n\r\n{"a": 1}\n'), method)
    assert outcome["status"] == 200
    assert outcome["headers"] == {
        "content-type": "application/json",
        "x-twice": "a, b",
        "content-length": "9",
    }
    assert outcome["body"] == '{"a": 1}\n'


@either_method
@pytest.mark.parametrize("status", [400, 401, 403, 404, 428, 429, 500, 503])
def test_error_status_is_an_answer(run, contexts, method, status):
    head = b"HTTP/1.1 %d Whatever\r\nRetry-After: 7\r\nLocation: /elsewhere\r\n" % status
    handler = answering(head + b"Content-Length: 3\r\n\r\n{ }")
    with Server(handler, contexts["good"]) as server:
        (outcome,) = run(request(method, server.port))
    assert (outcome["status"], outcome["body"]) == (status, "{ }")
    assert outcome["headers"]["retry-after"] == "7"
    assert len(server.connections) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@either_method
def test_redirect_is_refused_and_followed_nowhere(run, contexts, method, status):
    with Server(stay_silent, contexts["good"]) as target:
        head = b"HTTP/1.1 %d Moved\r\nLocation: https://localhost:%d/\r\n" % (status, target.port)
        handler = answering(head + b"Content-Length: 0\r\n\r\n")
        with Server(handler, contexts["good"]) as server:
            case = request(method, server.port, headers={"Authorization": "Bearer " + SECRET})
            (outcome,) = run(case)
    assert_refused(outcome, "http_redirect")
    assert SECRET.encode() in server.connections[0].clear
    assert len(server.connections) == 1
    assert target.connections == []


def test_post_passes_html_through_as_body(run, contexts):
    page = b"<html><body>Sign in to the Wi-Fi</body></html>"
    head = OK + b"Content-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(page)
    outcome = ask(run, contexts, answering(head + page))
    assert outcome["body"] == page.decode()
    assert outcome["headers"]["content-type"] == "text/html"


@either_method
def test_answer_without_length_is_read_to_the_end(run, contexts, method):
    handler = answering(b"HTTP/1.0 200 OK\r\n\r\n", b"first ", b"second")
    outcome = ask(run, contexts, handler, method)
    assert outcome["body"] == "first second"


def test_post_skips_interim_answers(run, contexts):
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    outcome = ask(run, contexts, answering(interim + OK + b"Content-Length: 2\r\n\r\nok"))
    assert (outcome["status"], outcome["body"]) == (200, "ok")


def test_post_with_no_content_ends_without_body(run, contexts):
    handler = answering(b"HTTP/1.1 204 No Content\r\n\r\n", then=stay_silent)
    outcome = ask(run, contexts, handler)
    assert (outcome["status"], outcome["body"]) == (204, "")


@either_method
def test_request_does_not_wait_for_close_after_full_body(run, contexts, method):
    handler = answering(OK + b"Content-Length: 2\r\n\r\nok", then=stay_silent)
    outcome = ask(run, contexts, handler, method)
    assert outcome["body"] == "ok"
    assert outcome["elapsed_ms"] < 2000


@either_method
@pytest.mark.parametrize("name", [b"Transfer-Encoding", b"transfer-encoding"])
def test_chunked_answer_is_decoded(run, contexts, method, name):
    body = b'8;note=1\r\n{"a": 1,\r\n7\r\n "b":2}\r\n0\r\nX-Trailer: 1\r\n\r\n'
    outcome = ask(run, contexts, answering(OK + name + b": chunked\r\n\r\n", body), method)
    assert outcome["body"] == '{"a": 1, "b":2}'


@either_method
def test_request_after_a_refused_one_works(run, contexts, method):
    answers = [b"nonsense\r\n\r\n", OK + b"Content-Length: 2\r\n\r\nok"]
    with Server(lambda c: answering(answers.pop(0))(c), contexts["good"]) as server:
        outcomes = run(post(server.port), request(method, server.port))
    assert outcomes[0]["error"] == "http_malformed"
    assert outcomes[1]["body"] == "ok"


@either_method
@pytest.mark.parametrize("run", ["cpython"], indirect=True)  # on MicroPython the call blocks
def test_request_that_is_cancelled_closes_the_connection(run, contexts, method):
    with Server(answering(then=stay_silent), contexts["good"]) as server:
        url = "https://localhost:%d/" % server.port
        (outcome,) = run({"do": "cancel_request", "method": method, "url": url})
    assert outcome["outcome"] == "cancelled"
    assert server.connections[0].has_ended.is_set()


@either_method
def test_request_puts_a_module_that_was_there_back_in_its_place(run, contexts, method):
    handler = answering(OK + b"Content-Length: 2\r\n\r\nok")
    with Server(handler, contexts["good"]) as server:
        url = "https://localhost:%d/" % server.port
        (outcome,) = run({"do": "beside_module", "method": method, "url": url})
    assert outcome["body"] == "ok"
