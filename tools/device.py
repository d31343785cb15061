"""A device under test: its process, and a client of its JSON API."""

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import requests

TOOLS = Path(__file__).resolve().parent
START_LIMIT_S = 30


class DeviceError(Exception):
    """The device did not start, or an API call was answered with an error.

    `status` and `answer` are the HTTP status and the JSON of the answer, if there was one.
    """

    def __init__(self, message, status=None, answer=None):
        super().__init__(message)
        self.status = status
        self.answer = answer or {}


class DeviceProcess:
    """The device as `tools/simulate.py` starts it; its output goes to `log` line by line."""

    def __init__(self, state, password, ca_pem, runtime="micropython", heap="256K", log=None):
        self.state = Path(state)
        self.password = password
        self.runtime = runtime
        self.url = None
        self.lines = []
        self._ca_pem = ca_pem
        self._heap = heap
        self._log = log
        self.port = 0
        self._process = None
        self._reader = None
        self._ready = threading.Event()

    def start(self):
        """Start, or start again on the same port; return when it serves."""
        self.state.mkdir(parents=True, exist_ok=True)
        password_file = self.state / "admin-password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        self.port = self.port or free_port()
        self._ready.clear()
        command = [sys.executable, str(TOOLS / "simulate.py"), "--state", str(self.state)]
        command += ["--http-port", str(self.port), "--runtime", self.runtime]
        command += ["--heap", self._heap, "--admin-password-file", str(password_file)]
        if self._ca_pem:
            command += ["--trust-anchor", str(self._ca_pem)]
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=[self._process], daemon=True)
        self._reader.start()
        try:
            self._wait_ready()
        except BaseException:  # Ctrl-C: leave no process behind
            self.stop()
            raise
        return self

    def kill(self):
        """Pull the plug."""
        self._process.kill()
        self._process.wait()

    def stop(self):
        """End the device."""
        if self._process and self._process.poll() is None:
            self.kill()

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    def client(self):
        """Return a signed-in client."""
        client = DeviceClient(self.url)
        client.sign_in(self.password)
        return client

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _read(self, process):
        for line in process.stdout:
            text = line.rstrip("\n")
            self.lines.append(text)
            if text.startswith("ready "):
                self.url = text.split()[1]
                self._ready.set()
            if self._log:
                self._log(text)

    def _wait_ready(self):
        limit_s = time.monotonic() + START_LIMIT_S
        while not self._ready.wait(0.02):
            if not self.running or time.monotonic() > limit_s:
                self.stop()
                self._reader.join(1)  # what it said last is the cause
                raise DeviceError("The device did not start:\n" + "\n".join(self.lines[-30:]))


class DeviceClient:
    """Calls the JSON API as a signed-in administrator."""

    def __init__(self, url):
        self.url = url
        self._http = requests.Session()
        self._http.trust_env = False
        self._csrf = ""

    def sign_in(self, password):
        """Sign in; what follows carries the session and its CSRF token."""
        self._csrf = self.call("POST", "/api/login", json={"password": password})["csrf"]

    def call(self, method, path, timeout_s=60, **arguments):
        """Return the JSON of a good answer; raise DeviceError for any other, OSError for none."""
        headers = {"X-CSRF-Token": self._csrf}
        answer = self._http.request(
            method, self.url + path, headers=headers, timeout=timeout_s, **arguments
        )
        try:
            value = answer.json()
        except ValueError:
            _check_whole(answer)
            value = {"error": "no_json", "message": answer.text[:200]}
        if answer.status_code >= 400:
            text = "%s %s: %d %s" % (method, path, answer.status_code, value)
            raise DeviceError(text, answer.status_code, value)
        return value

    def put_setting(self, name, **fields):
        """Change a setting; return it."""
        return self.call("PUT", "/api/settings/" + name, json=fields)

    def token(self, name):
        """Return the token's display."""
        return self.call("GET", "/api/tokens/" + name)

    def wait_for_state(self, name, state, limit_s=30):
        """Return the token once it has the state."""
        return wait_for(
            lambda: self.token(name), lambda shown: shown["state"] == state, state, limit_s
        )

    def wait_for_end_of_grant(self, name, limit_s=30):
        """Return the token once nobody waits any more for the person at the provider."""
        return wait_for(
            lambda: self.token(name),
            lambda shown: shown["state"] != "AWAITING_AUTH",
            "end of the grant",
            limit_s,
        )

    def send(self, to, subject, text, files=(), mode="spool"):
        """Queue a mail; `files` are `(name, bytes, content type)`; return the job. With the mode
        "pass" it is sent while it is uploaded, and the job has come to its end."""
        parts = [("to", (None, to)), ("subject", (None, subject)), ("text", (None, text))]
        parts += [("mode", (None, mode))] + [("file", file) for file in files]
        return self.call("POST", "/api/jobs", files=parts, timeout_s=300)

    def wait_for_job(self, job_id, limit_s=60):
        """Return the job once it is neither queued nor being sent."""
        return wait_for(
            lambda: self.call("GET", "/api/jobs/" + job_id),
            lambda job: job["state"] not in ("queued", "sending"),
            "a job that is done",
            limit_s,
        )

    def download(self, item_id):
        """Return the bytes of an inbox item."""
        answer = self._http.get(self.url + "/api/inbox/" + item_id, timeout=300)
        answer.raise_for_status()
        _check_whole(answer)
        return answer.content


def _check_whole(answer):
    """Raise ConnectionError when a good answer was cut inside its header, as nothing else does."""
    if answer.ok and "Content-Length" not in answer.headers:
        raise ConnectionError("the answer was cut off")


def wait_for(ask, good, what, limit_s):
    """Ask until the answer is good; return it."""
    end_s = time.monotonic() + limit_s
    while True:
        answer = ask()
        if good(answer):
            return answer
        if time.monotonic() > end_s:
            raise DeviceError("No %s within %d s: %s" % (what, limit_s, answer))
        time.sleep(0.05)


def free_port():
    """Return a port on loopback that is free now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
