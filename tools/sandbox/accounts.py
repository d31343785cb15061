"""Who and what the authorization server knows: accounts, clients, scopes."""

import hashlib
import hmac
import re
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc8628 import DEVICE_CODE_GRANT_TYPE

MAIL_DOMAIN = "sandbox.test"

# Accounts that exist on loopback only; the passwords are typed by people who try the sandbox.
PASSWORDS = {
    "alice@sandbox.test": "alice-in-the-sandbox",
    "bob@sandbox.test": "bob-in-the-sandbox",
}

SCOPE_SMTP = "mail.send"
SCOPE_POP = "mail.pop"
SCOPE_OFFLINE = "offline_access"
SCOPE_OPENID = "openid"
SCOPE_EMAIL = "email"
SCOPES = {
    SCOPE_SMTP: "send mail as you",
    SCOPE_POP: "read and delete mail in your maildrop",
    SCOPE_OFFLINE: "keep this access until you withdraw it",
    SCOPE_OPENID: "know which account you sign in with",
    SCOPE_EMAIL: "know your mail address",
}

DEVICE_CLIENT_ID = "mfpmail-sandbox"
APP_CLIENT_ID = "mfpmail-app"
MAIL_SERVERS_CLIENT_ID = "sandbox-mail-servers"

# With every character that is easily sent in a wrong encoding: as it stands, "%25" means "%".
APP_CLIENT_SECRET = "app~in+the%25sandbox&co"  # noqa: S105 - on loopback only, as the passwords

# Any port (RFC 8252 section 7.3). No query: what is added to it must not meet anything.
LOOPBACK_REDIRECT = re.compile(
    r"http://127\.0\.0\.1(?::([0-9]{1,5})(?:/[\w.~!$&'()*+,;=:@%/-]*)?)?", re.A
)


@dataclass(frozen=True)
class Client(ClientMixin):
    """An OAuth 2.0 client; one without a secret is public (RFC 6749 section 2.1)."""

    client_id: str
    name: str
    secret: str = ""
    grant_types: tuple = ()
    scopes: tuple = ()
    response_types: tuple = ()

    def get_client_id(self):
        return self.client_id

    def get_allowed_scope(self, scope):
        return " ".join(s for s in (scope or "").split() if s in self.scopes)

    def check_client_secret(self, client_secret):
        expected, given = self.secret.encode(), client_secret.encode()
        return bool(expected) and hmac.compare_digest(expected, given)

    def check_endpoint_auth_method(self, method, endpoint):
        return (method != "none") if self.secret else (method == "none")

    def check_grant_type(self, grant_type):
        return grant_type in self.grant_types

    def check_response_type(self, response_type):
        return response_type in self.response_types

    def check_redirect_uri(self, redirect_uri):
        match = LOOPBACK_REDIRECT.fullmatch(redirect_uri)
        return bool(match and self.response_types) and 0 < int(match.group(1) or 80) < 65536

    def get_default_redirect_uri(self):
        return None  # loopback addresses differ by their ports: the client has to say which


def make_clients(mail_servers_secret):
    """The clients by their id.

    The device is public; the application (confidential) acts for any account; the mail servers
    only introspect.
    """
    device = Client(
        DEVICE_CLIENT_ID,
        "mfpmail (multifunction printer)",
        grant_types=(DEVICE_CODE_GRANT_TYPE, "authorization_code", "refresh_token"),
        scopes=tuple(SCOPES),
        response_types=("code",),
    )
    application = Client(
        APP_CLIENT_ID,
        "mfpmail (application)",
        APP_CLIENT_SECRET,
        grant_types=("client_credentials",),
        scopes=(SCOPE_SMTP, SCOPE_POP),
    )
    mail_servers = Client(MAIL_SERVERS_CLIENT_ID, "Sandbox mail servers", mail_servers_secret)
    return {client.client_id: client for client in (device, application, mail_servers)}


def password_matches(account, password):
    """Whether `password` is the one of `account`; takes the same time for unknown accounts."""
    expected = PASSWORDS.get(account, "")
    return hmac.compare_digest(expected.encode(), password.encode()) and bool(expected)


def subject_of(account):
    """The `sub` of an account: it never changes and, as real ones, is no mail address."""
    return hashlib.sha256(account.encode()).hexdigest()[:24]
