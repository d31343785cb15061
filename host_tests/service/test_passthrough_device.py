"""Mails that the running device sends while they are uploaded: any size, in the heap of a board."""

import base64
import email
import email.policy
import hashlib
import socket
import threading
from pathlib import Path

import pytest
from devices import RUNTIMES, get_token, started_device
from service.mailsink import MailSink
from web.hostile_client import (
    FORM_TYPE,
    Answer,
    connect,
    field,
    form,
    read_answer,
    request,
    sign_in,
)

from device import wait_for
from story import scan_bytes, smtp_fields

BLOCK = scan_bytes(57 * 1024)
HUNDRED_MB = 100_000_000
BUFFER_BYTES = 65536  # of the uploader's socket
MAX_AHEAD_BYTES = 11_000_000  # what the sockets on the way may hold: 6 MB and 4 MB
FILE_HEAD = 'Content-Disposition: form-data; name="file"; filename="large.bin"'


@pytest.fixture(params=RUNTIMES)
def own_device(request, sandbox, tmp_path):
    with started_device(request.param, sandbox, tmp_path / "device") as process:
        yield process


def through(device, sink):
    """Enter the sink as the mail server and get a token; return a client."""
    client = device.client()
    client.put_setting("smtp", **dict(smtp_fields(device.endpoints), port=sink.port))
    get_token(client, device.endpoints, "smtp")
    return client


class Uploader:
    """Uploads one file of a mail to pass through, piece by piece; `sent_bytes` and `sha256` are of
    what it has sent."""

    def __init__(self, device, size_bytes, mode=b"pass"):
        account = device.endpoints["account"].encode()
        fields = [field("to", account), field("subject", b"Large"), field("mode", mode)]
        head, _, end = form([*fields, (FILE_HEAD, b"here")]).rpartition(b"here")
        headers = dict(sign_in(device), **{"Content-Type": FORM_TYPE})
        length = len(head) + size_bytes + len(end)
        self.sent_bytes = 0
        self.sha256 = hashlib.sha256()
        self._left_bytes = size_bytes
        self._end = end
        self._socket = connect(device)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        self._socket.sendall(request("POST", "/api/jobs", headers, head, length))

    def send(self, size_bytes, pause_s=0):
        """Send so much of the file."""
        while size_bytes > 0:
            data = BLOCK[: min(size_bytes, self._left_bytes)]
            self._socket.sendall(data)
            self.sha256.update(data)
            self.sent_bytes += len(data)
            self._left_bytes -= len(data)
            size_bytes -= len(data)
            if pause_s:
                threading.Event().wait(pause_s)

    def end(self):
        """Send the rest; return the Answer."""
        self.send(self._left_bytes)
        self._socket.sendall(self._end)
        return self.answer()

    def answer(self):
        with self._socket:
            return Answer(read_answer(self._socket))

    def vanish(self):
        self._socket.close()


def file_digest(path):
    """Return the SHA-256 of the last file of a mail as it was on the wire."""
    mail = path.read_bytes()
    body = mail[mail.rfind(b"\r\n\r\n", 0, 4096) + 4 : mail.rfind(b"\r\n--")]
    return hashlib.sha256(base64.b64decode(body)).hexdigest()


def the_job(client):
    (job,) = client.call("GET", "/api/jobs")["items"]
    return job


def test_100_mb_pass_from_a_slow_uploader_to_a_slow_server(own_device, sandbox, tmp_path):
    with MailSink(tmp_path, sandbox.endpoints["ca_pem"], slow_bytes=4_000_000) as sink:
        client = through(own_device, sink)
        uploader = Uploader(own_device, HUNDRED_MB)
        uploader.send(16_000_000)  # as fast as it is taken, by a server that is slow
        assert uploader.sent_bytes - sink.received_bytes // 78 * 57 < MAX_AHEAD_BYTES
        job = the_job(client)
        assert job["state"] == "sending" and 0 < job["bytes_done"] < job["bytes_total"]
        uploader.send(1_000_000, pause_s=0.02)  # now it is the uploader that is slow
        answer = uploader.end()
        assert answer.status == 201, answer.body
        (file,) = answer.json["files"]
        assert (answer.json["state"], file["size"]) == ("sent", HUNDRED_MB)
        assert answer.json["bytes_done"] == answer.json["bytes_total"] > HUNDRED_MB * 4 // 3
        assert [file_digest(path) for path in sink.complete] == [uploader.sha256.hexdigest()]
    assert client.call("GET", "/api/status")["faults"] == []


def test_uploader_that_vanishes_leaves_no_mail_at_the_server(own_device, sandbox, tmp_path):
    with MailSink(tmp_path, sandbox.endpoints["ca_pem"]) as sink:
        client = through(own_device, sink)
        uploader = Uploader(own_device, 10_000_000)
        uploader.send(3_000_000)
        uploader.vanish()
        job = wait_for(
            lambda: the_job(client), lambda job: job["state"] == "failed", "failed job", 30
        )
        assert (job["reason"], job["recipients"][0]["state"]) == ("pass_cut", "failed")
        assert job["message"] and job["hint"]
        assert sink.ended.wait(10)
        assert sink.complete == [] and sink.received_bytes > 1_000_000
        uploader = Uploader(own_device, 100_000)
        assert uploader.end().json["state"] == "sent"
        assert [file_digest(path) for path in sink.complete] == [uploader.sha256.hexdigest()]


def test_server_that_dies_ends_the_upload_with_the_reason(own_device, sandbox, tmp_path):
    with MailSink(tmp_path, sandbox.endpoints["ca_pem"], die_after_bytes=2_000_000) as sink:
        client = through(own_device, sink)
        answer = Uploader(own_device, 8_000_000).end()  # what comes later is read and dropped
        assert answer.status == 503, answer.body
        assert (answer.json["error"], answer.json["state"]) == ("closed", "failed")
        assert answer.json["message"] and answer.json["recipients"][0]["state"] == "failed"
        assert the_job(client)["reason"] == "closed"
        assert sink.complete == []


def test_mail_that_cannot_be_sent_now_is_refused_before_its_file_comes(own_device):
    client = own_device.client()
    client.put_setting("smtp", **smtp_fields(own_device.endpoints))
    answer = Uploader(own_device, HUNDRED_MB).answer()
    assert answer.refusal == (409, "token_missing")
    assert client.call("GET", "/api/jobs")["items"] == []


def test_file_larger_than_the_flash_is_refused_with_the_way_that_works(own_device):
    client = own_device.client()
    client.put_setting("smtp", **smtp_fields(own_device.endpoints))
    free_bytes = client.call("GET", "/api/status")["storage"]["free_bytes"]
    size_bytes = min(free_bytes, 1 << 29)  # CPython's flash is the disk of this machine
    uploader = Uploader(own_device, size_bytes, mode=b"spool")
    if size_bytes < free_bytes:
        uploader.vanish()
        return
    answer = uploader.answer()
    assert answer.refusal == (507, "spool_full")
    assert "mode=pass" in answer.json["hint"]


def test_mail_that_passes_arrives_as_it_was_entered(own_device, sandbox):
    client = own_device.client()
    client.put_setting("smtp", **smtp_fields(own_device.endpoints))
    get_token(client, own_device.endpoints, "smtp")
    account, subject = own_device.endpoints["account"], "Πέρασμα " + own_device.runtime
    scan = scan_bytes(300_000)
    files = [("σάρωση.pdf", scan, "application/pdf")]
    job = client.send(account, subject, "See.\n.\n", files, mode="pass")
    assert (job["state"], job["recipients"][0]["state"]) == ("sent", "sent")
    mails = [
        email.message_from_bytes(Path(path).read_bytes(), policy=email.policy.default)
        for path in sandbox.maildrop(account)
    ]
    (mail,) = [mail for mail in mails if mail["Subject"] == subject]
    assert mail["Message-ID"] == job["message_id"]
    assert mail.get_body().get_content().replace("\r\n", "\n") == "See.\n.\n"
    (part,) = mail.iter_attachments()
    assert (part.get_filename(), part.get_content()) == ("σάρωση.pdf", scan)
