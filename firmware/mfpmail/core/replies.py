"""What a mail server's refusal means: the step and the reply decide (see `core.causes`).

The sign-in is special: a rejection does not prove that the token is bad (a server whose token
service is down says 535 as well), so it is `auth_rejected`, and the renewal decides.
"""

from mfpmail.core import errors
from mfpmail.core.errors import ReplyError


def smtp_error(step, reply):
    """Return the ReplyError for a refused SMTP step ("auth", "mail", "rcpt", "data", ...)."""
    from mfpmail.core.causes import find_reply

    message = "The mail server answered %s." % reply
    kind, topic = find_reply(step, reply.code, reply.text.lower()) or _unlisted(step, reply.code)
    code = topic if topic == "auth_rejected" and step == "auth" else "smtp_%d" % reply.code
    return ReplyError(code, message, kind, topic)


def _unlisted(step, code):
    if code < 500 or step in ("connect", "hello"):
        return errors.TRANSIENT, "server_busy"
    if step == "auth":
        return errors.CONFIGURATION, "auth_rejected"
    return errors.MESSAGE, "mail_refused"


def pop3_error(step, text):
    """Return the ReplyError for a refused POP3 step; RFC 3206 tells what is only temporary."""
    from mfpmail.core import causes

    message = "The mail server answered -ERR %s." % text[:200]
    row = causes.find(causes.POP3_REPLIES, response_code(text))
    if row:
        code = "pop3_busy" if row[0] == errors.TRANSIENT else "pop3_refused"
        return ReplyError(code, message, *row)
    if step == "auth":
        return ReplyError("auth_rejected", message, errors.CONFIGURATION)
    return ReplyError("pop3_refused", message, errors.TRANSIENT, "server_busy")


def response_code(text):
    """Return the RFC 2449 section 8 response code in a status text ("SYS/TEMP"), or ""."""
    if not text.startswith("["):
        return ""
    return text[1:].split("]", 1)[0].upper() if "]" in text else ""
