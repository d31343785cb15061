"""What a mail server's refusal means: the step and the reply decide the kind of error.

The sign-in is special: a rejection does not prove that the token is bad (a server whose token
service is down says 535 as well), so it is `auth_rejected`, and the refresh decides.
"""

from mfpmail.core import errors
from mfpmail.core.errors import ReplyError

_SIGN_IN_HINT = "Check the account name and the permissions of the account at the provider."
_CONFIGURATION_CODES = (530, 534, 535, 538)


def smtp_error(step, reply):
    """Return the ReplyError for a refused SMTP step ("auth", "mail", "rcpt", "data", ...)."""
    message = "The mail server answered %s." % reply
    if reply.code < 500:
        return ReplyError("smtp_%d" % reply.code, message, errors.TRANSIENT)
    if step == "auth":
        return ReplyError("auth_rejected", message, errors.CONFIGURATION, _SIGN_IN_HINT)
    if step in ("connect", "hello"):
        return ReplyError("smtp_%d" % reply.code, message, errors.TRANSIENT)
    if reply.code in _CONFIGURATION_CODES:
        return ReplyError("smtp_%d" % reply.code, message, errors.CONFIGURATION, _SIGN_IN_HINT)
    return ReplyError("smtp_%d" % reply.code, message, errors.MESSAGE)


def pop3_error(step, text):
    """Return the ReplyError for a refused POP3 step; RFC 3206 tells what is only temporary."""
    message = "The mail server answered -ERR %s." % text[:200]
    if response_code(text) in ("SYS/TEMP", "IN-USE", "LOGIN-DELAY"):
        return ReplyError("pop3_busy", message, errors.TRANSIENT)
    if step == "auth":
        return ReplyError("auth_rejected", message, errors.CONFIGURATION, _SIGN_IN_HINT)
    return ReplyError("pop3_refused", message, errors.TRANSIENT)


def response_code(text):
    """Return the RFC 2449 section 8 response code in a status text ("SYS/TEMP"), or ""."""
    if not text.startswith("["):
        return ""
    return text[1:].split("]", 1)[0].upper() if "]" in text else ""
