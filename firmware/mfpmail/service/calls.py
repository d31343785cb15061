"""The calls to a provider; see `Exchange.call`.

Each takes the Exchange, the setting's fields, its protocol ("smtp" or "pop3") and what else it
needs, and raises MailError as `mfpmail.session.provider.ProviderClient` does.
"""

from mfpmail.core.errors import SettingsError
from mfpmail.core.providers import resolve, wants_discovery
from mfpmail.session.provider import ProviderClient


async def discover(exchange, setting, protocol):
    """Return the endpoints of a provider of which only the issuer is known, as fields of the
    setting; {} when there is nothing to find."""
    if not wants_discovery(setting):
        return {}
    return await _client(exchange).discover(setting["issuer"])


async def authorize_device(exchange, setting, protocol):
    """Start a device authorization grant. Raises SettingsError `settings_missing` as well, with
    everything that must be entered first."""
    return await _client(exchange).authorize_device(_complete(setting, protocol))


async def authorize_redirect(exchange, setting, protocol):
    """Start an authorization code grant: return `{"authorization_uri", "oauth_state",
    "code_verifier"}`. Nothing is sent. Raises SettingsError as `authorize_device`."""
    from mfpmail.core.authcode import VERIFIER_BYTES, authorization_uri, base64url

    provider = _complete(setting, protocol)
    state = base64url(exchange.random_bytes(VERIFIER_BYTES))
    verifier = base64url(exchange.random_bytes(VERIFIER_BYTES))
    return {
        "authorization_uri": authorization_uri(provider, state, verifier),
        "oauth_state": state,
        "code_verifier": verifier,
    }


async def finish_redirect(exchange, setting, protocol, pasted, state, verifier):
    """Exchange the code in what was pasted; see `authcode.parse_redirect` for its errors."""
    from mfpmail.core.authcode import parse_redirect

    code = parse_redirect(pasted, state)
    provider = resolve(setting, protocol)[0]
    return await _client(exchange).exchange_code(provider, code, verifier)


async def authorize_application(exchange, setting, protocol):
    """Ask for a token as the application itself (client credentials); this grant has no refresh
    token, so that every renewal is the same."""
    return await _client(exchange).client_credentials(_complete(setting, protocol))


async def poll(exchange, setting, protocol, device_code):
    """Ask once for the token of a grant."""
    return await _client(exchange).poll(resolve(setting, protocol)[0], device_code)


async def refresh(exchange, setting, protocol, refresh_token):
    """Renew a token."""
    return await _client(exchange).refresh(resolve(setting, protocol)[0], refresh_token)


async def revoke(exchange, setting, protocol, secret):
    """Ask the provider to end a token (RFC 7009). Raises MailError `no_revocation` when it offers
    no such thing."""
    await _client(exchange).revoke(resolve(setting, protocol)[0], secret)


def _client(exchange):
    return ProviderClient(exchange.open_http())


def _complete(setting, protocol):
    """Return the provider, or raise SettingsError with everything that is missing."""
    provider, missing = resolve(setting, protocol)
    if missing:
        raise SettingsError("settings_missing", "Some fields must be entered first.", missing)
    return provider
