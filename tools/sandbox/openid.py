"""OpenID Connect: who has signed in, told in an ID token and by the UserInfo endpoint."""

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from .accounts import SCOPE_OPENID, subject_of

SIGNING_ALGORITHM = "RS256"
KEY_BITS = 2048


class IdTokens:
    """Signs ID tokens (OpenID Connect Core 1.0 section 2) of one issuer.

    The key is made here and never stored: after a restart it is another one, as real providers
    change theirs. `clock` gives epoch seconds.
    """

    def __init__(self, issuer, clock):
        self._issuer = issuer
        self._clock = clock
        parameters = {"use": "sig", "alg": SIGNING_ALGORITHM}
        self._key = RSAKey.generate_key(KEY_BITS, parameters, auto_kid=True)

    def jwks(self):
        """The public key as a JWK Set (RFC 7517 section 5)."""
        return KeySet([self._key]).as_dict(private=False)

    def sign(self, account, client_id, lifetime_s):
        """The ID token, a JWT, that tells `client_id` of `account` for `lifetime_s` from now."""
        now = int(self._clock())
        header = {"alg": SIGNING_ALGORITHM, "kid": self._key.kid}
        times = {"iat": now, "exp": now + lifetime_s}
        claims = {"iss": self._issuer, "aud": client_id, **times, **claims_of(account)}
        return jwt.encode(header, claims, self._key, [SIGNING_ALGORITHM])


def claims_of(account):
    """What the ID token and UserInfo say of an account (Core section 5.1)."""
    return {"sub": subject_of(account), "email": account, "preferred_username": account}


def userinfo_answer(store, authorization):
    """`(body, status, headers)` of the UserInfo endpoint (Core section 5.3), body as a dict.

    `authorization` is the header field of this name; it wants a good access token of `store`
    with the scope `openid`, or the status is 401.
    """
    scheme, _, access_token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return _challenge()
    record = store.find_access_token(access_token.strip())
    if record is None or record.expired:
        return _challenge("invalid_token")
    if SCOPE_OPENID not in record.scope.split():
        return _challenge("insufficient_scope")
    return claims_of(record.account), 200, {"Cache-Control": "no-store"}


def _challenge(error=None):
    """The refusal (RFC 6750 section 3); who sent no token at all is told no error."""
    challenge = 'Bearer realm="mfpmail sandbox"'
    if error is None:
        return {}, 401, {"WWW-Authenticate": challenge}
    return {"error": error}, 401, {"WWW-Authenticate": f'{challenge}, error="{error}"'}
