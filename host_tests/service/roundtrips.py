"""Files that are hard to carry, and the way they go: device, SMTP server, POP3 server, device."""

import time

from device import wait_for
from story import POP_SETTING, pop_fields, scan_bytes, smtp_fields

ARRIVAL_LIMIT_S = 60
FIVE_MB = 5_000_000

SMALL = {
    "one byte.bin": b"x",
    "57 bytes.bin": scan_bytes(57),
    "58 bytes.bin": scan_bytes(58),
    "dots-crlf.txt": b".\r\n..\r\n.x\r\n...\r\n.\r\n\r\n.\r\n",
    "dots-lf.txt": b".\n..\n.x\n...\n.\n\n.\n",
    "no final newline.txt": b"first line\r\nlast line",
    "ends with a dot.txt": b"line\r\n.",
    "bare cr.txt": b"one\rtwo\r\r\n\n",
    "all bytes.dat": b"%PDF-1.4\n" + bytes(range(256)) * 3,
    "σάρωση ελληνική.pdf": "%PDF Ελληνικό κείμενο".encode(),
}
EMPTY = {"empty.txt": b""}  # it is sent, and nothing to print
LARGE = {"1 MB.pdf": scan_bytes(1_000_000)}


def enter_and_get_tokens(client, endpoints, approve):
    """Set up `smtp` and the maildrop and obtain both tokens, waiting for both at once."""
    client.put_setting("smtp", **smtp_fields(endpoints))
    client.put_setting(POP_SETTING, **pop_fields(endpoints))
    for name in ("smtp", POP_SETTING):
        code = client.call("POST", "/api/tokens/%s/get" % name)
        approve(
            code["verification_uri_complete"],
            endpoints["account"],
            endpoints["account_password"],
            endpoints["ca_pem"],
        )
    for name in ("smtp", POP_SETTING):
        client.wait_for_state(name, "ACQUIRED")


def round_trip(client, account, subject, files, text=""):
    """Send `files` ({name: bytes}) as one mail, fetch it; return what came back, the same way.

    The inbox is left empty.
    """
    parts = [(name, content, "application/octet-stream") for name, content in files.items()]
    job = client.send(account, subject, text, parts)
    job = client.wait_for_job(job["id"])
    assert job["state"] == "sent", job
    assert job["bytes_done"] == job["bytes_total"]
    items = _received(client, subject)
    found = {item["name"]: client.download(item["id"]) for item in items}
    assert len(found) == len(items)
    assert [item["size"] for item in items] == [len(content) for content in found.values()]
    for item in items:
        client.call("DELETE", "/api/inbox/" + item["id"])
    return found


def _received(client, subject):
    def items():
        client.call("POST", "/api/receive/" + POP_SETTING, timeout_s=120)
        listed = client.call("GET", "/api/inbox")["items"]
        return [item for item in listed if item["subject"] == subject]

    return wait_for(items, bool, "mail " + subject, ARRIVAL_LIMIT_S)


def timed_five_mb_trip(client, account, say):
    """Send and fetch 5 MB; tell the seconds and what is in memory before and after."""
    content = scan_bytes(FIVE_MB)
    before = used_bytes(client)
    started_s = time.monotonic()
    found = round_trip(client, account, "5 MB", {"5 MB.pdf": content})
    seconds = time.monotonic() - started_s
    say("5 MB: %.1f s; heap used %s before, %s after" % (seconds, before, used_bytes(client)))
    return found == {"5 MB.pdf": content}


def used_bytes(client):
    """Return what the device's heap holds after a collection; None on CPython."""
    return client.call("GET", "/api/status")["memory"]["used_bytes"]
