"""The whole sandbox as one object: an authorization server, SMTP and POP3, all on loopback."""

import time
from pathlib import Path

from .accounts import (
    APP_CLIENT_ID,
    APP_CLIENT_SECRET,
    DEVICE_CLIENT_ID,
    MAIL_SERVERS_CLIENT_ID,
    PASSWORDS,
    SCOPE_OFFLINE,
    SCOPE_POP,
    SCOPE_SMTP,
)
from .authserver import AuthOptions, AuthServer
from .ca import CertificateAuthority
from .journal import Journal
from .maildrop import MaildropStore
from .mailservers import LISTENERS, MailServers
from .ports import open_listeners
from .store import Store
from .tokencheck import TokenChecker

HOST = "localhost"
ACCOUNT = "alice@sandbox.test"


class Sandbox:
    """Servers that keep their state in `state_dir`: CA, ports, tokens and maildrops.

    Options: `access_token_expires_in_s`, `access_token_bytes`, `device_code_expires_in_s`,
    `authorization_code_expires_in_s`, `interval_s`, `refresh_token_expires_in_s`,
    `refresh_token_sliding` and `id_tokens` as in `AuthOptions`; `refresh_grace_s` and `clock`
    (epoch seconds) as in `Store`; `on_event` is called with one readable line an event, from any
    thread.

    After `start()`: `endpoints` (a dict, everything a device must be told), `auth` with its fault
    switches, `counters`. Use it as a context manager, or call `start()` and `stop()`.
    """

    def __init__(
        self, state_dir, *, refresh_grace_s=0, clock=time.time, on_event=None, **auth_options
    ):
        self._folder = Path(state_dir)
        self._refresh_grace_s = refresh_grace_s
        self._clock = clock
        self._options = AuthOptions(**auth_options)
        self._journal = Journal(on_event)
        self.counters = self._journal.counters

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.stop()

    def start(self):
        """Starts all servers; they answer when this returns."""
        authority = CertificateAuthority(self._folder / "ca")
        listeners = open_listeners(("https", *LISTENERS), self._folder / "ports.json")
        ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
        self.endpoints = _endpoints(ports, authority.ca_pem)
        store = Store(self._folder / "tokens.json", self._refresh_grace_s, self._clock)
        self._maildrops = MaildropStore(self._folder / "maildrops", PASSWORDS)
        context = authority.server_context()
        checker = TokenChecker(
            self.endpoints["introspection_endpoint"],
            MAIL_SERVERS_CLIENT_ID,
            store.mail_servers_secret,
            str(authority.ca_pem),
        )
        self.auth = AuthServer(
            listeners["https"],
            self.endpoints["issuer"],
            context,
            store,
            self._journal,
            self._options,
        )
        mail_listeners = {name: listeners[name] for name in LISTENERS}
        self._mail = MailServers(mail_listeners, context, checker, self._maildrops, self._journal)
        self.auth.start()
        self._mail.start()

    def stop(self):
        """Stops all servers, drops their connections and frees the ports."""
        self._mail.stop()
        self.auth.stop()

    def maildrop(self, account):
        """The paths of the messages stored for `account`, oldest first."""
        return [mail.path for mail in self._maildrops.messages(account)]


def _endpoints(ports, ca_pem):
    issuer = f"https://{HOST}:{ports['https']}"
    return {
        "issuer": issuer,
        "device_authorization_endpoint": issuer + "/device_authorization",
        "authorization_endpoint": issuer + "/authorize",
        "token_endpoint": issuer + "/token",
        "revocation_endpoint": issuer + "/revoke",
        "introspection_endpoint": issuer + "/introspect",
        "userinfo_endpoint": issuer + "/userinfo",
        "client_id": DEVICE_CLIENT_ID,
        "app_client_id": APP_CLIENT_ID,
        "app_client_secret": APP_CLIENT_SECRET,
        "scope_smtp": f"{SCOPE_SMTP} {SCOPE_OFFLINE}",
        "scope_pop": f"{SCOPE_POP} {SCOPE_OFFLINE}",
        "host": HOST,
        **{f"{name}_port": ports[name] for name in LISTENERS},
        "ca_pem": str(ca_pem),
        "account": ACCOUNT,
        "account_password": PASSWORDS[ACCOUNT],
    }
