"""The main job as one story, a step a line: the same for `make demo` and for the tests.

Every step looks first at how things stand, so that a step whose device was killed meanwhile can
be told again once the device is back.
"""

import hashlib

from device import DeviceError, wait_for

POP_SETTING = "eprint"
_NAMES = ("smtp", POP_SETTING)
_MAX_GRANTS = 3
_PICTURE_WIDTH = 256
_ARRIVAL_LIMIT_S = 30  # the server may deliver after it has accepted


def scan_bytes(size_bytes):
    """Return a scan: a PDF file of this size, or the beginning of one if that is too small for it.

    Its page is a picture of all byte values with no two lines alike, always the same.
    """
    blocks = []
    for number in range(size_bytes // 32 + 1):
        blocks.append(hashlib.sha256(b"page %d" % number).digest())
    picture = b"".join(blocks)[: max(size_bytes - len(_pdf(b"")), 0)]
    return _pdf(picture)[:size_bytes]


def _pdf(picture):
    """Return a PDF file of one page, its picture in bytes of grey; what comes around the picture
    has the same length for all."""
    size = (_PICTURE_WIDTH, len(picture) // _PICTURE_WIDTH, len(picture))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</XObject<</Im 5 0 R>>>>>>",
        b"<</Length 25>>stream\n595 0 0 842 0 0 cm /Im Do\nendstream",
        b"<</Type/XObject/Subtype/Image/ColorSpace/DeviceGray/BitsPerComponent 8"
        b"/Width %d/Height %010d/Length %010d>>stream\n%%b\nendstream" % size % picture,
    ]
    file = b"%PDF-1.4\n"
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for number, content in enumerate(objects):
        table += b"%010d 00000 n \n" % len(file)
        file += b"%d 0 obj\n%b\nendobj\n" % (number + 1, content)
    trailer = b"trailer\n<</Size %d/Root 1 0 R>>\n" % (len(objects) + 1)
    return file + table + trailer + b"startxref\n%010d\n%%%%EOF\n" % len(file)


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
        self._approved = set()
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
            self.start_grants,
            self.approve_grants,
            self.wait_for_tokens,
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
        for name, fields in zip(_NAMES, (smtp_fields, pop_fields), strict=True):
            self.client.put_setting(name, **fields(self._endpoints, self._security))
        return "settings entered for smtp and %s, account %s" % (
            POP_SETTING,
            self._endpoints["account"],
        )

    def start_grants(self):
        codes = [self._started(name)["user_code"] or "none needed" for name in _NAMES]
        return "user codes for smtp and %s: %s, %s" % (POP_SETTING, *codes)

    def approve_grants(self):
        for name in _NAMES:
            self._approve_once(self._started(name))
        return "signed in at the provider and approved both"

    def wait_for_tokens(self):
        for name in _NAMES:
            # A code whose token was lost with the power is used up: then another is needed.
            for _ in range(_MAX_GRANTS):
                self._approve_once(self._started(name))
                token = self.client.wait_for_end_of_grant(name)
                if token["state"] == "ACQUIRED":
                    break
            else:
                raise DeviceError("no token for %s: %s" % (name, token))
        return "tokens of smtp and %s: Acquired" % POP_SETTING

    def test_connections(self):
        for name in _NAMES:
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
        wait_for(
            lambda: self.client.call("POST", "/api/receive/" + POP_SETTING),
            lambda _: self._find("Scan") and self._find("Alert: toner low"),
            "scan and alert in the maildrop",
            _ARRIVAL_LIMIT_S,
        )
        return "received %d files over POP3" % len(self._items())

    def compare(self):
        item = self._find("Scan")
        fetched = self.client.download(item["id"])
        if fetched != self.scan:
            raise DeviceError("the file that came back differs from the one that was sent")
        return "%s came back byte-identical (%d bytes)" % (item["name"], len(fetched))

    def delete_tokens(self):
        for name in _NAMES:
            self.client.call("DELETE", "/api/tokens/" + name)
            self.client.wait_for_state(name, "NOT_ACQUIRED")
        return "tokens deleted: Not Acquired"

    def _started(self, name):
        """Start the grant, or find the one that runs or has ended well; return the token."""
        token = self.client.token(name)
        if token["state"] in ("AWAITING_AUTH", "ACQUIRED"):
            return token
        return self.client.call("POST", "/api/tokens/%s/get" % name)

    def _approve_once(self, token):
        """Approve the code at the provider, which takes each code only once."""
        code = token["user_code"]
        if not code or code in self._approved:
            return
        self._approve(
            token["verification_uri_complete"] or token["verification_uri"],
            self._endpoints["account"],
            self._endpoints["account_password"],
            self._endpoints["ca_pem"],
        )
        self._approved.add(code)

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
