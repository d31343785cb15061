"""The authorization server as Authlib sees it: its grants, endpoints, metadata and answers."""

import secrets

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oauth2.rfc6750 import BearerTokenGenerator

from .accounts import SCOPE_OPENID, SCOPES
from .endpoints import ENDPOINTS, Introspection, Revocation
from .grants import GRANTS, SECRET_METHODS, AuthorizationCode
from .openid import SIGNING_ALGORITHM, IdTokens

REFRESH_TOKEN_BYTES = 64


class OAuthServer(AuthorizationServer):
    """Authlib's server with what the grants need: store, clients, issuer, options."""

    def __init__(self, app, issuer, store, clients, options, journal):
        self.issuer = issuer
        self.store = store
        self.options = options
        self.journal = journal
        self.id_tokens = IdTokens(issuer, store.clock)
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
        """What RFC 8414 section 2 and OpenID Connect Discovery 1.0 section 3 want in one."""
        return {
            "issuer": self.issuer,
            "device_authorization_endpoint": self.issuer + "/device_authorization",
            "authorization_endpoint": self.issuer + "/authorize",
            "token_endpoint": self.issuer + "/token",
            "revocation_endpoint": self.issuer + "/revoke",
            "introspection_endpoint": self.issuer + "/introspect",
            "userinfo_endpoint": self.issuer + "/userinfo",
            "jwks_uri": self.issuer + "/jwks",
            "grant_types_supported": [grant.GRANT_TYPE for grant in GRANTS],
            "response_types_supported": sorted(AuthorizationCode.RESPONSE_TYPES),
            "response_modes_supported": ["query"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": list(SCOPES),
            "token_endpoint_auth_methods_supported": [*SECRET_METHODS, "none"],
            "revocation_endpoint_auth_methods_supported": Revocation.CLIENT_AUTH_METHODS,
            "introspection_endpoint_auth_methods_supported": Introspection.CLIENT_AUTH_METHODS,
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [SIGNING_ALGORITHM],
            "claims_supported": ["sub", "email", "preferred_username"],
        }

    def _remember(self, token, request):
        origin, client_id = request.origin, request.client.client_id
        now = self.store.clock()
        ends_at = self._refresh_token_ends_at(origin, now)
        self.store.add_tokens(
            origin.grant_id,
            client_id,
            origin.account,
            token["scope"],
            token,
            grant_scope=origin.scope,
            refresh_expires_at=ends_at,
        )
        if origin.refreshed:
            self.store.link_successor(origin.refreshed, token["refresh_token"])
        verb = "refreshed" if origin.refreshed else "issued"
        owner = origin.account or client_id
        self.journal.note(f"token {verb}: {owner}, scope {token['scope']}")
        # Authlib answers with this very object: what is added here is told.
        if ends_at and "refresh_token" in token:
            token["refresh_token_expires_in"] = max(int(ends_at - now), 0)
        if self.options.id_tokens and SCOPE_OPENID in origin.scope.split():
            token["id_token"] = self.id_tokens.sign(origin.account, client_id, token["expires_in"])

    def _refresh_token_ends_at(self, origin, now):
        """When a refresh token of this origin, handed out now, will end; 0 = never."""
        lifetime_s = self.options.refresh_token_expires_in_s
        if not lifetime_s:
            return 0
        earlier = origin.refreshed.expires_at if origin.refreshed else 0
        sliding = self.options.refresh_token_sliding
        return earlier if earlier and not sliding else now + lifetime_s
