"""The calls to a provider, made with code that is loaded for the call only."""

from mfpmail.core.errors import SettingsError


class Exchange:
    """Asks the provider that a setting names. `open_http()` returns the HTTP port.

    Every method takes the setting's fields and its protocol ("smtp" or "pop3") and raises
    MailError as `mfpmail.session.provider.ProviderClient` does. A renewal happens within the turn
    of the mail connection that wants it, everything else takes a turn of its own.
    """

    def __init__(self, overlays, open_http, random_bytes):
        self._overlays = overlays
        self._open_http = open_http
        self._random_bytes = random_bytes

    @property
    def turn(self):
        """The lock for what needs a connection; see Overlays."""
        return self._overlays.turn

    def chance(self):
        """Return a random byte."""
        return self._random_bytes(1)[0]

    async def authorize_device(self, setting, protocol):
        """Start a device authorization grant. Raises SettingsError `settings_missing` as well,
        with everything that must be entered first."""
        async with self._overlays.turn:
            with self._overlays:
                provider = _complete(setting, protocol)
                return await self._client().authorize_device(provider)

    def authorize_redirect(self, setting, protocol):
        """Start an authorization code grant: return `{"authorization_uri", "oauth_state",
        "code_verifier"}`. Nothing is sent. Raises SettingsError as `authorize_device`."""
        with self._overlays:
            from mfpmail.core.authcode import VERIFIER_BYTES, authorization_uri, base64url

            provider = _complete(setting, protocol)
            state = base64url(self._random_bytes(VERIFIER_BYTES))
            verifier = base64url(self._random_bytes(VERIFIER_BYTES))
            return {
                "authorization_uri": authorization_uri(provider, state, verifier),
                "oauth_state": state,
                "code_verifier": verifier,
            }

    async def finish_redirect(self, setting, protocol, pasted, state, verifier):
        """Exchange the code in what was pasted; see `authcode.parse_redirect` for its errors."""
        async with self._overlays.turn:
            with self._overlays:
                from mfpmail.core.authcode import parse_redirect

                code = parse_redirect(pasted, state)
                provider = _resolve(setting, protocol)[0]
                return await self._client().exchange_code(provider, code, verifier)

    async def authorize_application(self, setting, protocol):
        """Ask for a token as the application itself (client credentials)."""
        async with self._overlays.turn:
            return await self.renew_application(setting, protocol)

    async def renew_application(self, setting, protocol):
        """The same within the turn of a mail connection: this grant has no refresh token."""
        with self._overlays:
            provider = _complete(setting, protocol)
            return await self._client().client_credentials(provider)

    async def poll(self, setting, protocol, device_code):
        """Ask once for the token of a grant."""
        async with self._overlays.turn:
            with self._overlays:
                return await self._client().poll(_resolve(setting, protocol)[0], device_code)

    async def refresh(self, setting, protocol, refresh_token):
        """Renew a token."""
        with self._overlays:
            return await self._client().refresh(_resolve(setting, protocol)[0], refresh_token)

    def error(self, code):
        """Return the ProviderError that an `error` of RFC 6749 or RFC 8628 means."""
        with self._overlays:
            from mfpmail.core.oauth import error_of

            return error_of(400, {"error": code})

    def _client(self):
        from mfpmail.session.provider import ProviderClient

        return ProviderClient(self._open_http())


def _complete(setting, protocol):
    """Return the provider, or raise SettingsError with everything that is missing."""
    provider, missing = _resolve(setting, protocol)
    if missing:
        raise SettingsError("settings_missing", "Some fields must be entered first.", missing)
    return provider


def _resolve(setting, protocol):
    from mfpmail.core.providers import resolve

    return resolve(setting, protocol)
