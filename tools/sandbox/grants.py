"""The OAuth 2.0 grants: Authlib does the protocol, the store holds the facts.

A further grant is one more class with a `request.origin`, named in `GRANTS`.
"""

import secrets
from dataclasses import dataclass

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
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc8628 import DeviceCodeGrant

from .accounts import SCOPE_OFFLINE
from .records import APPROVED, DENIED, USED

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


# With the extensions of each.
GRANTS = {
    DeviceCode: [],
    AuthorizationCode: [S256Challenge()],
    RefreshToken: [],
    ClientCredentials: [],
}
