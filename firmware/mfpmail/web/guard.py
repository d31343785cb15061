"""Who may call: the session cookie for everything, the CSRF token for everything that changes."""

import gc

from mfpmail.core.compare import same
from mfpmail.core.errors import MailError
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


async def answered(call, request, name, wording):
    """Make a call; a MailError becomes its answer, as does a heap that is full at the moment."""
    if request.headers.get("Transfer-Encoding"):
        return error_answer(411, "length_required", "Send the body with a Content-Length.")
    try:
        return await call(request, name)
    except MailError as error:
        return mail_error_answer(error, lambda shown: wording.explain(request, shown))
    except MemoryError:
        gc.collect()
        return error_answer(503, "out_of_memory", "The device is busy. Try again in a moment.")
