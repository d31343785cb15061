"""Nothing secret leaves the device but to those it is for: not by an answer, not by the log."""

import json

import pytest
from devices import RUNTIMES, enter_settings, get_token, started_device
from web.hostile_client import log_in, refused, request, say, sign_in
from web.hostile_flash import stored

from sandbox.sandbox import Sandbox

TO = "alice@sandbox.test"
ENTERED = {"password": "entered-password-71", "client_secret": "entered-secret-72"}
TYPED = "typed-into-the-wrong-field-73"
SECRET_FIELDS = ("access_token", "refresh_token", "device_code")
NAMES = ("smtp", "ifax", "eprint", "estatus")
LISTS = ("status", "settings", "tokens", "jobs", "inbox", "login")
EACH = ["settings/" + name for name in NAMES] + ["tokens/" + name for name in NAMES]


class Story:
    """A device's story; `heard` is all it said, `secrets` all it knew."""

    def __init__(self, device, provider):
        self.device = device
        self.provider = provider
        self.client = device.client()
        self.heard = []
        self.secrets = {device.password, TYPED, *ENTERED.values()}

    def call(self, method, path, **arguments):
        self._note(self.client.call(method, path, **arguments))

    def fail(self, method, path, **arguments):
        self._note(refused(self.client, method, path, **arguments)[1])

    def look(self):
        """Note the secrets that the device holds now, and everything it shows."""
        for name in NAMES:
            try:
                token = stored(self.device, "tokens/" + name)
            except FileNotFoundError:
                continue
            self.secrets.update(token[field] for field in SECRET_FIELDS if token[field])
        headers = sign_in(self.device)
        jobs = self.client.call("GET", "/api/jobs")["items"]
        for path in [*LISTS, *EACH, *("jobs/" + job["id"] for job in jobs)]:
            answer = say(self.device, request("GET", "/api/" + path, headers))
            self.heard += [str(answer.headers), answer.body.decode()]

    def _note(self, answer):
        self.heard.append(json.dumps(answer, ensure_ascii=False))

    def tell(self):
        self.enter()
        self.acquire()
        self.use()
        self.lose()
        self.look()

    def enter(self):
        enter_settings(self.client, self.device.endpoints)
        for name in NAMES:
            self.call("PUT", "/api/settings/" + name, json=ENTERED)
        self.fail("PUT", "/api/settings/smtp", json={"port": TYPED, TYPED[:9]: 1, "server": " "})
        self.fail("PUT", "/api/settings/smtp", json={"client_secret": "\n" + TYPED})
        # The sandbox's client is a public one: it would refuse a secret.
        for name in NAMES:
            self.client.put_setting(name, client_secret="")
        self.heard.append(log_in(self.device, {"password": TYPED}).body.decode())
        self.look()

    def acquire(self):
        self.call("POST", "/api/tokens/ifax/get")
        self.call("POST", "/api/tokens/ifax/get")
        self.look()
        for name in ("smtp", "eprint"):
            get_token(self.client, self.device.endpoints, name)
        self.look()

    def use(self):
        for name in ("smtp", "eprint", "estatus"):
            self.call("POST", "/api/settings/%s/test" % name)
        job = self.client.send(TO, "Scan", "text", [("a.txt", b"x", "text/plain")])
        self.client.wait_for_job(job["id"])
        self.call("POST", "/api/receive/eprint")
        self.provider.auth.expire_access_tokens()
        self.call("POST", "/api/settings/smtp/test")
        self.look()

    def lose(self):
        self.provider.auth.revoke_all()
        for name in ("smtp", "eprint"):
            self.call("POST", "/api/settings/%s/test" % name)
        self.client.wait_for_job(self.client.send(TO, "Held", "text")["id"])
        self.fail("POST", "/api/receive/eprint")
        self.look()
        for name in NAMES:
            self.call("DELETE", "/api/tokens/" + name)


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """A sandbox of its own, as its tokens are revoked."""
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(scope="module", params=RUNTIMES)
def story(request, provider, tmp_path_factory):
    with started_device(request.param, provider, tmp_path_factory.mktemp("device")) as process:
        story = Story(process, provider)
        story.tell()
        yield story


def test_story_was_told_with_secrets_of_every_kind(story):
    """Two device codes and five pairs of tokens at least, lest the other tests look for nothing."""
    assert len(story.secrets) >= 10
    assert '"INVALID"' in "".join(story.heard)
    assert any("token smtp: ACQUIRED" in line for line in story.device.lines)


def test_no_answer_shows_a_secret(story):
    shown = [secret for secret in story.secrets if secret in "\n".join(story.heard)]
    assert shown == []


def test_no_line_of_the_console_shows_a_secret(story):
    lines = "\n".join(story.device.lines)
    assert [secret for secret in story.secrets if secret in lines] == []


def test_settings_tell_only_whether_there_is_a_secret(story):
    shown = story.client.call("GET", "/api/settings/ifax")
    assert (shown["password_set"], shown["client_secret_set"]) == (True, False)
    assert not {"password", "client_secret"} & set(shown)


def test_password_of_the_administrator_is_stored_as_a_hash(story):
    record = stored(story.device, "admin")
    assert set(record) == {"salt", "iterations", "hash"}
    assert story.device.password not in json.dumps(record)
