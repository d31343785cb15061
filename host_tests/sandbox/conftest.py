"""A sandbox for each test, and a client that speaks plain OAuth 2.0 to it."""

import base64
import hashlib
import ssl
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from sandbox.approve import approve, authorize
from sandbox.sandbox import Sandbox

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
REDIRECT_URI = "http://127.0.0.1:8765/"
VERIFIER = "a-verifier-of-43-characters-or-more~0123456789"


class Clock:
    """The sandbox's clock (epoch seconds), moved by hand."""

    def __init__(self):
        self.now_s = 1_800_000_000.0

    def __call__(self):
        return self.now_s


class OAuthClient:
    """The device's side of OAuth 2.0, by `requests`."""

    def __init__(self, endpoints):
        self.endpoints = endpoints

    def post(self, endpoint, **form):
        url = self.endpoints[endpoint]
        return requests.post(url, data=form, verify=self.endpoints["ca_pem"], timeout=10)

    def get(self, url, access_token=None):
        header = {"Authorization": "Bearer " + access_token} if access_token else {}
        return requests.get(url, headers=header, verify=self.endpoints["ca_pem"], timeout=10)

    def begin(self, scope="mail.send mail.pop offline_access"):
        answer = self.post(
            "device_authorization_endpoint", client_id=self.endpoints["client_id"], scope=scope
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def poll(self, device):
        return self.post(
            "token_endpoint",
            grant_type=DEVICE_GRANT,
            device_code=device["device_code"],
            client_id=self.endpoints["client_id"],
        )

    def decide(self, device, username=None, password=None, decision="approve"):
        approve(
            device["verification_uri_complete"],
            username or self.endpoints["account"],
            password or self.endpoints["account_password"],
            self.endpoints["ca_pem"],
            decision,
        )

    def acquire(self, scope="mail.send mail.pop offline_access"):
        device = self.begin(scope)
        self.decide(device)
        answer = self.poll(device)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def authorization_uri(self, **fields):
        """A good request, with `fields` changed, or left out if None."""
        digest = hashlib.sha256(VERIFIER.encode()).digest()
        request = {
            "response_type": "code",
            "client_id": self.endpoints["client_id"],
            "redirect_uri": REDIRECT_URI,
            "scope": "mail.send mail.pop offline_access",
            "state": "st&te=1 +%~",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
            **fields,
        }
        query = urlencode({name: value for name, value in request.items() if value is not None})
        return self.endpoints["authorization_endpoint"] + "?" + query

    def authorize(self, authorization_uri=None, decision="approve"):
        """The fields of the address that the browser ends up at."""
        self.redirect = authorize(
            authorization_uri or self.authorization_uri(),
            self.endpoints["account"],
            self.endpoints["account_password"],
            self.endpoints["ca_pem"],
            decision,
        )
        fields = parse_qs(urlsplit(self.redirect).query, strict_parsing=True)
        return {name: value for name, [value] in fields.items()}

    def exchange(self, code, **fields):
        """The answer to an authorization code, with `fields` changed, or left out if None."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self.endpoints["client_id"],
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
            **fields,
        }
        return self.post("token_endpoint", **form)

    @staticmethod
    def error_of(answer):
        """`(status, error)` of a refusal (RFC 6749 section 5.2)."""
        return answer.status_code, answer.json()["error"]

    def refresh(self, token, **form):
        return self.post(
            "token_endpoint",
            grant_type="refresh_token",
            refresh_token=token["refresh_token"],
            client_id=self.endpoints["client_id"],
            **form,
        )

    def xoauth2(self, token, user=None):
        user = user or self.endpoints["account"]
        return f"user={user}\x01auth=Bearer {token['access_token']}\x01\x01"

    def tls_context(self):
        return ssl.create_default_context(cafile=self.endpoints["ca_pem"])


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def events():
    return []


@pytest.fixture
def sandbox(tmp_path, clock, events):
    with Sandbox(tmp_path, clock=clock, on_event=events.append) as running:
        yield running


@pytest.fixture
def client(sandbox):
    return OAuthClient(sandbox.endpoints)


@pytest.fixture
def make_client():
    return OAuthClient
