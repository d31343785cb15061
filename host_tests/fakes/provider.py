"""An HTTP port that answers from a list and records what it was asked."""

import asyncio
import json

from mfpmail.core.errors import MailError

DEVICE_ANSWER = {
    "device_code": "device-code-1",
    "user_code": "ABCD-EFGH",
    "verification_uri": "https://provider.test/device",
    "interval": 5,
    "expires_in": 900,
}


def tokens(number=1, **changes):
    """Return a good token answer; the numbers tell rotated tokens apart."""
    answer = {
        "access_token": "access-%d" % number,
        "refresh_token": "refresh-%d" % number,
        "expires_in": 3600,
        "token_type": "Bearer",
    }
    answer.update(changes)
    return 200, answer


def refused(code, status=400):
    """Return an error answer of RFC 6749 section 5.2."""
    return status, {"error": code}


class FakeHttp:
    """`answers` are used in order: `(status, JSON value or bytes)`, a MailError to raise, or a
    function that does something while the request is under way and returns one of these."""

    def __init__(self, answers=()):
        self.answers = list(answers)
        self.requests = []  # `(url, body)`, the body None where it was a GET
        self.sent_headers = {}  # of the last request
        self.headers = {}  # of every answer, names in lower case

    async def post(self, url, headers, body, deadline_ms=15000):
        return await self._answer(url, headers, body.decode())

    async def get(self, url, headers, deadline_ms=15000):
        return await self._answer(url, headers, None)

    async def _answer(self, url, headers, body):
        self.requests.append((url, body))
        self.sent_headers = dict(headers)
        answer = self.answers.pop(0)
        await asyncio.sleep(0)  # whoever else is waiting gets a turn
        if callable(answer):
            answer = answer()
        if isinstance(answer, MailError):
            raise answer
        status, value = answer
        return (
            status,
            self.headers,
            value if isinstance(value, bytes) else json.dumps(value).encode(),
        )
