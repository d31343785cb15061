"""How SMTP signs in, step by step (RFC 4954): XOAUTH2, OAUTHBEARER (RFC 7628), PLAIN, LOGIN.

A sign-in is a generator. It yields what is to be said, `(verb, argument)` for a command and bytes
for a SASL response, and is sent the Reply. It ends when the server has accepted, and raises
ReplyError when it has not. `offered` are the mechanisms that the server names, `server` is its
`host:port`.

Only a sign-in needs this module, so that a board has it in memory for no longer.
"""

from mfpmail.core import limits, sasl
from mfpmail.core.errors import ReplyError
from mfpmail.core.replies import smtp_error

_CHALLENGE = 334
_CONTROL_A = b"AQ=="  # the answer to an error challenge (RFC 7628 section 3.2.3)


def with_xoauth2(offered, server, user, access_token):
    """Sign in with XOAUTH2. A server that has no XOAUTH2 but OAUTHBEARER gets that."""
    if "OAUTHBEARER" in offered and "XOAUTH2" not in offered:
        yield from with_oauthbearer(offered, server, user, access_token)
        return
    _check_offered("XOAUTH2", offered, server)
    yield from _with_token(b"XOAUTH2", sasl.xoauth2(user, access_token), b"")


def with_oauthbearer(offered, server, user, access_token):
    """Sign in with OAUTHBEARER."""
    _check_offered("OAUTHBEARER", offered, server)
    host, _, port = server.rpartition(":")
    response = sasl.oauthbearer(user, access_token, host, int(port))
    yield from _with_token(b"OAUTHBEARER", response, _CONTROL_A)


def with_password(offered, server, user, password):
    """Sign in with PLAIN, or with LOGIN where only that is offered."""
    if "PLAIN" in offered or "LOGIN" not in offered:
        _check_offered("PLAIN", offered, server)
        reply = yield "AUTH", b"PLAIN " + sasl.plain(user, password)
    else:
        reply = _accepted((yield "AUTH", b"LOGIN"))
        for answer in sasl.login_answers(user, password):
            reply = _accepted((yield answer))
    _accepted(reply, 2)


def _check_offered(mechanism, offered, server):
    if mechanism not in offered:
        sentence = "%s does not offer to sign in with %s." % (server, mechanism)
        raise ReplyError("auth_not_offered", sentence)


def _with_token(mechanism, response, dismissal):
    """In one step when the command fits 512 bytes (RFC 4954 section 4)."""
    command = mechanism + b" " + response
    if len(command) + len("AUTH \r\n") <= limits.MAX_COMMAND_BYTES:
        reply = yield "AUTH", command
    else:
        reply = _accepted((yield "AUTH", mechanism))
        reply = yield response
    status = ""
    if reply.code == _CHALLENGE:  # of an error: what dismisses it asks for the final reply
        status = sasl.challenge_status(reply.lines[0])
        reply = yield dismissal
    try:
        _accepted(reply, 2)
    except ReplyError as error:
        if status:
            error.message += " It says about the token: %s." % status
        raise


def _accepted(reply, digit=None):
    if not reply.ok or (digit and reply.code // 100 != digit):
        raise smtp_error("auth", reply)
    return reply
