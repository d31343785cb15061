"""Requests for the tests of the HTTP port, and servers that answer them."""

import pytest
from hal.server import Server

OK = b"HTTP/1.1 200 OK\r\n"
SECRET = "refresh-token-0123456789"

either_method = pytest.mark.parametrize("method", ["post", "get"])


def request(method, port, **more):
    """A case for the driver: a POST with a secret in its body, or a GET with one in its head."""
    case = {"do": method, "url": "https://localhost:%d/a/token?x=1" % port}
    if method == "post":
        case["headers"] = {"Content-Type": "application/x-www-form-urlencoded"}
        case["body"] = "refresh_token=" + SECRET
    else:
        case["headers"] = {"Authorization": "Bearer " + SECRET}
    case.update(more)
    return case


def post(port, **more):
    return request("post", port, **more)


def get(port, **more):
    return request("get", port, **more)


def answering(*parts, then=None):
    """A handler that reads the request, sends the parts, and closes or goes on with `then`."""

    def handler(connection):
        connection.receive_request()
        for part in parts:
            connection.send(part)
        if then:
            then(connection)

    return handler


def stay_silent(connection):
    connection.receive_to_end()


def ask(run, contexts, handler, method="post", **more):
    """The outcome of one request to a server with a good certificate."""
    with Server(handler, contexts["good"]) as server:
        (outcome,) = run(request(method, server.port, **more))
    return outcome


def assert_refused(outcome, code, kind="HttpError"):
    assert (outcome.get("type"), outcome.get("error")) == (kind, code), outcome
    assert SECRET not in outcome["message"]
