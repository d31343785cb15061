"""How the mail servers judge an XOAUTH2 answer: by asking the authorization server (RFC 7662)."""

import json
from dataclasses import dataclass

import requests

from .accounts import PASSWORDS

TIMEOUT_S = 10


class CheckUnavailable(Exception):  # noqa: N818 - it says what happened
    """The authorization server gave no judgement; the token may be good."""


@dataclass(frozen=True)
class TokenChecker:
    """Checks tokens at `introspection_endpoint` with the mail servers' own credentials."""

    introspection_endpoint: str
    client_id: str
    client_secret: str
    ca_pem: str

    def refusal(self, user, access_token, scope):
        """Why `user` may not use this token for `scope`, in words; "" if all is well.

        Blocks for up to `TIMEOUT_S`. Raises `CheckUnavailable`.
        """
        claims = self._introspect(access_token)
        if not claims.get("active"):
            return "the token is not active"
        if claims.get("sub") == claims.get("client_id", ""):
            # An application's own token: it may act for every account there is.
            if user.lower() not in PASSWORDS:
                return "there is no such account"
        elif claims.get("username", "").lower() != user.lower():
            return "the token belongs to another account"
        if scope not in claims.get("scope", "").split():
            return f"the token lacks the scope {scope}"
        return ""

    def _introspect(self, access_token):
        with requests.Session() as session:
            session.trust_env = False  # no proxy, no other CA: this is loopback
            try:
                answer = session.post(
                    self.introspection_endpoint,
                    data={"token": access_token, "token_type_hint": "access_token"},
                    auth=(self.client_id, self.client_secret),
                    verify=str(self.ca_pem),
                    timeout=TIMEOUT_S,
                    allow_redirects=False,
                )
                answer.raise_for_status()
                return answer.json()
            except (requests.RequestException, ValueError) as error:
                raise CheckUnavailable(str(error)) from error


def parse_xoauth2(response):
    """`(user, access_token)` of a decoded XOAUTH2 client response; ValueError if malformed.

    The form is `user=USER ^A auth=Bearer TOKEN ^A ^A`, without the spaces around ^A.
    """
    fields = response.decode("ascii").split("\x01")
    if len(fields) != 4 or fields[2:] != ["", ""]:
        raise ValueError("XOAUTH2 wants two fields and two ^A at the end")
    user, bearer = fields[:2]
    if not user.startswith("user=") or not bearer.lower().startswith("auth=bearer "):
        raise ValueError("XOAUTH2 wants user= and auth=Bearer")
    return user[len("user=") :], bearer[len("auth=bearer ") :].strip()


def error_challenge(scope):
    """The JSON a server sends as a challenge when it refuses a token."""
    return json.dumps({"status": "401", "schemes": "bearer", "scope": scope}).encode()
