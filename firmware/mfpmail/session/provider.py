"""Talks to the provider's endpoints through the HTTP port."""

from mfpmail.core import limits, oauth
from mfpmail.core.errors import TRANSIENT, MailError, ProviderError

_HEADERS = {"Content-Type": oauth.FORM_TYPE, "Accept": "application/json"}


class ProviderClient:
    """`http` is the HTTP port: `post(url, headers, body, deadline_ms)` and the same `get`.

    Every method raises MailError: ProviderError for an answer that is an error, NetworkError,
    TlsError or HttpError when there was no usable answer. Only a ProviderError may change the
    state of a token.
    """

    def __init__(self, http):
        self._http = http

    async def authorize_device(self, provider):
        """Ask for a code (RFC 8628 section 3.1); see `oauth.parse_device_authorization`."""
        request = oauth.device_authorization_request(provider)
        return await self._ask(request, oauth.parse_device_authorization)

    async def poll(self, provider, device_code):
        """Ask once whether somebody has signed in; see `oauth.parse_token`."""
        tokens = await self._ask(oauth.device_token_request(provider, device_code))
        return await self._with_owner(provider, tokens)

    async def refresh(self, provider, refresh_token):
        """Exchange the refresh token; see `oauth.parse_token`."""
        return await self._ask(oauth.refresh_request(provider, refresh_token))

    async def exchange_code(self, provider, code, verifier):
        """Exchange an authorization code (RFC 6749 section 4.1.3); see `oauth.parse_token`."""
        from mfpmail.core.authcode import code_token_request

        tokens = await self._ask(code_token_request(provider, code, verifier))
        return await self._with_owner(provider, tokens)

    async def client_credentials(self, provider):
        """Ask for a token as the application itself; see `oauth.parse_token`."""
        from mfpmail.core.authcode import client_credentials_request

        return await self._ask(client_credentials_request(provider))

    async def revoke(self, provider, secret):
        """End a token at the provider (RFC 7009)."""
        await self._ask(oauth.revocation_request(provider, secret), oauth.parse_revocation)

    async def discover(self, issuer):
        """Return the endpoints of an issuer; see `discovery.parse_metadata`."""
        from mfpmail.core.discovery import metadata_urls, parse_metadata

        first, second = metadata_urls(issuer)
        status, _, body = await self._get(first)
        try:
            return parse_metadata(issuer, status, body)
        except ProviderError as error:
            if error.kind == TRANSIENT:
                raise
        status, _, body = await self._get(second)
        return parse_metadata(issuer, status, body)

    async def _with_owner(self, provider, tokens):
        """Ask who has signed in, where the answer did not say; a token is good without it."""
        if tokens["owner"] or not provider["userinfo_endpoint"]:
            return tokens
        from mfpmail.core.identity import owner_of_userinfo

        bearer = {"Authorization": "Bearer " + tokens["access_token"]}
        try:
            status, _, body = await self._get(provider["userinfo_endpoint"], bearer)
        except MailError:
            return tokens
        tokens["owner"] = owner_of_userinfo(status, body)
        return tokens

    async def _get(self, url, more=None):
        headers = {"Accept": "application/json"}
        headers.update(more or {})
        return await self._http.get(url, headers, limits.PROVIDER_DEADLINE_MS)

    async def _ask(self, request, parse=oauth.parse_token):
        url, body = request
        deadline_ms = limits.PROVIDER_DEADLINE_MS
        status, headers, answer = await self._http.post(url, dict(_HEADERS), body, deadline_ms)
        try:
            return parse(status, answer)
        except ProviderError as error:
            error.retry_after_s = max(error.retry_after_s, oauth.retry_after_s(headers))
            raise
