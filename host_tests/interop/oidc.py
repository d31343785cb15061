"""oidc-provider (Node.js) as the authorization server, and the person who approves a device."""

import json
import secrets
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import requests

HERE = Path(__file__).resolve().parent
SERVER = HERE / "oidc" / "server.mjs"
NODE_DIR = HERE.parents[1] / "build" / "interop" / "node"

CLIENT_ID = "mfp-device"
SCOPE_SMTP = "mail.send"
SCOPE_POP = "mail.pop"
# Without it oidc-provider gives no refresh token.
SCOPE_OFFLINE = "offline_access"
RESOURCE = "urn:mfpmail:interop:mail"

HTTP_TIMEOUT_S = 10
MAX_PAGES = 8


class OidcProvider:
    """Configuration of the server; `endpoints()` is there once it runs."""

    introspection_client_id = "mail-server"

    def __init__(self, directory, certificates, ports, accounts, access_token_expires_in_s):
        self.https_port, self.introspection_port = self.addresses = ports
        self.issuer = "https://localhost:%d" % self.https_port
        self.introspection_client_secret = secrets.token_hex(16)
        self._ca_pem = str(certificates.ca_pem)
        self._config = Path(directory) / "config.json"
        self._config.touch(mode=0o600)
        self._config.write_text(
            json.dumps(
                {
                    "issuer": self.issuer,
                    "https_port": self.https_port,
                    "introspection_port": self.introspection_port,
                    "introspection_client_id": self.introspection_client_id,
                    "introspection_client_secret": self.introspection_client_secret,
                    "server_pem": str(certificates.server_pem),
                    "node_dir": str(NODE_DIR),
                    "client_id": CLIENT_ID,
                    "mail_scopes": "%s %s" % (SCOPE_SMTP, SCOPE_POP),
                    "resource": RESOURCE,
                    "accounts": accounts,
                    "access_token_expires_in_s": access_token_expires_in_s,
                    "cookie_key": secrets.token_hex(16),
                }
            )
        )

    @property
    def command(self):
        return ["node", str(SERVER), str(self._config)]

    @property
    def introspection_url(self):
        """Plain HTTP with the credentials in it: the form in which Dovecot wants it."""
        return "http://%s:%s@127.0.0.1:%d/token/introspection" % (
            self.introspection_client_id,
            self.introspection_client_secret,
            self.introspection_port,
        )

    def endpoints(self):
        """Return the endpoints by name, as the server itself publishes them."""
        url = self.issuer + "/.well-known/openid-configuration"
        response = requests.get(url, verify=self._ca_pem, timeout=HTTP_TIMEOUT_S)
        response.raise_for_status()
        names = ("device_authorization", "token", "revocation", "introspection")
        metadata = response.json()
        return {name + "_endpoint": metadata[name + "_endpoint"] for name in names}


class _Form(HTMLParser):
    """The only form of a page: its action, its hidden fields and the names of all fields."""

    def __init__(self, text):
        super().__init__()
        self.action = None
        self.fields = {}
        self.names = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form":
            self.action = attributes.get("action", "")
        if tag not in ("input", "button"):
            return
        self.names.add(attributes.get("name"))
        if attributes.get("type") == "hidden":
            self.fields[attributes["name"]] = attributes.get("value", "")


def approve_oidc(verification_uri_complete, username, password, ca_pem, decision="approve"):
    """Do what a person does in a browser at `verification_uri_complete`: go on, sign in, press
    [Approve], or [Deny] when `decision` is "deny".

    Raises RuntimeError with the page's text when the page that comes last is not the expected one.
    """
    answers = {"username": username, "password": password, "decision": decision}
    last = "The device is connected." if decision == "approve" else "The request was denied."
    with requests.Session() as browser:
        browser.verify = str(ca_pem)
        browser.trust_env = False  # REQUESTS_CA_BUNDLE would outrank `verify`
        response = browser.get(verification_uri_complete, timeout=HTTP_TIMEOUT_S)
        for _ in range(MAX_PAGES):
            if last in response.text:
                return
            form = _Form(response.text)
            if response.status_code != 200 or form.action is None:
                break
            response = _submit(browser, response, form, answers)
    raise RuntimeError("Not approved (HTTP %d): %s" % (response.status_code, response.text))


def _submit(browser, response, form, answers):
    fields = dict(form.fields)
    fields.update((name, value) for name, value in answers.items() if name in form.names)
    url = urljoin(response.url, form.action)
    return browser.post(url, data=fields, timeout=HTTP_TIMEOUT_S)
