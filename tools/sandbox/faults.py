"""What can go wrong between a client and the authorization server, switched on by hand."""

import threading

from flask import jsonify, request

# What a device asks through the network it stands in. Introspection is not among them: the mail
# servers are on the far side of a captive portal.
DEVICE_VIEWS = ("metadata", "device_authorization", "token", "revoke")
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

    def _answer_throttled(self):
        """The answer to the current token request while throttled; None lets it through."""
        if not self._throttled.take():
            return None
        retry_after = {"Retry-After": str(self._retry_after_s)}
        return jsonify(error="temporarily_unavailable"), 429, retry_after


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
