"""Postfix, Dovecot and oidc-provider on dynamic loopback ports, wired to each other."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from interop import oidc
from interop.certs import Certificates
from interop.dovecot import Maildrops, Sasl
from interop.oidc import OidcProvider
from interop.ports import is_listening, pick_ports
from interop.postfix import Postfix

HOST = "localhost"
DOMAIN = "sandbox.test"
ACCOUNTS = {"alice@sandbox.test": "alice-password", "bob@sandbox.test": "bob-password"}
ACCOUNT = "alice@sandbox.test"

START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 10
_FOLDERS = ("certs", "oidc", "maildrops", "sasl", "postfix", "log")


class InteropRig:
    """The real servers, started by start() or `with`, ended by stop(), by the end of `with` and by
    the end of this process, however it ends.

    `endpoints` is a dict of all that a device and its administrator must be told, with the same
    keys as the sandbox's; None while the servers do not run. Mail to any other domain than
    sandbox.test is refused. `access_token_expires_in_s` is the life of an access token.

    `state_dir` holds configuration, logs, queue and maildrops; what an earlier start left there is
    removed. It must be reachable for all users, as the servers give up root's rights.
    """

    def __init__(self, state_dir, access_token_expires_in_s=3600):
        self.state_dir = Path(state_dir).resolve()
        self.access_token_expires_in_s = access_token_expires_in_s
        self.endpoints = None
        self._supervisor = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()

    def start(self):
        """Return when every server answers. Raises RuntimeError with the logs."""
        self._empty_state()
        self._configure()
        self._supervise()
        try:
            self._wait()
            self.endpoints = self._endpoints()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        """End all servers and return when no process of them is left; harmless when repeated."""
        supervisor, self._supervisor = self._supervisor, None
        self.endpoints = None
        if supervisor is None:
            return
        supervisor.stdin.close()
        supervisor.wait(STOP_TIMEOUT_S)

    def logs(self):
        """Return the text of all logs, the end of each."""
        paths = sorted((self.state_dir / "log").glob("*"))
        paths += [self.maildrops.log, self.sasl.log, self.postfix.log]
        parts = ["--- %s\n%s" % (path, path.read_text()[-4000:]) for path in paths if path.exists()]
        return "\n".join(parts)

    def _empty_state(self):
        self.state_dir.mkdir(parents=True, exist_ok=True)
        self.state_dir.chmod(0o755)
        for path in (self.state_dir, *self.state_dir.parents):
            if not path.stat().st_mode & 0o001:
                raise RuntimeError("%s must be searchable for all users." % path)
        for name in _FOLDERS:
            shutil.rmtree(self.state_dir / name, ignore_errors=True)
            (self.state_dir / name).mkdir(mode=0o755)

    def _configure(self):
        ports = pick_ports(6)
        folder = self.state_dir
        self.certificates = Certificates(folder / "certs")
        self.oidc = OidcProvider(
            folder / "oidc", self.certificates, ports[0:2], ACCOUNTS, self.access_token_expires_in_s
        )
        self.postfix = Postfix(folder / "postfix", self.certificates, ports[2:4], DOMAIN, ACCOUNTS)
        private, introspection_url = self.postfix.private, self.oidc.introspection_url
        self.maildrops = Maildrops(
            folder / "maildrops",
            self.certificates,
            ports[4:6],
            private,
            introspection_url,
            oidc.SCOPE_POP,
        )
        self.sasl = Sasl(folder / "sasl", private, introspection_url, oidc.SCOPE_SMTP)

    def _servers(self):
        names = ("oidc", "maildrops", "sasl", "postfix")
        return {name: getattr(self, name) for name in names}

    def _supervise(self):
        program = str(Path(__file__).with_name("supervisor.py"))
        self._supervisor = subprocess.Popen(
            [sys.executable, program, str(self.state_dir / "log")],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the tests; this one ends when they do
        )
        commands = {name: server.command for name, server in self._servers().items()}
        self._supervisor.stdin.write(json.dumps(commands).encode() + b"\n")
        self._supervisor.stdin.flush()

    def _wait(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        for name, server in self._servers().items():
            while not all(is_listening(address) for address in server.addresses):
                if self._supervisor.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("%s did not start:\n%s" % (name, self.logs()))
                time.sleep(0.02)

    def _endpoints(self):
        return {
            "issuer": self.oidc.issuer,
            **self.oidc.endpoints(),
            "client_id": oidc.CLIENT_ID,
            "scope_smtp": "%s %s" % (oidc.SCOPE_SMTP, oidc.SCOPE_OFFLINE),
            "scope_pop": "%s %s" % (oidc.SCOPE_POP, oidc.SCOPE_OFFLINE),
            "host": HOST,
            "smtp_tls_port": self.postfix.tls_port,
            "smtp_starttls_port": self.postfix.starttls_port,
            "pop3_tls_port": self.maildrops.tls_port,
            "pop3_stls_port": self.maildrops.stls_port,
            "ca_pem": str(self.certificates.ca_pem),
            "account": ACCOUNT,
            "account_password": ACCOUNTS[ACCOUNT],
        }
