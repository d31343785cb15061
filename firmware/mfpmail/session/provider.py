"""Talks to the provider's endpoints through the HTTP port."""

from mfpmail.core import limits, oauth

_HEADERS = {"Content-Type": oauth.FORM_TYPE, "Accept": "application/json"}


class ProviderClient:
    """`http` is the HTTP port: `post(url, headers, body, deadline_ms)`.

    Every method raises MailError: ProviderError for an answer that is an error, NetworkError,
    TlsError or HttpError when there was no usable answer. Only a ProviderError may change the
    state of a token.
    """

    def __init__(self, http):
        self._http = http

    async def authorize_device(self, provider):
        """Ask for a code (RFC 8628 section 3.1); see `oauth.parse_device_authorization`."""
        status, body = await self._post(oauth.device_authorization_request(provider))
        return oauth.parse_device_authorization(status, body)

    async def poll(self, provider, device_code):
        """Ask once whether somebody has signed in; see `oauth.parse_token`."""
        status, body = await self._post(oauth.device_token_request(provider, device_code))
        return oauth.parse_token(status, body)

    async def refresh(self, provider, refresh_token):
        """Exchange the refresh token; see `oauth.parse_token`."""
        status, body = await self._post(oauth.refresh_request(provider, refresh_token))
        return oauth.parse_token(status, body)

    async def exchange_code(self, provider, code, verifier):
        """Exchange an authorization code (RFC 6749 section 4.1.3); see `oauth.parse_token`."""
        from mfpmail.core.authcode import code_token_request

        status, body = await self._post(code_token_request(provider, code, verifier))
        return oauth.parse_token(status, body)

    async def client_credentials(self, provider):
        """Ask for a token as the application itself; see `oauth.parse_token`."""
        from mfpmail.core.authcode import client_credentials_request

        status, body = await self._post(client_credentials_request(provider))
        return oauth.parse_token(status, body)

    async def _post(self, request):
        url, body = request
        deadline_ms = limits.PROVIDER_DEADLINE_MS
        status, _, answer = await self._http.post(url, dict(_HEADERS), body, deadline_ms)
        return status, answer
