"""How POP3 signs in, step by step: XOAUTH2, OAUTHBEARER (RFC 7628), PLAIN, APOP, USER and PASS.

A sign-in is a generator. It yields what is to be said: `(verb, argument)` for a command, bytes
for a SASL response (RFC 5034), CAPA for the question of what is offered. It is sent `(ok, text)`
of the answer, after CAPA what `add_capability` has found; an error on the way is thrown into it.
It ends when the server has accepted, and raises ReplyError when it has not.

Only a sign-in needs this module, so that a board has it in memory for no longer.
"""

from mfpmail.core import sasl
from mfpmail.core.errors import MailError
from mfpmail.core.replies import pop3_error

CAPA = "CAPA"


def with_xoauth2(user, access_token, host, port):
    """Sign in with XOAUTH2, always in two steps: Exchange closes the connection on one
    (getmail6/getmail6#256). A server that has no XOAUTH2 but OAUTHBEARER gets that."""
    response = sasl.xoauth2(user, access_token)
    ok, text = yield "AUTH", "XOAUTH2"
    if ok is None:  # the error challenge is answered by an empty line
        yield from _answer(response, b"", access_token)
        return
    refusal = pop3_error("auth", text)
    if refusal.code != "auth_rejected" or not (yield from _offers_bearer_only()):
        raise refusal
    yield from with_oauthbearer(user, access_token, host, port)


def with_oauthbearer(user, access_token, host, port):
    """Sign in with OAUTHBEARER; its error challenge is answered by ^A (RFC 7628 section 3.2.3)."""
    response = sasl.oauthbearer(user, access_token, host, port)
    yield from _mechanism("OAUTHBEARER", response, b"AQ==", access_token)


def with_password(user, password, greeting):
    """Sign in with PLAIN where it is offered, with APOP where the greeting has a timestamp and
    USER is not offered, else with USER and PASS."""
    offered = yield CAPA
    if "PLAIN" in offered.get("SASL", ()):
        yield from _mechanism("PLAIN", sasl.plain(user, password), b"*", password)
        return
    from mfpmail.core.apop import digest_of, timestamp_of

    timestamp = "" if "USER" in offered else timestamp_of(greeting)
    if timestamp:
        argument = "%s %s" % (user, digest_of(timestamp, password))
        _accept((yield "APOP", argument), (password, argument))
    else:
        _accept((yield "USER", user), ())
        _accept((yield "PASS", password), (password,))


def _offers_bearer_only():
    try:
        offered = (yield CAPA).get("SASL", ())
    except MailError:  # the refusal that came before says more
        return False
    return "OAUTHBEARER" in offered and "XOAUTH2" not in offered


def _mechanism(name, response, dismissal, secret):
    ok, text = yield "AUTH", name
    if ok is not None:
        raise pop3_error("auth", text)
    yield from _answer(response, dismissal, secret)


def _answer(response, dismissal, secret):
    ok, text = yield response
    if ok is None:  # a further challenge tells of an error
        ok, text = yield dismissal
    _accept((ok, text), (secret, response.decode()))


def _accept(status, secrets):
    ok, text = status
    if not ok:
        from mfpmail.core.hiding import without_secrets

        raise pop3_error("auth", without_secrets(text, secrets))


def add_capability(found, line):
    """Put a line that CAPA answered into `found`, `{KEYWORD: [PARAMETER, ...]}` (RFC 2449).

    Only what this client acts upon is kept: ways to sign in and STLS.
    """
    words = line.upper().split()
    keyword = bytes(words[0]).decode() if words and words[0] in (b"SASL", b"STLS", b"USER") else ""
    if keyword:
        names = [word.decode() for word in words[1:] if max(word) < 0x80]
        found[keyword] = found.get(keyword, []) + names
