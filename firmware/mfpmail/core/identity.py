"""Which account has really signed in: what an ID token or the userinfo endpoint says of it.

The ID token comes from the token endpoint itself, over verified TLS, so its signature needs no
check (OpenID Connect Core 1.0 section 3.1.3.7, item 6).
"""

import binascii
import json

# Microsoft sends the first (as `upn` in older tokens), Google the second.
_CLAIMS = ("preferred_username", "email", "upn", "unique_name")
_MAX_CHARS = 254


def owner_of_id_token(id_token):
    """Return the account that an ID token (a JWT) names, "" when it names none."""
    parts = id_token.split(".")
    if len(parts) != 3:
        return ""
    text = parts[1].replace("-", "+").replace("_", "/")
    try:
        return owner_in(json.loads(binascii.a2b_base64(text + "=" * (-len(text) % 4)).decode()))
    except ValueError:
        return ""


def owner_of_userinfo(status, body):
    """Return the account that a userinfo answer (OpenID Connect Core section 5.3.2) names."""
    try:
        return owner_in(json.loads(body.decode())) if status == 200 else ""
    except ValueError:
        return ""


def owner_in(claims):
    """Return the first claim that looks like a mail address, "" without one."""
    for name in _CLAIMS if isinstance(claims, dict) else ():
        value = claims.get(name)
        if isinstance(value, str) and "@" in value and _is_plain(value):
            return value
    return ""


def _is_plain(text):
    return len(text) <= _MAX_CHARS and not any(c <= " " or c == "\x7f" for c in text)
