"""OAuth 2.0 requests and answers: device authorization grant (RFC 8628), refresh (RFC 6749).

Nothing here sends anything: a request is `(url, body)`, an answer is `(status, body)`.
"""

import json

from mfpmail.core import errors, limits
from mfpmail.core.errors import ProviderError
from mfpmail.core.identity import owner_of_id_token

FORM_TYPE = "application/x-www-form-urlencoded"
DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


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
    """Return `{"access_token", "refresh_token", "expires_in", "refresh_in", "refresh_expires_in",
    "scope", "owner"}` (RFC 6749 section 5.1; `refresh_in` is Microsoft's advice when to renew,
    `refresh_expires_in` how long the refresh token lives; both 0 where the provider does not say).

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
    # Google and Microsoft name it thus; Keycloak's name follows.
    ends_in = answer.get("refresh_token_expires_in") or answer.get("refresh_expires_in")
    return {
        "access_token": access_token,
        "refresh_token": _text(answer, "refresh_token"),
        "expires_in": min(max(lifetime_s, 0), limits.MAX_TOKEN_LIFETIME_S),
        "refresh_in": max(refresh_in, 0),
        "refresh_expires_in": min(max(_integer(ends_in, 0), 0), limits.MAX_REFRESH_LIFETIME_S),
        "scope": _text(answer, "scope"),
        "owner": owner_of_id_token(_text(answer, "id_token")),
    }


def revocation_request(provider, secret):
    """Return `(url, body)` of RFC 7009 section 2.1. Raises ProviderError `no_revocation`."""
    if not provider["revocation_endpoint"]:
        raise ProviderError("no_revocation", "The provider has no revocation endpoint.")
    fields = [("token", secret)]
    return provider["revocation_endpoint"], form(fields + client_fields(provider))


def parse_revocation(status, body):
    """Return nothing when the token is revoked (RFC 7009 section 2.2). Raises ProviderError."""
    if status == 200:
        return
    raise error_of(status, json_object(body) or {})


def _answer(status, body):
    """Return the JSON object of a good answer, or raise what a bad one means."""
    answer = json_object(body)
    if answer is None:
        raise _no_json(status)
    if "error" in answer or status >= 400:
        raise error_of(status, answer)
    if status != 200:
        raise _unusable("The provider answered with HTTP status %d." % status)
    return answer


def json_object(body):
    """Return the JSON object that an answer is, None when it is anything else."""
    try:
        value = json.loads(body.decode())
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def error_of(status, answer):
    """Return the ProviderError that an error answer means (see `core.causes`)."""
    from mfpmail.core import causes

    code = _text(answer, "error") or "http_%d" % status
    known = causes.find(causes.ERRORS, code) or (errors.CONFIGURATION, "provider_refused")
    number = aadsts_number(answer)
    subcode = _text(answer, "suberror") or _text(answer, "error_subtype")
    kind, topic = _refined(*known, causes.find(causes.SUBERRORS, subcode))
    kind, topic = _refined(kind, topic, causes.find(causes.NUMBERS, number))
    if _is_overload(status) and kind != errors.PENDING:
        kind, topic = errors.TRANSIENT, "provider_busy"
    error = ProviderError(_plain(code), _said(code, subcode, number), kind, topic)
    if topic == causes.SLOW_TOPIC:
        error.retry_after_s = causes.SLOW_RETRY_S
    return error


def _refined(kind, topic, row):
    """Take the topic of a closer row, and its kind if that ends the token or sign-in as well."""
    if not row:
        return kind, topic
    if kind in errors.DEAD_TOKEN and row[0] in errors.DEAD_TOKEN:
        kind = row[0]
    elif kind in errors.DEAD_TOKEN and row[0] == errors.TRANSIENT:
        kind = errors.INTERACTION  # Invalid, as it says, but worth another try
    return kind, row[1]


def aadsts_number(answer):
    """Return the digits of Microsoft's number in an error answer, "" without one."""
    codes = answer.get("error_codes")
    if isinstance(codes, list) and codes and isinstance(codes[0], int):
        return str(codes[0])
    digits = ""
    for c in _text(answer, "error_description").partition("AADSTS")[2][:9]:
        if not c.isdigit():
            break
        digits += c
    return digits


def _said(code, subcode, number):
    parts = [_plain(code), _plain(subcode), "AADSTS" + number if number else ""]
    return "The provider answered %s." % " ".join([part for part in parts if part])


def _plain(code):
    return "".join(c if c.isalpha() or c.isdigit() or c == "_" else "_" for c in code[:40])


def _is_overload(status):
    return status == 429 or status >= 500


def _no_json(status):
    message = "The answer (HTTP status %d) does not come from a token service." % status
    if _is_overload(status):
        message = "The provider answered HTTP status %d." % status
        return ProviderError("http_%d" % status, message, errors.TRANSIENT, "provider_busy")
    return ProviderError("provider_not_json", message, errors.TRANSIENT)


def _unusable(message):
    return ProviderError("provider_answer", message, errors.TRANSIENT)


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
