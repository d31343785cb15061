"""The HTTP port: answers that are refused, every bound on them, and requests that are not made."""

import hashlib
import time

import pytest
from hal.http_cases import (
    OK,
    answering,
    ask,
    assert_refused,
    either_method,
    request,
    stay_silent,
)
from hal.server import Server

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


@either_method
def test_answer_that_is_nonsense_is_malformed(run, contexts, method):
    answers = list(MALFORMED.values())
    with Server(lambda c: answering(answers.pop(0))(c), contexts["good"]) as server:
        outcomes = run(*[request(method, server.port) for _ in MALFORMED])
    codes = {name: outcome.get("error") for name, outcome in zip(MALFORMED, outcomes, strict=True)}
    assert codes == dict.fromkeys(MALFORMED, "http_malformed")


@either_method
def test_connection_closed_before_the_answer_fails_and_is_not_tried_again(run, contexts, method):
    with Server(answering(), contexts["good"]) as server:
        (outcome,) = run(request(method, server.port))
    assert len(server.connections) == 1
    assert_refused(outcome, "closed", "NetworkError")
    assert outcome["kind"] == "transient"


@either_method
def test_huge_head_is_refused(run, contexts, method):
    fields = [b"X-%d: %s\r\n" % (i, b"a" * 900) for i in range(30)]
    assert_refused(ask(run, contexts, answering(OK, *fields), method), "http_too_large")


def test_post_with_very_many_header_fields_is_refused(run, contexts):
    fields = b"".join(b"X-%d: 1\r\n" % i for i in range(101))
    outcome = ask(run, contexts, answering(OK + fields + b"Content-Length: 0\r\n\r\n"))
    assert_refused(outcome, "http_too_large")


def test_post_with_huge_head_line_is_refused(run, contexts):
    handler = answering(OK + b"X-A: " + b"a" * 40_000, then=stay_silent)
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


@either_method
def test_huge_body_is_refused(run, contexts, method):
    answers = list(HUGE.values())
    with Server(lambda c: answering(*answers.pop(0))(c), contexts["good"]) as server:
        outcomes = run(*[request(method, server.port) for _ in HUGE])
    codes = {name: outcome.get("error") for name, outcome in zip(HUGE, outcomes, strict=True)}
    assert codes == dict.fromkeys(HUGE, "http_too_large")


@either_method
@pytest.mark.parametrize("head", [OK + b"Content-Length: 65536\r\n\r\n", OK + b"\r\n"])
def test_body_at_the_limit_is_complete(run, contexts, method, head):
    body = b"abcdefg!" * 8192
    with Server(answering(head, body), contexts["good"]) as server:
        (outcome,) = run(request(method, server.port), heap="512K")
    assert outcome["sha1"] == hashlib.sha1(body).hexdigest()


@pytest.mark.parametrize("run", ["micropython"], indirect=True)
@either_method
def test_answer_that_does_not_fit_the_heap_is_refused(run, contexts, method):
    handler = answering(OK + b"Content-Length: 65536\r\n\r\n", b"a" * 65536)
    with Server(handler, contexts["good"]) as server:
        (outcome,) = run(request(method, server.port), heap="160K")
    assert_refused(outcome, "http_too_large")
    assert "memory" in outcome["message"]


@either_method
@pytest.mark.parametrize(
    "start",
    [b"", OK + b"X-A: ", OK + b"Content-Length: 500\r\n\r\n", OK + b"\r\n"],
    ids=["silence", "head", "body", "body_without_length"],
)
def test_answer_that_drips_ends_at_the_deadline(run, contexts, method, start):
    def drip(connection):
        for _ in range(100):
            if start and not server.released.wait(0.05):
                connection.send(b"a")

    started = time.monotonic()
    with Server(answering(start, then=drip) if start else stay_silent, contexts["good"]) as server:
        (outcome,) = run(request(method, server.port, deadline_ms=300))
    assert_refused(outcome, "timeout", "NetworkError")
    assert 250 <= outcome["elapsed_ms"] < 1000
    assert time.monotonic() - started < 3  # no thread goes on reading after the deadline


@either_method
def test_request_to_closed_port_fails(run, method):
    with Server(lambda connection: None) as server:
        port = server.port
    (outcome,) = run(request(method, port))
    assert_refused(outcome, "connect", "NetworkError")


@either_method
def test_request_to_unknown_name_fails(run, method):
    (outcome,) = run(request(method, 443, url="https://no-such-host.invalid/token"))
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


@either_method
def test_request_to_anything_but_plain_https_is_refused(run, method):
    outcomes = run(*[request(method, 0, url=url) for url in BAD_URLS])
    codes = {url: outcome.get("error") for url, outcome in zip(BAD_URLS, outcomes, strict=True)}
    assert codes == dict.fromkeys(BAD_URLS, "not_https")


@either_method
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
def test_header_field_that_could_break_the_request_is_refused(run, contexts, method, headers):
    with Server(stay_silent, contexts["good"]) as server:
        (outcome,) = run(request(method, server.port, headers=headers))
    assert_refused(outcome, "http_malformed")
    assert server.connections == []
