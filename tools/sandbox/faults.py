"""What can go wrong between a client and the authorization server, switched on by hand."""

import threading

from flask import Response, jsonify, request

# What a device asks through the network it stands in. Introspection is not among them: the mail
# servers are on the far side of a captive portal.
DEVICE_VIEWS = ("metadata", "jwks", "device_authorization", "token", "userinfo", "revoke")
PORTAL_PAGE = """<!doctype html>
<html lang="en">
<head><title>Welcome</title></head>
<body><h1>Guest network</h1><p>Accept the terms of use to go on.</p></body>
</html>
"""


class FaultSwitches:
    """The switches, and what requests are answered while one is on."""

    def __init__(self, journal):
        self._journal = journal
        self._outage = False
        self._throttled = Countdown()
        self._retry_after_s = 0
        self._refused = Countdown()
        self._refusal = ({}, 400)
        self._lost = Countdown()
        self._portal = Countdown()

    def set_outage(self, outage):
        """While on, every address of this server answers 503."""
        self._outage = bool(outage)
        self._journal.note("authorization server " + ("down" if outage else "up again"))

    def throttle(self, count, retry_after_s):
        """The next `count` token requests get 429 with Retry-After (RFC 6585 section 4).

        They are counted as token requests. `count` 0 ends it.
        """
        self._retry_after_s = int(retry_after_s)
        self._throttled.set(count)
        self._journal.note(f"throttled: the next {count} token requests")

    def refuse(self, count, error, description="", status=400, **more):
        """The next `count` token requests get this error (RFC 6749 section 5.2), whatever they ask.

        `description` ("" = none) is the `error_description`; `more` are further fields of the
        JSON, such as Microsoft's `suberror` and `error_codes` or Google's `error_subtype`.
        No code is used up and no token spent. They are counted as token requests. `count` 0
        ends it.
        """
        described = {"error_description": description} if description else {}
        self._refusal = ({"error": error, **described, **more}, status)
        self._refused.set(count)
        self._journal.note(f"refused with {error}: the next {count} token requests")

    def lose_answer(self, count):
        """The next `count` token requests are carried out, but the connection closes unanswered.

        So it looks when the network dies: the client has to ask again with the refresh token
        that is spent (see `refresh_grace_s` of `Store`). Throttled and refused requests do not
        count, as nothing is carried out. `count` 0 ends it.
        """
        self._lost.set(count)
        self._journal.note(f"answer lost: the next {count} token requests")

    def answer_html(self, count):
        """The next `count` requests of a device get a web page with status 200.

        So does a captive portal; the requests never reach the server, and are not counted.
        The pages for people are left alone. `count` 0 ends it.
        """
        self._portal.set(count)
        self._journal.note(f"captive portal: the next {count} requests")

    def _answer_instead(self):
        """The answer to the current request while a switch is on; None lets it through."""
        if self._outage:
            return jsonify(error="temporarily_unavailable"), 503
        if request.endpoint in DEVICE_VIEWS and self._portal.take():
            return PORTAL_PAGE
        return None

    def _answer_token_request(self, carry_out):
        """The answer to the current token request; `carry_out()` is the one without faults."""
        if self._throttled.take():
            retry_after = {"Retry-After": str(self._retry_after_s)}
            return jsonify(error="temporarily_unavailable"), 429, retry_after
        if self._refused.take():
            return jsonify(self._refusal[0]), self._refusal[1]
        answer = carry_out()
        return Response(_dropped()) if self._lost.take() else answer


def _dropped():
    """A body that fails before its first byte: not even the status line is sent."""
    raise ConnectionAbortedError("the answer is lost on purpose")
    yield  # Flask would answer 500 to an error before the body


class Countdown:
    """How many more requests a fault hits. May be used from any thread."""

    def __init__(self):
        self._left = 0
        self._lock = threading.Lock()

    def set(self, count):
        """Hits the next `count` requests, whatever was left before."""
        with self._lock:
            self._left = count

    def take(self):
        """Whether this request is hit."""
        with self._lock:
            hit = self._left > 0
            self._left -= hit
            return hit
