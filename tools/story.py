"""The main job as one story, a step a line: the same for `make demo` and for the tests.

Every step looks first at how things stand, so that a story whose device was killed can be told
again from where it stopped.
"""

import hashlib

from device import DeviceError

POP_SETTING = "ifax"


def scan_bytes(size_bytes):
    """Return the content of a scan: all byte values, no two pages alike, always the same."""
    blocks = []
    for number in range(size_bytes // 32 + 1):
        blocks.append(hashlib.sha256(b"page %d" % number).digest())
    return b"".join(blocks)[:size_bytes]


def smtp_fields(endpoints, security="tls"):
    """Return the SMTP setting that goes with a sandbox's endpoints."""
    port = endpoints["smtp_tls_port" if security == "tls" else "smtp_starttls_port"]
    return dict(
        _oauth_fields(endpoints, endpoints["scope_smtp"]),
        port=port,
        security=security,
        sender_name="Σαρωτής 2ου ορόφου",
        sender_address=endpoints["account"],
    )


def pop_fields(endpoints, security="tls"):
    """Return the POP setting that goes with a sandbox's endpoints."""
    port = endpoints["pop3_tls_port" if security == "tls" else "pop3_stls_port"]
    return dict(_oauth_fields(endpoints, endpoints["scope_pop"]), port=port, security=security)


def _oauth_fields(endpoints, scope):
    return {
        "server": endpoints["host"],
        "auth_method": "oauth2",
        "provider": "custom",
        "account": endpoints["account"],
        "client_id": endpoints["client_id"],
        "device_authorization_endpoint": endpoints["device_authorization_endpoint"],
        "token_endpoint": endpoints["token_endpoint"],
        "scope": scope,
    }


class Story:
    """`device` is a running DeviceProcess, `approve(uri, user, password, ca_pem)` the person who
    signs in at the provider, `say(text)` takes a line for every step done."""

    def __init__(self, device, endpoints, approve, say, scan=None, security="tls"):
        self.device = device
        self.scan = scan_bytes(100000) if scan is None else scan
        self.steps = 0
        self._endpoints = endpoints
        self._approve = approve
        self._say = say
        self._security = security
        self.client = None

    def tell(self):
        """Tell the whole story; raises DeviceError or AssertionError where it breaks."""
        for step in (
            self.sign_in,
            self.enter_settings,
            self.get_token_smtp,
            self.get_token_pop,
            self.test_connections,
            self.send_scan,
            self.send_alert,
            self.receive,
            self.compare,
            self.delete_tokens,
        ):
            self._step(step)

    def _step(self, step):
        text = step()
        self.steps += 1
        self._say("%2d  %s" % (self.steps, text))

    def sign_in(self):
        self.client = self.device.client()
        return "signed in at %s" % self.device.url

    def enter_settings(self):
        if not self.client.token("smtp")["user_code"] and not self._held("smtp"):
            self.client.put_setting("smtp", **smtp_fields(self._endpoints, self._security))
        if not self.client.token(POP_SETTING)["user_code"] and not self._held(POP_SETTING):
            self.client.put_setting(POP_SETTING, **pop_fields(self._endpoints, self._security))
        return "settings entered for smtp and %s, account %s" % (
            POP_SETTING,
            self._endpoints["account"],
        )

    def get_token_smtp(self):
        return self._get_token("smtp")

    def get_token_pop(self):
        return self._get_token(POP_SETTING)

    def test_connections(self):
        for name in ("smtp", POP_SETTING):
            result = self.client.call("POST", "/api/settings/%s/test" % name)
            if result["result"] != "ok":
                raise DeviceError("connection test of %s: %s" % (name, result))
        return "connection tests of smtp and %s: ok" % POP_SETTING

    def send_scan(self):
        files = [("scan σελίδα 1.pdf", self.scan, "application/pdf")]
        job = self._sent("Scan", "Your scan.\n.\n..hidden dots\n", files)
        return "scan job %s: %s, %d bytes on the wire" % (
            job["id"],
            job["state"],
            job["bytes_total"],
        )

    def send_alert(self):
        job = self._sent("Alert: toner low", "Toner is low: black.\n")
        return "alert mail %s: %s" % (job["id"], job["state"])

    def receive(self):
        result = self.client.call("POST", "/api/receive/" + POP_SETTING)
        items = self._items()
        if result["left"] or not self._find("Scan") or not self._find("Alert: toner low"):
            raise DeviceError("not everything was received: %s %s" % (result, items))
        return "received %d files over POP3" % len(items)

    def compare(self):
        item = self._find("Scan")
        fetched = self.client.download(item["id"])
        if fetched != self.scan:
            raise DeviceError("the file that came back differs from the one that was sent")
        return "%s came back byte-identical (%d bytes)" % (item["name"], len(fetched))

    def delete_tokens(self):
        for name in ("smtp", POP_SETTING):
            self.client.call("DELETE", "/api/tokens/" + name)
            self.client.wait_for_state(name, "NOT_ACQUIRED")
        return "tokens deleted: Not Acquired"

    def _held(self, name):
        return self.client.token(name)["state"] != "NOT_ACQUIRED"

    def _get_token(self, name):
        if self.client.token(name)["state"] == "ACQUIRED":
            return "token %s: Acquired already" % name
        code = self.client.call("POST", "/api/tokens/%s/get" % name)
        uri = code["verification_uri_complete"] or code["verification_uri"]
        self._approve(
            uri, self._endpoints["account"], self._endpoints["account_password"], self._ca_pem
        )
        self.client.wait_for_state(name, "ACQUIRED")
        return "token %s: Acquired with the code %s" % (name, code["user_code"])

    @property
    def _ca_pem(self):
        return self._endpoints["ca_pem"]

    def _sent(self, subject, text, files=()):
        """Send unless it was sent before; return the job."""
        for job in self.client.call("GET", "/api/jobs")["items"]:
            if job["subject"] == subject:
                break
        else:
            job = self.client.send(self._endpoints["account"], subject, text, files)
        job = self.client.wait_for_job(job["id"])
        if job["state"] != "sent":
            raise DeviceError("the job was not sent: %s" % job)
        return job

    def _items(self):
        return self.client.call("GET", "/api/inbox")["items"]

    def _find(self, subject):
        for item in self._items():
            if item["subject"] == subject:
                return item
        return None
