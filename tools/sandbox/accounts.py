"""Who and what the authorization server knows: accounts, clients, scopes."""

import hmac
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
SCOPES = {
    SCOPE_SMTP: "send mail as you",
    SCOPE_POP: "read and delete mail in your maildrop",
    SCOPE_OFFLINE: "keep this access until you withdraw it",
}

DEVICE_CLIENT_ID = "mfpmail-sandbox"
MAIL_SERVERS_CLIENT_ID = "sandbox-mail-servers"


@dataclass(frozen=True)
class Client(ClientMixin):
    """An OAuth 2.0 client; one without a secret is public (RFC 6749 section 2.1)."""

    client_id: str
    name: str
    secret: str = ""
    grant_types: tuple = ()
    scopes: tuple = ()

    def get_client_id(self):
        return self.client_id

    def get_allowed_scope(self, scope):
        return " ".join(s for s in (scope or "").split() if s in self.scopes)

    def check_client_secret(self, client_secret):
        return bool(self.secret) and hmac.compare_digest(self.secret, client_secret)

    def check_endpoint_auth_method(self, method, endpoint):
        return (method != "none") if self.secret else (method == "none")

    def check_grant_type(self, grant_type):
        return grant_type in self.grant_types


def make_clients(mail_servers_secret):
    """The clients by their id: the device (public) and the mail servers, which only introspect."""
    device = Client(
        DEVICE_CLIENT_ID,
        "mfpmail (multifunction printer)",
        grant_types=(DEVICE_CODE_GRANT_TYPE, "refresh_token"),
        scopes=tuple(SCOPES),
    )
    mail_servers = Client(MAIL_SERVERS_CLIENT_ID, "Sandbox mail servers", mail_servers_secret)
    return {client.client_id: client for client in (device, mail_servers)}


def password_matches(account, password):
    """Whether `password` is the one of `account`; takes the same time for unknown accounts."""
    expected = PASSWORDS.get(account, "")
    return hmac.compare_digest(expected.encode(), password.encode()) and bool(expected)
