"""The OAuth 2.0 endpoints beside the grants: device authorization, revocation, introspection."""

from authlib.oauth2.rfc6749.errors import InvalidScopeError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint

from .accounts import MAIL_SERVERS_CLIENT_ID, subject_of
from .grants import SECRET_METHODS


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
            "sub": subject_of(token.account) if token.account else token.client_id,
            **owner,
            "scope": token.scope,
            "token_type": "Bearer",
            "iat": int(token.issued_at),
            "exp": int(token.expires_at),
        }


ENDPOINTS = (DeviceAuthorization, Revocation, Introspection)
