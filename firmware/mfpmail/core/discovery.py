"""Finds a provider's endpoints from its issuer (RFC 8414, OpenID Connect Discovery 1.0)."""

from mfpmail.core import errors
from mfpmail.core.errors import ProviderError
from mfpmail.core.oauth import json_object
from mfpmail.core.providers import ENDPOINTS

_MAX_URL_CHARS = 512


def metadata_urls(issuer):
    """Return the addresses to try, in order: RFC 8414 section 3.1 puts the well-known part before
    the issuer's path, OpenID Connect behind it."""
    issuer = issuer.rstrip("/")
    host, slash, path = issuer[len("https://") :].partition("/")
    return (
        "https://%s/.well-known/oauth-authorization-server%s%s" % (host, slash, path),
        issuer + "/.well-known/openid-configuration",
    )


def parse_metadata(issuer, status, body):
    """Return `{field: endpoint}` with a value ("" where there is none) for all of
    `providers.ENDPOINTS`, which are named as the metadata (RFC 8414 section 2) names them.

    Raises ProviderError: `no_metadata` when the answer is none, `issuer_differs` when it speaks
    for another issuer (RFC 8414 section 3.3).
    """
    metadata = json_object(body)
    if status != 200 or not metadata or "issuer" not in metadata:
        kind = errors.TRANSIENT if status == 429 or status >= 500 else errors.CONFIGURATION
        message = "The issuer's address answered no metadata (HTTP status %d)." % status
        raise ProviderError("no_metadata", message, kind)
    if str(metadata["issuer"]).rstrip("/") != issuer.rstrip("/"):
        raise ProviderError("issuer_differs", "The metadata speaks for another issuer.")
    found = {name: _endpoint(metadata.get(name)) for name in ENDPOINTS}
    if not found["token_endpoint"]:
        raise ProviderError("no_metadata", "The issuer's metadata names no token endpoint.")
    return found


def _endpoint(value):
    """Return an address that may stand in a setting; anything else is as if it were not there."""
    if not isinstance(value, str) or not value.startswith("https://"):
        return ""
    fits = len(value) <= _MAX_URL_CHARS and all("!" <= c <= "~" for c in value)
    return value if fits and not any(c in value for c in '@"<>\\') else ""
