"""SASL responses: XOAUTH2, OAUTHBEARER (RFC 7628), PLAIN (RFC 4616), LOGIN; error challenges.

XOAUTH2: https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
"""

import binascii
import json

from mfpmail.core.errors import ProtocolError

_MAX_STATUS_CHARS = 32


def _encode(data):
    return binascii.b2a_base64(data).strip()


def _refuse_control(text, what):
    for character in text:
        if character < " " or character == "\x7f":
            raise ProtocolError("control_character", "The %s has a control character." % what)


def xoauth2(user, access_token):
    """Return the `initial_response` of XOAUTH2 as base64, without a line end.

    A control character in either argument would end its field early: ProtocolError.
    """
    _refuse_control(user, "account name")
    _refuse_control(access_token, "access token")
    return _encode(("user=%s\x01auth=Bearer %s\x01\x01" % (user, access_token)).encode())


def oauthbearer(user, access_token, host, port):
    """Return the `initial_response` of OAUTHBEARER (RFC 7628 section 3.1) as base64.

    `host` and `port` are those of the mail server. Control characters as in `xoauth2`.
    """
    _refuse_control(user, "account name")
    _refuse_control(access_token, "access token")
    name = user.replace("=", "=3D").replace(",", "=2C")  # RFC 5801 section 4
    fields = (name, host, port, access_token)
    return _encode(("n,a=%s,\x01host=%s\x01port=%d\x01auth=Bearer %s\x01\x01" % fields).encode())


def plain(user, password):
    """Return the `initial_response` of PLAIN (RFC 4616 section 2) as base64."""
    _refuse_control(user, "user name")
    _refuse_control(password, "password")
    return _encode(("\0%s\0%s" % (user, password)).encode())


def login_answers(user, password):
    """Return the two answers of the mechanism LOGIN: user name, password."""
    _refuse_control(user, "user name")
    _refuse_control(password, "password")
    return _encode(user.encode()), _encode(password.encode())


def challenge_status(challenge):
    """Return the `status` in the error challenge of XOAUTH2 or OAUTHBEARER ("401",
    "invalid_token"), or "" when it has none that is a plain word.

    The challenge is base64 of JSON (RFC 7628 section 3.2.2); whatever else a server sends is not
    an error here, as the final reply that follows decides.
    """
    try:
        status = json.loads(binascii.a2b_base64(challenge).decode())["status"]
    except (ValueError, KeyError, TypeError):
        return ""
    if not isinstance(status, str) or len(status) > _MAX_STATUS_CHARS:
        return ""
    return status if all(c.isalpha() or c.isdigit() or c == "_" for c in status) else ""
