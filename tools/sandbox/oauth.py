"""The OAuth 2.0 grants and endpoints: Authlib does the protocol, the store holds the facts.

A further grant is one more class with a `request.origin`, named in `GRANTS`.
"""

import secrets
from dataclasses import dataclass

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749.errors import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
)
from authlib.oauth2.rfc6749.grants import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
)
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant

from .accounts import MAIL_SERVERS_CLIENT_ID, SCOPE_OFFLINE, SCOPES
from .records import APPROVED, DENIED, USED

REFRESH_TOKEN_BYTES = 64
SECRET_METHODS = ["client_secret_basic", "client_secret_post"]


@dataclass(frozen=True)
class Origin:
    """Where the tokens of a response come from: a sign-in, or an earlier refresh token.

    Without an account they belong to the client itself.
    """

    grant_id: str
    account: str
    scope: str
    refreshed: object = None


class SignIn:
    """What the grants with a person share: only who asks for it gets a refresh token."""

    def generate_token(self, scope=None, include_refresh_token=True, **options):
        offline = include_refresh_token and SCOPE_OFFLINE in scope.split()
        return super().generate_token(scope=scope, include_refresh_token=offline, **options)


class DeviceCode(SignIn, DeviceCodeGrant):
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


class S256Challenge(CodeChallenge):
    """RFC 7636; a challenge is required, and `plain` is refused (RFC 9700 section 2.1.1)."""

    def validate_code_challenge(self, grant, redirect_uri):
        if grant.request.payload.data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge_method=S256 is required")
        super().validate_code_challenge(grant, redirect_uri)


class AuthorizationCode(SignIn, AuthorizationCodeGrant):
    """RFC 6749 section 4.1; a code is good for one success, and its reuse ends the grant."""

    TOKEN_ENDPOINT_AUTH_METHODS = [*SECRET_METHODS, "none"]

    @staticmethod
    def validate_authorization_redirect_uri(request, client):
        # Authlib would repeat the address, and an error may not hold every character.
        redirect_uri = request.payload.redirect_uri or ""
        if not client.check_redirect_uri(redirect_uri):
            raise InvalidRequestError("The redirect_uri is no loopback address of this client.")
        return redirect_uri

    def validate_requested_scope(self):
        if not self.request.payload.scope:
            raise InvalidScopeError()
        super().validate_requested_scope()

    def save_authorization_code(self, code, request):
        self.server.store.add_authorization_code(
            code,
            self.server.options.authorization_code_expires_in_s,
            client_id=request.client.client_id,
            account=request.user,
            scope=request.scope,
            redirect_uri=request.payload.redirect_uri,
            code_challenge=request.payload.data["code_challenge"],
        )

    def query_authorization_code(self, code, client):
        record = self.server.store.find_authorization_code(code)
        return record if record and record.client_id == client.client_id else None

    def authenticate_user(self, authorization_code):
        account, used = authorization_code.account, authorization_code.used
        if not self.server.store.use_authorization_code(authorization_code):
            if used:
                self.server.journal.note(f"code used again: grant of {account} revoked")
            raise InvalidGrantError()
        self.request.origin = Origin(authorization_code.grant_id, account, authorization_code.scope)
        return account

    def delete_authorization_code(self, authorization_code):
        """Nothing is left to do: it is out of use, and kept to notice its reuse."""


class ClientCredentials(ClientCredentialsGrant):
    """RFC 6749 section 4.4: what a client may do in its own name, as Exchange's app permissions."""

    TOKEN_ENDPOINT_AUTH_METHODS = SECRET_METHODS

    def validate_token_request(self):
        super().validate_token_request()
        scope = self.request.client.get_allowed_scope(self.request.payload.scope)
        if not scope:
            raise InvalidScopeError()
        self.request.origin = Origin(secrets.token_hex(8), "", scope)


class RefreshToken(RefreshTokenGrant):
    """RFC 6749 section 6, with rotation and detection of reuse (RFC 9700 section 4.14.2)."""

    TOKEN_ENDPOINT_AUTH_METHODS = [*SECRET_METHODS, "none"]
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

    CLIENT_AUTH_METHODS = [*SECRET_METHODS, "none"]

    def query_token(self, token_string, token_type_hint):
        store = self.server.store
        return store.find_access_token(token_string) or store.find_refresh_token(token_string)

    def revoke_token(self, token, request):
        store = self.server.store
        if store.find_access_token(request.form["token"]):
            store.revoke_access_token(token)
        else:
            store.revoke_grant(token.grant_id)
        self.server.journal.note(f"token of {token.account or token.client_id} revoked")


class Introspection(IntrospectionEndpoint):
    """RFC 7662, for the mail servers only. A refresh token is no access token: inactive."""

    CLIENT_AUTH_METHODS = SECRET_METHODS

    def check_permission(self, token, client, request):
        return client.client_id == MAIL_SERVERS_CLIENT_ID

    def query_token(self, token_string, token_type_hint):
        return self.server.store.find_access_token(token_string)

    def introspect_token(self, token):
        owner = {"username": token.account} if token.account else {}
        return {
            "active": True,
            "iss": self.server.issuer,
            "client_id": token.client_id,
            "sub": token.account or token.client_id,
            **owner,
            "scope": token.scope,
            "token_type": "Bearer",
            "iat": int(token.issued_at),
            "exp": int(token.expires_at),
        }


# With the extensions of each.
GRANTS = {
    DeviceCode: [],
    AuthorizationCode: [S256Challenge()],
    RefreshToken: [],
    ClientCredentials: [],
}
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
        for grant, extensions in GRANTS.items():
            self.register_grant(grant, extensions)
        for endpoint in ENDPOINTS:
            self.register_endpoint(endpoint)

    def get_authorization_grant(self, request):
        """The grant for the response type of a request; raises OAuth2Error."""
        try:
            return super().get_authorization_grant(request)
        except ValueError:
            # Authlib repeats the response type, and an error may not hold every character.
            raise InvalidRequestError("The response_type is malformed.") from None

    def metadata(self):
        """Authorization server metadata (RFC 8414 section 2)."""
        return {
            "issuer": self.issuer,
            "device_authorization_endpoint": self.issuer + "/device_authorization",
            "authorization_endpoint": self.issuer + "/authorize",
            "token_endpoint": self.issuer + "/token",
            "revocation_endpoint": self.issuer + "/revoke",
            "introspection_endpoint": self.issuer + "/introspect",
            "grant_types_supported": [grant.GRANT_TYPE for grant in GRANTS],
            "response_types_supported": sorted(AuthorizationCode.RESPONSE_TYPES),
            "response_modes_supported": ["query"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": list(SCOPES),
            "token_endpoint_auth_methods_supported": [*SECRET_METHODS, "none"],
            "revocation_endpoint_auth_methods_supported": Revocation.CLIENT_AUTH_METHODS,
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
        owner = origin.account or request.client.client_id
        self.journal.note(f"token {verb}: {owner}, scope {token['scope']}")
