"""Authorization code grant with PKCE (RFC 7636) and client credentials (RFC 6749 section 4.4).

The device has no address that a provider could redirect to, so the administrator copies the
address that the browser ends up at (or the code alone) back into the page.
"""

import binascii
import hashlib

from mfpmail.core import limits
from mfpmail.core.errors import MailError
from mfpmail.core.oauth import client_fields, error_of, form

VERIFIER_BYTES = 32  # become 43 characters (RFC 7636 section 4.1)


def base64url(data):
    """Return base64url without padding (RFC 4648 section 5)."""
    text = binascii.b2a_base64(data).decode().strip()
    return text.replace("+", "-").replace("/", "_").rstrip("=")


def authorization_uri(provider, state, verifier):
    """Return the address to open in a browser; `state` and `verifier` are secrets of ours."""
    challenge = base64url(hashlib.sha256(verifier.encode()).digest())
    fields = [
        ("response_type", "code"),
        ("client_id", provider["client_id"]),
        ("redirect_uri", provider["redirect_uri"]),
        ("scope", provider["scope"]),
        ("state", state),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
        ("login_hint", provider["account"]),
    ]
    fields += provider["authorization_extra"]
    endpoint = provider["authorization_endpoint"]
    return endpoint + ("&" if "?" in endpoint else "?") + form(fields).decode()


def parse_redirect(text, state):
    """Return the code in what the administrator pasted: the whole address, or just the code.

    Raises MailError `redirect_empty`, `redirect_state` (an answer to another sign-in), and
    ProviderError for the error that the provider put into the address.
    """
    text = text.strip()
    if not text or len(text) > limits.MAX_REDIRECT_CHARS or " " in text:
        raise _bad_redirect()
    if "?" not in text and "=" not in text:
        return text
    fields = _query(text.split("?", 1)[-1].split("#", 1)[0])
    if fields.get("state", "") != state:
        raise MailError(
            "redirect_state",
            "This address belongs to another sign-in.",
        )
    if "error" in fields:
        raise error_of(400, fields)
    if not fields.get("code"):
        raise _bad_redirect()
    return fields["code"]


def code_token_request(provider, code, verifier):
    """Return `(url, body)` that exchanges the code (RFC 7636 section 4.5)."""
    fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", provider["redirect_uri"]),
        ("code_verifier", verifier),
    ]
    return provider["token_endpoint"], form(fields + client_fields(provider))


def client_credentials_request(provider):
    """Return `(url, body)` of RFC 6749 section 4.4.2."""
    fields = [("grant_type", "client_credentials"), ("scope", provider["scope"])]
    return provider["token_endpoint"], form(fields + client_fields(provider))


def _query(text):
    fields = {}
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        fields[name] = unquote(value.replace("+", " "))
    return fields


def unquote(text):
    """Undo percent-encoding; what is no valid code stays as it is."""
    head, *rest = text.split("%")
    data = head.encode()
    for piece in rest:
        try:
            data += bytes([int(piece[:2], 16)]) + piece[2:].encode()
        except ValueError:
            data += b"%" + piece.encode()
    try:
        return data.decode()
    except UnicodeError:
        return text


def _bad_redirect():
    return MailError(
        "redirect_empty",
        "There is no code in what was pasted.",
    )
