"""The HTTP port: what is sent, what comes back, and every bound on the answer."""

import hashlib
import time

import pytest
from hal.server import Server

OK = b"HTTP/1.1 200 OK\r\n"
SECRET = "refresh-token-0123456789"


def post(port, **more):
    case = {"do": "post", "url": "https://localhost:%d/a/token?x=1" % port}
    case["headers"] = {"Content-Type": "application/x-www-form-urlencoded"}
    case["body"] = "refresh_token=" + SECRET
    case.update(more)
    return case


def answering(*parts, then=None):
    """A handler that reads the request, sends the parts, and closes or goes on with `then`."""

    def handler(connection):
        connection.receive_request()
        for part in parts:
            connection.send(part)
        if then:
            then(connection)

    return handler


def ask(run, contexts, handler, **more):
    with Server(handler, contexts["good"]) as server:
        (outcome,) = run(post(server.port, **more))
    return outcome


def assert_refused(outcome, code, kind="HttpError"):
    assert (outcome.get("type"), outcome.get("error")) == (kind, code), outcome
    assert SECRET not in outcome["message"]


def test_post_sends_only_what_is_needed(run, contexts):
    with Server(answering(OK + b"Content-Length: 2\r\n\r\n{}"), contexts["good"]) as server:
        run(post(server.port))
    head, _, body = bytes(server.connections[0].clear).partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    assert line in ("POST /a/token?x=1 HTTP/1.0", "POST /a/token?x=1 HTTP/1.1")
    assert sorted(fields) == [
        "Accept: application/json",
        "Connection: close",
        "Content-Length: 38",
        "Content-Type: application/x-www-form-urlencoded",
        "Host: localhost:%d" % server.port,
    ]
    assert body == b"refresh_token=" + SECRET.encode()


def test_post_counts_length_of_text_in_bytes(run, contexts):
    with Server(answering(OK + b"Content-Length: 2\r\n\r\n{}"), contexts["good"]) as server:
        run(post(server.port, body="Größe"))
    assert bytes(server.connections[0].clear).endswith("\r\n\r\nGröße".encode())


def test_post_of_empty_body_says_so(run, contexts):
    with Server(answering(OK + b"Content-Length: 2\r\n\r\n{}"), contexts["good"]) as server:
        (outcome,) = run(post(server.port, body=""))
    assert b"Content-Length: 0\r\n" in server.connections[0].clear
    assert outcome["body"] == "{}"


def test_post_keeps_accept_when_given(run, contexts):
    with Server(answering(OK + b"Content-Length: 2\r\n\r\n{}"), contexts["good"]) as server:
        run(post(server.port, headers={"accept": "text/html"}))
    assert bytes(server.connections[0].clear).lower().count(b"accept: ") == 1


def test_post_returns_status_headers_in_lower_case_and_body(run, contexts):
    head = OK + b"Content-Type: application/json\r\nX-Twice: a\r\nx-twice: b\r\n"
    outcome = ask(run, contexts, answering(head + b'Content-Length: 9\r\n\r\n{"a": 1}\n'))
    assert outcome["status"] == 200
    assert outcome["headers"] == {
        "content-type": "application/json",
        "x-twice": "a, b",
        "content-length": "9",
    }
    assert outcome["body"] == '{"a": 1}\n'


@pytest.mark.parametrize("status", [400, 401, 428, 429, 500, 503])
def test_post_with_error_status_is_an_answer(run, contexts, status):
    head = b"HTTP/1.1 %d Whatever\r\nRetry-After: 7\r\nLocation: /elsewhere\r\n" % status
    outcome = ask(run, contexts, answering(head + b"Content-Length: 3\r\n\r\n{ }"))
    assert (outcome["status"], outcome["body"]) == (status, "{ }")
    assert outcome["headers"]["retry-after"] == "7"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_post_answered_by_redirect_is_refused_and_followed_nowhere(run, contexts, status):
    with Server(lambda c: c.receive_to_end(), contexts["good"]) as target:
        head = b"HTTP/1.1 %d Moved\r\nLocation: https://localhost:%d/\r\n" % (status, target.port)
        handler = answering(head + b"Content-Length: 0\r\n\r\n")
        outcome = ask(run, contexts, handler, headers={"Authorization": "Bearer " + SECRET})
    assert_refused(outcome, "http_redirect")
    assert target.connections == []


def test_post_passes_html_through_as_body(run, contexts):
    page = b"<html><body>Sign in to the Wi-Fi</body></html>"
    head = OK + b"Content-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(page)
    outcome = ask(run, contexts, answering(head + page))
    assert outcome["body"] == page.decode()
    assert outcome["headers"]["content-type"] == "text/html"


def test_post_without_length_reads_to_the_end(run, contexts):
    outcome = ask(run, contexts, answering(b"HTTP/1.0 200 OK\r\n\r\n", b"first ", b"second"))
    assert outcome["body"] == "first second"


def test_post_skips_interim_answers(run, contexts):
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    outcome = ask(run, contexts, answering(interim + OK + b"Content-Length: 2\r\n\r\nok"))
    assert (outcome["status"], outcome["body"]) == (200, "ok")


def test_post_with_no_content_ends_without_body(run, contexts):
    handler = answering(b"HTTP/1.1 204 No Content\r\n\r\n", then=lambda c: c.receive_to_end())
    outcome = ask(run, contexts, handler)
    assert (outcome["status"], outcome["body"]) == (204, "")


def test_post_does_not_wait_for_close_after_full_body(run, contexts):
    handler = answering(OK + b"Content-Length: 2\r\n\r\nok", then=lambda c: c.receive_to_end())
    outcome = ask(run, contexts, handler)
    assert outcome["body"] == "ok"
    assert outcome["elapsed_ms"] < 2000


@pytest.mark.parametrize("name", [b"Transfer-Encoding", b"transfer-encoding"])
def test_post_decodes_chunked_answer(run, contexts, name):
    body = b'8;note=1\r\n{"a": 1,\r\n7\r\n "b":2}\r\n0\r\nX-Trailer: 1\r\n\r\n'
    outcome = ask(run, contexts, answering(OK + name + b": chunked\r\n\r\n", body))
    assert outcome["body"] == '{"a": 1, "b":2}'


MALFORMED = {
    "no_http": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "http_2": b"HTTP/2 200\r\n\r\n",
    "bad_status": b"HTTP/1.1 2x0 OK\r\n\r\n",
    "no_colon": OK + b"What is this\r\nContent-Length: 2\r\n\r\nok",
    "folded": OK + b"X-A: 1\r\n more\r\nContent-Length: 2\r\n\r\nok",
    "blank_in_name": OK + b"Content-Length : 2\r\n\r\nok",
    "head_cut": OK + b"Content-Len",
    "head_without_end": OK + b"Content-Length: 2\r\n",
    "body_cut": OK + b"Content-Length: 200\r\n\r\n{",
    "bad_length": OK + b"Content-Length: two\r\n\r\nok",
    "negative_length": OK + b"Content-Length: -2\r\n\r\nok",
    "two_lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
    "length_and_chunked": OK
    + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "other_coding": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunk_size": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
    "chunk_cut": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nok",
    "chunks_without_end": OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
}


def test_post_answered_by_nonsense_is_malformed(run, contexts):
    answers = list(MALFORMED.values())
    with Server(lambda c: answering(answers.pop(0))(c), contexts["good"]) as server:
        outcomes = run(*[post(server.port) for _ in MALFORMED])
    codes = {name: outcome.get("error") for name, outcome in zip(MALFORMED, outcomes, strict=True)}
    assert codes == dict.fromkeys(MALFORMED, "http_malformed")


def test_post_closed_before_the_answer_is_a_network_failure(run, contexts):
    outcome = ask(run, contexts, answering())
    assert_refused(outcome, "closed", "NetworkError")
    assert outcome["kind"] == "transient"


def test_post_with_huge_head_is_refused(run, contexts):
    fields = [b"X-%d: %s\r\n" % (i, b"a" * 900) for i in range(30)]
    assert_refused(ask(run, contexts, answering(OK, *fields)), "http_too_large")


def test_post_with_very_many_header_fields_is_refused(run, contexts):
    fields = b"".join(b"X-%d: 1\r\n" % i for i in range(101))
    outcome = ask(run, contexts, answering(OK + fields + b"Content-Length: 0\r\n\r\n"))
    assert_refused(outcome, "http_too_large")


def test_post_with_huge_head_line_is_refused(run, contexts):
    handler = answering(OK + b"X-A: " + b"a" * 40_000, then=lambda c: c.receive_to_end())
    assert_refused(ask(run, contexts, handler), "http_too_large")


def test_post_with_endless_interim_answers_is_refused(run, contexts):
    assert_refused(
        ask(run, contexts, answering(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 1000)), "http_too_large"
    )


HUGE = {
    "announced": (OK + b"Content-Length: 65537\r\n\r\n", b""),
    "to_the_end": (OK + b"\r\n", b"a" * 70_000),
    "one_chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"FFFFFFF\r\n" + b"a" * 70_000),
    "many_chunks": (
        OK + b"Transfer-Encoding: chunked\r\n\r\n",
        (b"400\r\n" + b"a" * 1024 + b"\r\n") * 70,
    ),
}


def test_post_with_huge_body_is_refused(run, contexts):
    answers = list(HUGE.values())
    with Server(lambda c: answering(*answers.pop(0))(c), contexts["good"]) as server:
        outcomes = run(*[post(server.port) for _ in HUGE])
    codes = {name: outcome.get("error") for name, outcome in zip(HUGE, outcomes, strict=True)}
    assert codes == dict.fromkeys(HUGE, "http_too_large")


@pytest.mark.parametrize("head", [OK + b"Content-Length: 65536\r\n\r\n", OK + b"\r\n"])
def test_post_with_body_at_the_limit_is_complete(run, contexts, head):
    body = b"abcdefg!" * 8192
    with Server(answering(head, body), contexts["good"]) as server:
        (outcome,) = run(post(server.port), heap="512K")
    assert outcome["sha1"] == hashlib.sha1(body).hexdigest()


@pytest.mark.parametrize("run", ["micropython"], indirect=True)
def test_post_whose_answer_does_not_fit_the_heap_is_refused(run, contexts):
    handler = answering(OK + b"Content-Length: 65536\r\n\r\n", b"a" * 65536)
    with Server(handler, contexts["good"]) as server:
        (outcome,) = run(post(server.port), heap="160K")
    assert_refused(outcome, "http_too_large")
    assert "memory" in outcome["message"]


@pytest.mark.parametrize(
    "start",
    [b"", OK + b"X-A: ", OK + b"Content-Length: 500\r\n\r\n", OK + b"\r\n"],
    ids=["silence", "head", "body", "body_without_length"],
)
def test_post_whose_answer_drips_ends_at_the_deadline(run, contexts, start):
    def drip(connection):
        for _ in range(100):
            if start and not server.released.wait(0.05):
                connection.send(b"a")

    started = time.monotonic()
    with Server(answering(start, then=drip) if start else stay_silent, contexts["good"]) as server:
        (outcome,) = run(post(server.port, deadline_ms=300))
    assert_refused(outcome, "timeout", "NetworkError")
    assert 250 <= outcome["elapsed_ms"] < 1000
    assert time.monotonic() - started < 3  # no thread goes on reading after the deadline


def stay_silent(connection):
    connection.receive_to_end()


def test_post_to_closed_port_fails(run):
    with Server(lambda connection: None) as server:
        port = server.port
    (outcome,) = run(post(port))
    assert_refused(outcome, "connect", "NetworkError")


def test_post_to_unknown_name_fails(run):
    (outcome,) = run(post(443, url="https://no-such-host.invalid/token"))
    assert_refused(outcome, "dns", "NetworkError")


BAD_URLS = [
    "http://localhost/token",
    "HTTPS://localhost/token",
    "ftp://localhost/",
    "https:///token",
    "https://",
    "https://user@localhost/",
    "https://user:secret@localhost/",
    "https://local host/",
    "https://localhost/a b",
    "https://localhost/a\r\nX: 1",
    "https://localhost\r\n/",
    "https://localhost/\u00e9",
    "https://localh\u00f6st/",
    "https://localhost:/",
    "https://localhost:0/",
    "https://localhost:99999/",
    "https://localhost:44\u00b2/",
    "https://localhost:443:1/",
    "https://[::1]/",
    "https://localhost/#part",
    "https://localhost?x=1",
    "https://localhost\\@other.example/",
]


def test_post_to_anything_but_plain_https_is_refused(run):
    outcomes = run(*[post(0, url=url) for url in BAD_URLS])
    codes = {url: outcome.get("error") for url, outcome in zip(BAD_URLS, outcomes, strict=True)}
    assert codes == dict.fromkeys(BAD_URLS, "not_https")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "1\r\nX-B: 2"},
        {"X-A": "1\nX-B: 2"},
        {"X-A: 1\r\nX-B": "2"},
        {"X A": "1"},
        {"": "1"},
        {"X-A": "\u0394"},
        {"Content-Length": "5"},
        {"transfer-encoding": "chunked"},
        {"HOST": "other.example"},
    ],
)
def test_post_with_header_field_that_could_break_the_request_is_refused(run, contexts, headers):
    with Server(stay_silent, contexts["good"]) as server:
        (outcome,) = run(post(server.port, headers=headers))
    assert_refused(outcome, "http_malformed")
    assert server.connections == []


def test_post_twice_works_after_a_refusal(run, contexts):
    answers = [b"nonsense\r\n\r\n", OK + b"Content-Length: 2\r\n\r\nok"]
    with Server(lambda c: answering(answers.pop(0))(c), contexts["good"]) as server:
        outcomes = run(post(server.port), post(server.port))
    assert outcomes[0]["error"] == "http_malformed"
    assert outcomes[1]["body"] == "ok"


@pytest.mark.parametrize("run", ["cpython"], indirect=True)  # on MicroPython the call blocks
def test_post_that_is_cancelled_closes_the_connection(run, contexts):
    with Server(answering(then=stay_silent), contexts["good"]) as server:
        (outcome,) = run({"do": "post_and_cancel", "url": "https://localhost:%d/" % server.port})
    assert outcome["outcome"] == "cancelled"
    assert server.connections[0].has_ended.is_set()


def test_post_puts_a_module_that_was_there_back_in_its_place(run, contexts):
    handler = answering(OK + b"Content-Length: 2\r\n\r\nok")
    with Server(handler, contexts["good"]) as server:
        case = {"do": "post_beside_module", "url": "https://localhost:%d/" % server.port}
        (outcome,) = run(case)
    assert outcome["body"] == "ok"
