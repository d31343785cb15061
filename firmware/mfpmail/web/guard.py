"""Who may call: the session cookie for everything, the CSRF token for everything that changes."""

import gc
import json

from mfpmail.core import limits
from mfpmail.core.errors import MailError, ProtocolError
from mfpmail.core.password import same
from mfpmail.core.text import encode_utf8
from mfpmail.web.answers import error_answer, mail_error_answer

COOKIE = "mfpmail_session"


def refusal(device, request):
    """Return the answer to a request that may not be made, or None: 401 without a session, 403
    without its CSRF token where something would change."""
    csrf = device.admin.csrf_of(request.cookies.get(COOKIE, ""))
    if not csrf:
        return error_answer(401, "not_signed_in", "Sign in first.")
    given = request.headers.get("X-CSRF-Token", "")
    if request.method != "GET" and not same(given.encode(), csrf.encode()):
        return error_answer(403, "bad_csrf", "The X-CSRF-Token is missing or wrong.")
    return None


async def answered(call, request, name):
    """Make a call; a MailError becomes its answer, as does a heap that is full at the moment."""
    if request.headers.get("Transfer-Encoding"):
        return error_answer(411, "length_required", "Send the body with a Content-Length.")
    try:
        return await call(request, name)
    except MailError as error:
        return mail_error_answer(error)
    except MemoryError:
        gc.collect()
        return error_answer(503, "out_of_memory", "The device is busy. Try again in a moment.")


def json_object(request):
    """Return the request's JSON object, its texts good for UTF-8.

    Raises ProtocolError `bad_json` or `body_too_large`.
    """
    if request.content_length > limits.MAX_JSON_BODY_BYTES:
        raise ProtocolError("body_too_large", "The request is too large.")
    try:
        value = json.loads(request.body.decode())
    except (ValueError, RuntimeError, MemoryError):  # the last two: nested without end
        value = None
    if not isinstance(value, dict):
        raise ProtocolError("bad_json", "The request is no JSON object.")
    return {_text(name): _text(member) for name, member in value.items()}


def _text(value):
    """MicroPython leaves the halves of an escaped emoji apart, CPython keeps single halves."""
    return encode_utf8(value).decode() if isinstance(value, str) else value
