"""The OAuth 2.0 grants and endpoints: Authlib does the protocol, the store holds the facts.

A further grant is one more class with a `request.origin`, named in `GRANTS`.
"""

import secrets
from dataclasses import dataclass

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant

from .accounts import MAIL_SERVERS_CLIENT_ID, SCOPE_OFFLINE, SCOPES
from .store import APPROVED, DENIED, USED

REFRESH_TOKEN_BYTES = 64


@dataclass(frozen=True)
class Origin:
    """Where the tokens of a response come from: a sign-in, or an earlier refresh token."""

    grant_id: str
    account: str
    scope: str
    refreshed: object = None


class DeviceCode(DeviceCodeGrant):
    """RFC 8628 section 3.4; a device code is good for one success."""

    def query_device_credential(self, device_code):
        record = self.server.store.find_device_code(device_code)
        if record is None or record.status == USED:
            raise InvalidGrantError()
        return record

    def query_user_grant(self, user_code):
        record = self.server.store.find_device_code(self.request.form["device_code"])
        if record.status not in (APPROVED, DENIED):
            return None
        return record.account, record.status == APPROVED

    def should_slow_down(self, credential):
        return self.server.store.polled_too_fast(credential)

    def validate_device_credential(self, credential):
        account = super().validate_device_credential(credential)
        if not self.server.store.use_device_code(credential):
            raise InvalidGrantError()
        self.request.origin = Origin(secrets.token_hex(8), account, credential.scope)
        return account

    def generate_token(self, scope=None, include_refresh_token=True, **options):
        offline = include_refresh_token and SCOPE_OFFLINE in scope.split()
        return super().generate_token(scope=scope, include_refresh_token=offline, **options)


class RefreshToken(RefreshTokenGrant):
    """RFC 6749 section 6, with rotation and detection of reuse (RFC 9700 section 4.14.2)."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token):
        return self.server.store.find_refresh_token(refresh_token)

    def authenticate_user(self, refresh_token):
        return refresh_token.account

    def issue_token(self, user, refresh_token):
        if not self.server.store.spend_refresh_token(refresh_token):
            self.server.journal.note(f"refresh token used again: grant of {user} revoked")
            raise InvalidGrantError()
        self.request.origin = Origin(
            refresh_token.grant_id, user, refresh_token.scope, refresh_token
        )
        return super().issue_token(user, refresh_token)

    def revoke_old_credential(self, refresh_token):
        """Nothing is left to do: `issue_token` has spent it, in one step with the check."""


class DeviceAuthorization(DeviceAuthorizationEndpoint):
    """RFC 8628 section 3.1."""

    @property
    def EXPIRES_IN(self):  # noqa: N802 - Authlib's name
        return self.server.options.device_code_expires_in_s

    @property
    def INTERVAL(self):  # noqa: N802 - Authlib's name
        return self.server.options.interval_s

    def get_verification_uri(self):
        return self.server.issuer + "/device"

    def create_endpoint_response(self, request):
        if not request.payload.scope:
            raise InvalidScopeError()
        return super().create_endpoint_response(request)

    def save_device_credential(self, client_id, scope, data):
        self.server.store.add_device_code(
            data["device_code"],
            data["user_code"],
            client_id,
            scope,
            data["expires_in"],
            data["interval"],
        )
        self.server.journal.note(f"device authorization started: code {data['user_code']}")


class Revocation(RevocationEndpoint):
    """RFC 7009: a refresh token takes its whole grant with it, an access token goes alone."""

    CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]

    def query_token(self, token_string, token_type_hint):
        store = self.server.store
        return store.find_access_token(token_string) or store.find_refresh_token(token_string)

    def revoke_token(self, token, request):
        store = self.server.store
        if store.find_access_token(request.form["token"]):
            store.revoke_access_token(token)
        else:
            store.revoke_grant(token.grant_id)
        self.server.journal.note(f"token of {token.account} revoked")


class Introspection(IntrospectionEndpoint):
    """RFC 7662, for the mail servers only. A refresh token is no access token: inactive."""

    CLIENT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]

    def check_permission(self, token, client, request):
        return client.client_id == MAIL_SERVERS_CLIENT_ID

    def query_token(self, token_string, token_type_hint):
        return self.server.store.find_access_token(token_string)

    def introspect_token(self, token):
        return {
            "active": True,
            "iss": self.server.issuer,
            "client_id": token.client_id,
            "username": token.account,
            "scope": token.scope,
            "token_type": "Bearer",
            "iat": int(token.issued_at),
            "exp": int(token.expires_at),
        }


GRANTS = (DeviceCode, RefreshToken)
ENDPOINTS = (DeviceAuthorization, Revocation, Introspection)


class OAuthServer(AuthorizationServer):
    """Authlib's server with what the grants above need: store, clients, issuer, options."""

    def __init__(self, app, issuer, store, clients, options, journal):
        self.issuer = issuer
        self.store = store
        self.options = options
        self.journal = journal
        app.config["OAUTH2_SCOPES_SUPPORTED"] = list(SCOPES)
        super().__init__(app, clients.get, self._remember)
        self.register_token_generator(
            "default",
            BearerTokenGenerator(
                lambda **_: secrets.token_urlsafe(options.access_token_bytes),
                lambda **_: secrets.token_urlsafe(REFRESH_TOKEN_BYTES),
                options.access_token_expires_in_s,
            ),
        )
        for grant in GRANTS:
            self.register_grant(grant)
        for endpoint in ENDPOINTS:
            self.register_endpoint(endpoint)

    def metadata(self):
        """Authorization server metadata (RFC 8414 section 2)."""
        return {
            "issuer": self.issuer,
            "device_authorization_endpoint": self.issuer + "/device_authorization",
            "token_endpoint": self.issuer + "/token",
            "revocation_endpoint": self.issuer + "/revoke",
            "introspection_endpoint": self.issuer + "/introspect",
            "grant_types_supported": [grant.GRANT_TYPE for grant in GRANTS],
            "response_types_supported": [],
            "scopes_supported": list(SCOPES),
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "introspection_endpoint_auth_methods_supported": Introspection.CLIENT_AUTH_METHODS,
        }

    def _remember(self, token, request):
        origin = request.origin
        self.store.add_tokens(
            origin.grant_id,
            request.client.client_id,
            origin.account,
            token["scope"],
            token,
            grant_scope=origin.scope,
        )
        if origin.refreshed:
            self.store.link_successor(origin.refreshed, token["refresh_token"])
        verb = "refreshed" if origin.refreshed else "issued"
        self.journal.note(f"token {verb}: {origin.account}, scope {token['scope']}")
