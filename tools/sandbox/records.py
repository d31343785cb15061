"""The records that the store keeps: one for each code and token, by the digest of its secret."""

from dataclasses import dataclass

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, TokenMixin
from authlib.oauth2.rfc8628 import DeviceCredentialMixin

PENDING, APPROVED, DENIED, USED = "PENDING", "APPROVED", "DENIED", "USED"


@dataclass
class DeviceCode(DeviceCredentialMixin):
    """A device authorization (RFC 8628). `expired` is computed whenever it is looked up."""

    digest: str
    user_code: str
    client_id: str
    scope: str
    expires_at: float
    interval_s: float
    status: str = PENDING
    account: str = ""
    polled_at: float = 0
    expired: bool = False

    def get_client_id(self):
        return self.client_id

    def get_scope(self):
        return self.scope

    def get_user_code(self):
        return self.user_code

    def is_expired(self):
        return self.expired


@dataclass
class AuthorizationCode(AuthorizationCodeMixin):
    """A code for the client at `redirect_uri` (RFC 6749 section 4.1), bound to its challenge."""

    digest: str
    grant_id: str
    client_id: str
    account: str
    scope: str
    redirect_uri: str
    code_challenge: str
    expires_at: float
    used: bool = False
    expired: bool = False
    code_challenge_method = "S256"  # the same for all: no other is allowed

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


@dataclass
class Token(TokenMixin):
    """An access or refresh token; tokens of one sign-in share a `grant_id`.

    Without an `account` the client acts for itself (RFC 6749 section 4.4).
    """

    digest: str
    grant_id: str
    client_id: str
    account: str
    scope: str
    issued_at: float
    expires_at: float = 0  # refresh tokens: 0 = never
    expired: bool = False
    spent_at: float = 0  # refresh tokens: when it was exchanged; 0 = never
    replays_left: int = 0
    successor: str = ""

    def check_client(self, client):
        return self.client_id == client.get_client_id()

    def get_scope(self):
        return self.scope

    def is_expired(self):
        return self.expired

    def is_revoked(self):
        return False  # a revoked token is not in the store any more
