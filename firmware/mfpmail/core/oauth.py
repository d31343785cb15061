"""OAuth 2.0 requests and answers: device authorization grant (RFC 8628), refresh (RFC 6749).

Nothing here sends anything: a request is `(url, body)`, an answer is `(status, body)`.
"""

import json

from mfpmail.core import errors, limits
from mfpmail.core.errors import ProviderError

FORM_TYPE = "application/x-www-form-urlencoded"
DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

# The `error` of an answer decides what happens next (RFC 6749 sections 4.1.2.1 and 5.2, RFC 8628
# section 3.5, vendors' pages): error → (kind, what it means, what to do).
ERRORS = {
    "authorization_pending": (errors.PENDING, "Nobody has signed in yet.", ""),
    "slow_down": (errors.PENDING, "The provider wants to be asked less often.", ""),
    "authorization_declined": (
        errors.FLOW_OVER,
        "The sign-in was declined.",
        "Press [Get Token] again and approve the request.",
    ),
    "access_denied": (
        errors.FLOW_OVER,
        "The sign-in was declined.",
        "Press [Get Token] again and approve the request.",
    ),
    "expired_token": (
        errors.FLOW_OVER,
        "The code expired before anybody signed in.",
        "Press [Get Token] again and enter the new code in time.",
    ),
    "bad_verification_code": (
        errors.FLOW_OVER,
        "The provider does not know the code any more.",
        "Press [Get Token] again.",
    ),
    "invalid_grant": (
        errors.INVALID,
        "The provider does not accept the token any more.",
        "Delete the token and obtain it again.",
    ),
    "interaction_required": (
        errors.INTERACTION,
        "The provider wants the account's owner to sign in again.",
        "Delete the token and obtain it again.",
    ),
    "admin_policy_enforced": (
        errors.ACCOUNT,
        "The organisation's policy does not allow this account.",
        "Ask the organisation's administrator to allow the application.",
    ),
    "org_internal": (
        errors.ACCOUNT,
        "The application is only for accounts of another organisation.",
        "Use an account of that organisation or another client id.",
    ),
    "invalid_client": (
        errors.CONFIGURATION,
        "The provider does not know this client id, or its secret is wrong or has expired.",
        "Check the client id and the client secret.",
    ),
    "unauthorized_client": (
        errors.CONFIGURATION,
        "This application may not use this kind of sign-in.",
        "Allow public client flows for the application at the provider.",
    ),
    "invalid_scope": (
        errors.CONFIGURATION,
        "The provider does not offer a permission that was asked for.",
        "Check the scope.",
    ),
    "unsupported_grant_type": (
        errors.CONFIGURATION,
        "The provider does not offer this kind of sign-in.",
        "Choose another grant.",
    ),
    "invalid_request": (
        errors.CONFIGURATION,
        "The provider did not understand the request.",
        "Check tenant, client id and endpoints.",
    ),
    "temporarily_unavailable": (errors.TRANSIENT, "The provider is busy.", ""),
    "server_error": (errors.TRANSIENT, "The provider has a fault.", ""),
}


def quote(text):
    """Percent-encode everything but RFC 3986's unreserved characters; `~`, `+` and `%` in a
    client secret arrive as they were entered."""
    return "".join(chr(byte) if byte in _UNRESERVED else "%%%02X" % byte for byte in text.encode())


def form(fields):
    """Return `[(name, value), ...]` as a form body (bytes); fields without a value are left out."""
    return "&".join(name + "=" + quote(value) for name, value in fields if value).encode()


def device_authorization_request(provider):
    """Return `(url, body)` of RFC 8628 section 3.1."""
    fields = [("client_id", provider["client_id"]), ("scope", provider["scope"])]
    return provider["device_authorization_endpoint"], form(fields)


def device_token_request(provider, device_code):
    """Return `(url, body)` of one poll, RFC 8628 section 3.4."""
    fields = [("grant_type", DEVICE_CODE_GRANT), ("device_code", device_code)]
    return provider["token_endpoint"], form(fields + client_fields(provider))


def refresh_request(provider, refresh_token):
    """Return `(url, body)` of RFC 6749 section 6."""
    fields = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)]
    return provider["token_endpoint"], form(fields + client_fields(provider))


def client_fields(provider):
    """Return the form fields that say who asks; the secret only where there is one."""
    return [("client_id", provider["client_id"]), ("client_secret", provider["client_secret"])]


def parse_device_authorization(status, body):
    """Return the grant of RFC 8628 section 3.2, times as durations in seconds:
    `{"device_code", "user_code", "verification_uri", "verification_uri_complete", "interval_s",
    "expires_in"}`. Google calls the address `verification_url`.

    Raises ProviderError.
    """
    answer = _answer(status, body)
    grant = {name: _text(answer, name) for name in ("device_code", "user_code")}
    grant["verification_uri"] = _text(answer, "verification_uri") or _text(
        answer, "verification_url"
    )
    if not all(grant.values()):
        raise _unusable("The provider's answer has no code or no address.")
    grant["verification_uri_complete"] = _text(answer, "verification_uri_complete")
    for name in ("verification_uri", "verification_uri_complete"):
        if grant[name] and not _is_web_address(grant[name]):
            raise _unusable("The provider's address for the sign-in is no web address.")
    interval_s = _integer(answer.get("interval"), limits.DEFAULT_POLL_INTERVAL_S)
    grant["interval_s"] = min(max(interval_s, 1), limits.MAX_POLL_INTERVAL_S)
    lifetime_s = _integer(answer.get("expires_in"), limits.DEFAULT_CODE_LIFETIME_S)
    grant["expires_in"] = min(max(lifetime_s, 1), limits.MAX_CODE_LIFETIME_S)
    return grant


def parse_token(status, body):
    """Return `{"access_token", "refresh_token", "expires_in", "refresh_in", "scope"}` (RFC 6749
    section 5.1; `refresh_in` is Microsoft's advice when to renew, 0 without it).

    `refresh_token` is "" when the provider sent none: the old one stays in use. `expires_in` may
    be absent, a string or absurd; it comes back as seconds between 0 and a day.
    Raises ProviderError.
    """
    answer = _answer(status, body)
    access_token = _text(answer, "access_token")
    if not access_token:
        raise _unusable("The provider's answer has no access token.")
    if len(access_token) > limits.MAX_TOKEN_BYTES:
        raise _unusable("The provider's access token is too long.")
    lifetime_s = _integer(answer.get("expires_in"), limits.DEFAULT_TOKEN_LIFETIME_S)
    refresh_in = _integer(answer.get("refresh_in"), 0)
    return {
        "access_token": access_token,
        "refresh_token": _text(answer, "refresh_token"),
        "expires_in": min(max(lifetime_s, 0), limits.MAX_TOKEN_LIFETIME_S),
        "refresh_in": max(refresh_in, 0),
        "scope": _text(answer, "scope"),
    }


def _answer(status, body):
    """Return the JSON object of a good answer, or raise what a bad one means."""
    try:
        answer = json.loads(body.decode())
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise _no_json(status)
    if "error" in answer or status >= 400:
        raise error_of(status, answer)
    if status != 200:
        raise _unusable("The provider answered with HTTP status %d." % status)
    return answer


def error_of(status, answer):
    """Return the ProviderError that an error answer means; an overload outranks its body."""
    code = _text(answer, "error") or "http_%d" % status
    if code in ERRORS:
        kind, message, hint = ERRORS[code]
        return ProviderError(code, message, kind, hint)
    if status == 429 or status >= 500:
        return ProviderError(code, "The provider is not available.", errors.TRANSIENT)
    code = "".join(c if c.isalpha() or c.isdigit() or c == "_" else "_" for c in code[:40])
    message = "The provider refused the request (%s)." % code
    return ProviderError(code, message, errors.CONFIGURATION, "Check the provider's settings.")


def _no_json(status):
    if status == 429 or status >= 500:
        return ProviderError("http_%d" % status, "The provider is not available.", errors.TRANSIENT)
    return ProviderError(
        "provider_not_json",
        "The answer (HTTP status %d) does not come from a token service." % status,
        errors.TRANSIENT,
        "Check the endpoints, and whether a proxy or sign-in page stands between.",
    )


def _unusable(message):
    return ProviderError("provider_answer", message, errors.TRANSIENT, "Check the endpoints.")


def retry_after_s(headers):
    """Return the seconds of a Retry-After header field, 0 without one or for a date."""
    return max(_integer(headers.get("retry-after"), 0), 0)


def _is_web_address(text):
    return text.startswith("https://") or text.startswith("http://")  # noqa: PIE810 - MicroPython


def _text(answer, name):
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def _integer(value, default):
    try:
        return int(value)
    except (ValueError, TypeError, OverflowError):
        return default
