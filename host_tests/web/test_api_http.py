"""What is no proper HTTP, or too much of it: a readable refusal, and the device goes on."""

import contextlib
import os
import socket
import struct
import time

import pytest
from web.hostile_client import (
    Answer,
    connect,
    hang_up_after,
    log_in,
    read_answer,
    request,
    say,
    sign_in,
    upload,
)

from device import wait_for

SETTING = ("PUT", "/api/settings/smtp")
CHUNKED = {"Transfer-Encoding": "chunked"}
STALLED = 3
STALLED_LIMIT_S = 10
SILENT = 12
ROUNDS = 6
MAX_MORE_DESCRIPTORS = 4  # what is still being closed

MALFORMED = {
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) + b"\n",
    "zeros": bytes(3000) + b"\r\n\r\n",
    "SMTP": b"EHLO mail.example\r\n\r\n",
    "one word": b"hello\r\n\r\n",
    "empty lines": b"\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "four words": b"GET / HTTP/1.1 x\r\n\r\n",
    "field without colon": b"GET / HTTP/1.1\r\nhello\r\n\r\n",
    "field that is no UTF-8": b"GET / HTTP/1.1\r\nX-\xff: \xfe\r\n\r\n",
    "path that is no UTF-8": b"GET /\xff HTTP/1.1\r\n\r\n",
    "request line of 10 KB": request("GET", "/api/" + "a" * 10240),
    "request line without end": b"GET /" + b"a" * 200000,
    "header of 100 KB": request("GET", "/", {"X-%d" % i: "y" * 1000 for i in range(100)}),
    "5000 fields": request("GET", "/", {"X-%d" % i: "" for i in range(5000)}),
}

LENGTHS = ["-1", "-5", "+2", "0x2", "1_0", "2.0", "two", "", "2, 2", "9" * 400]

TRICKS = [
    "/static/../main.py",
    "/static/..%2fmain.py",
    "/static/%2e%2e/main.py",
    "/static/%2e%2e%2f%2e%2e%2fmain.py",
    "/static/..\\main.py",
    "/static/.",
    "/static/..",
    "/static/",
    "/static//index.html",
    "/static/index.html/",
    "/static/index.html%00",
    "/static/.hidden",
    "/static/é",
    "/../main.py",
    "/main.py",
    "//",
    "//api/status",
    "/api//status",
    "/api/status/",
    "/api/./status",
    "/api/settings/../status",
    "/api/settings/smtp%2ftest",
    "/api/inbox/..%2f..%2fadmin",
    "/api/jobs/../admin",
    "/api",
    "*",
    "http://device/api/status",
]


@pytest.fixture
def headers(module_device):
    return sign_in(module_device)


@pytest.fixture(autouse=True)
def unharmed(module_device):
    """Whatever a test does, the device goes on."""
    yield
    assert module_device.running
    assert say(module_device, request("GET", "/api/status", sign_in(module_device))).status == 200


@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed_request_is_refused_readably(module_device, kind):
    assert say(module_device, MALFORMED[kind]).refusal == (400, "bad_request")


@pytest.mark.parametrize("length", LENGTHS, ids=lambda length: length[:8])
@pytest.mark.parametrize("body", [b"{}", b"x" * 300000], ids=len)
def test_length_that_is_no_number_is_refused_readably(module_device, headers, length, body):
    answer = say(module_device, request(*SETTING, headers, body, length))
    assert answer.status in (400, 413)
    assert answer.refusal[1] in ("bad_request", "body_too_large")


def test_upload_of_negative_length_is_refused_unread(module_device, headers):
    answer = say(module_device, upload(headers, b"x" * 500000, length=-1))
    assert answer.refusal == (400, "bad_request")


def test_two_lengths_are_refused(module_device, headers):
    twice = dict(headers, **{"content-length": "40"})
    assert say(module_device, request(*SETTING, twice, b"{}")).refusal == (400, "bad_request")


@pytest.mark.parametrize("size", [8193, 9 * 1024, 100_000, 10_000_000])
def test_body_too_large_is_refused_readably(module_device, headers, size):
    body = b'{"sender_name": "' + b"x" * size + b'"}'
    for call in (SETTING, ("POST", "/api/login")):
        answer = say(module_device, request(*call, headers, body))
        assert answer.refusal == (413, "body_too_large")


def test_body_too_large_is_refused_before_it_is_sent(module_device):
    answer = say(module_device, request("POST", "/api/login", length=1 << 40))
    assert answer.refusal == (413, "body_too_large")


def test_large_upload_without_session_is_refused_readably(module_device):
    answer = say(module_device, upload({}, b"x" * 5_000_000))
    assert answer.refusal == (401, "not_signed_in")


@pytest.mark.parametrize("call", [SETTING, ("POST", "/api/login"), ("POST", "/api/jobs")])
@pytest.mark.parametrize("size", [2, 400_000])
def test_chunked_body_is_refused_readably(module_device, headers, call, size):
    chunks = b"%x\r\n" % size + b"x" * size + b"\r\n0\r\n\r\n"
    answer = say(module_device, request(*call, dict(headers, **CHUNKED)), chunks)
    assert answer.refusal == (411, "length_required")


@pytest.mark.parametrize("path", TRICKS)
def test_path_trick_is_not_found(module_device, headers, path):
    assert say(module_device, request("GET", path, headers)).refusal == (404, "not_found")


def test_page_and_its_files_are_served_with_the_security_fields(module_device):
    for path in ("/", "/static/app.js", "/static/style.css"):
        answer = say(module_device, request("GET", path))
        assert answer.status == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_files_of_the_page_have_the_types_that_browsers_take(module_device):
    types = {
        "app.js": "text/javascript",
        "style.css": "text/css",
        "lang-el.json": "application/json",
    }
    for name, content_type in types.items():
        answer = say(module_device, request("GET", "/static/" + name))
        assert answer.status == 200
        assert answer.headers["content-type"].split(";")[0] == content_type


def test_query_is_no_matter(module_device, headers):
    for path in ("/?a=b", "/?", "/?a=%zz&a", "/api/status?a=%zz"):
        assert say(module_device, request("GET", path, headers)).status == 200, path


def test_client_that_says_nothing_does_not_keep_others_waiting(module_device):
    with contextlib.ExitStack() as stack:
        for _ in range(SILENT):
            stack.enter_context(connect(module_device))
        assert log_in(module_device, {"password": "wrong"}).status == 401


def test_clients_that_stop_in_the_middle_of_a_body_do_not_keep_others_waiting(
    module_device, headers
):
    stalled = [
        request(*SETTING, headers, b'{"port"', 4000),
        upload(headers, b"--", length=100_000),
    ]
    with contextlib.ExitStack() as stack:
        for data in stalled:
            stack.enter_context(connect(module_device)).sendall(data)
        assert log_in(module_device, {"password": "wrong"}).status == 401


def test_clients_that_stop_in_the_middle_of_a_header_are_dropped_soon(module_device):
    """However many requests are answered at a time, all of them may be such."""
    with contextlib.ExitStack() as stack:
        for _ in range(STALLED):
            stack.enter_context(connect(module_device)).sendall(b"GET / HT")
        started_s = time.monotonic()
        assert log_in(module_device, {"password": "wrong"}).status == 401
    assert time.monotonic() - started_s < STALLED_LIMIT_S


def test_client_that_sends_byte_by_byte_is_served(module_device, headers):
    with connect(module_device) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request("PUT", "/api/settings/smtp", headers, b'{"port": 0}'):
            sock.sendall(bytes([byte]))
        assert Answer(read_answer(sock)).refusal == (422, "bad_settings")


def test_client_that_leaves_takes_nothing_with_it(module_device, headers):
    """Neither a socket nor, with MicroPython's few, memory stays behind."""
    unfinished = [
        b"",
        b"GET / HT",
        request(*SETTING, headers, b"{}", 4000),
        upload(headers, b"x" * 10000, length=100_000),
        request("POST", "/api/login", length=1_000_000) + b"x" * 100_000,
    ]
    before = descriptors(module_device)
    for _ in range(ROUNDS):
        for data in unfinished:
            hang_up_after(module_device, data)
        reset_after(module_device, request("GET", "/static/app.js"))
    wait_for(
        lambda: descriptors(module_device),
        lambda count: count <= before + MAX_MORE_DESCRIPTORS,
        "closed connections (%d descriptors before)" % before,
        limit_s=10,
    )


def test_memory_is_the_same_after_all_this(module_device):
    """The heap of the device is 256 KB; what is left of it must be left after any refusal."""
    free_bytes = []
    for _ in range(2):
        for data in MALFORMED.values():
            say(module_device, data)
        status = say(module_device, request("GET", "/api/status", sign_in(module_device))).json
        free_bytes.append(status["memory"]["free_bytes"] or 0)
    assert free_bytes[1] > free_bytes[0] - 4096


def descriptors(device):
    return len(os.listdir("/proc/%d/fd" % device._process.pid))


def reset_after(device, data):
    """Ask for something, then reset the connection instead of reading it."""
    with connect(device) as sock:
        sock.sendall(data)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
