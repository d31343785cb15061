"""Uploads of jobs at the running device: what cannot be sent is refused and leaves nothing."""

import re

import pytest
from devices import enter_settings
from web.hostile_client import (
    BOUNDARY,
    FORM_TYPE,
    field,
    file,
    form,
    hang_up_after,
    request,
    say,
    sign_in,
    upload,
)
from web.hostile_flash import names

from device import wait_for
from mfpmail.core import limits

TO = "alice@sandbox.test"

BAD_FIELDS = {
    "no recipient": ("to", b""),
    "only commas": ("to", b" , ,"),
    "no address": ("to", b"alice"),
    "two at signs": ("to", b"a@b@c.d"),
    "one bad among good ones": ("to", TO.encode() + b", bob@, " + TO.encode()),
    "CRLF and a field": ("to", b"a@b.c\r\nBcc: d@e.f"),
    "CRLF between": ("to", b"a@b.c,\r\nd\r@e.f"),
    "angle brackets": ("to", b"<a@b.c> SIZE=1"),
    "101 recipients": ("to", b",".join([TO.encode()] * 101)),
    "20000 commas": ("to", b"," * 20000),
    "subject of 256": ("subject", b"x" * 256),
    "subject of 20000": ("subject", "Σ".encode() * 20000),
    "CRLF in the subject": ("subject", b"a\r\nBcc: d@e.f"),
    "NUL in the subject": ("subject", b"a\0b"),
    "DEL in the subject": ("subject", b"a\x7fb"),
    "C1 control in the subject": ("subject", "a\x85b".encode()),
    "text of 16385 bytes": ("text", b"x" * (limits.MAX_TEXT_BYTES + 1)),
    "text of 16386 bytes in Greek": ("text", "α".encode() * (limits.MAX_TEXT_BYTES // 2 + 1)),
    "text of 1 MB": ("text", b"x" * 1000000),
    "unknown mode": ("mode", b"Spool"),
}

FILE_NAMES = {
    "../../etc/passwd": "passwd",
    "C:\\\\temp\\\\scan.pdf": "scan.pdf",
    "σελίδα 1.pdf": "σελίδα 1.pdf",
    "a\\\"b'c.txt": "a\"b'c.txt",
    "a\tb\x07c\x7f.txt": None,
    "fdp.\u202etxt": "fdp.txt",
    "x" * 300 + ".pdf": "x" * 124 + ".pdf",
    "..": "file",
    "": "file",
}


@pytest.fixture(scope="module")
def client(module_device):
    client = module_device.client()
    enter_settings(client, module_device.endpoints)
    return client


@pytest.fixture
def headers(module_device):
    return sign_in(module_device)


@pytest.fixture
def nothing_left(client, module_device):
    """A refused upload leaves neither a job nor a file."""
    jobs, folders = client.call("GET", "/api/jobs"), names(module_device, "outbox")
    yield
    assert client.call("GET", "/api/jobs") == jobs
    wait_for(
        lambda: names(module_device, "outbox"),
        lambda found: found == folders,
        "storage as before",
        limit_s=10,
    )


def good_parts(**changed):
    """Return the parts of a job that can be taken, but for what is changed."""
    fields = {"to": TO.encode(), "subject": b"Scan", "text": b"Your scan."}
    fields.update(changed)
    return [field(name, value) for name, value in fields.items()]


def create(device, headers, parts):
    """Upload a job that must be taken; return it."""
    answer = say(device, upload(headers, form(parts)))
    assert answer.status == 201, answer.body
    return answer.json


def drop(client, job):
    client.call("DELETE", "/api/jobs/" + job["id"])


@pytest.mark.parametrize("kind", BAD_FIELDS)
def test_job_with_one_bad_field_is_refused_by_its_name(module_device, headers, nothing_left, kind):
    name, value = BAD_FIELDS[kind]
    answer = say(module_device, upload(headers, form(good_parts(**{name: value}))))
    assert answer.refusal == (422, "bad_job")
    assert list(answer.json["fields"]) == [name]


def test_job_with_everything_bad_reports_all_of_it(module_device, headers, nothing_left):
    bad = {"to": b"a@b.c\r\nX: y", "subject": b"\n", "text": b"x" * 17000, "mode": b"Pass"}
    answer = say(module_device, upload(headers, form(good_parts(**bad))))
    assert answer.refusal == (422, "bad_job")
    assert set(answer.json["fields"]) == set(bad)


@pytest.mark.parametrize("name", ["to", "subject", "text", "mode"])
def test_job_with_field_that_is_no_utf8_is_refused(module_device, headers, nothing_left, name):
    answer = say(module_device, upload(headers, form(good_parts(**{name: b"\xce"}))))
    assert answer.refusal == (400, "bad_upload")
    assert name in answer.json["message"]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/mixed; boundary=x",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary="%s"' % ("x" * 300),
        "",
    ],
)
def test_upload_that_is_no_form_is_refused(module_device, headers, nothing_left, content_type):
    body = form(good_parts())
    answer = say(module_device, upload(headers, body, content_type))
    assert answer.refusal == (400, "bad_upload")


def test_upload_without_body_is_refused(module_device, headers, nothing_left):
    with_type = dict(headers, **{"Content-Type": FORM_TYPE})
    answer = say(module_device, request("POST", "/api/jobs", with_type))
    assert answer.refusal == (400, "bad_upload")


@pytest.mark.parametrize(
    "rest",
    [
        b"",
        b"--" + BOUNDARY.encode(),
        b"--%s\r\nContent-Disposition: form-data; na" % BOUNDARY.encode(),
        form([file("scan.pdf", b"%PDF" * 3000)], end=False),
    ],
    ids=["no end", "delimiter", "header", "file"],
)
def test_upload_without_end_is_refused(module_device, headers, nothing_left, rest):
    body = form(good_parts(), end=False) + rest
    assert say(module_device, upload(headers, body)).refusal == (400, "bad_upload")


def test_upload_whose_sender_leaves_leaves_nothing(module_device, headers, nothing_left):
    body = form([*good_parts(), file("scan.pdf", b"x" * 300000)], end=False)
    hang_up_after(module_device, upload(headers, body, length=len(body) + 100000))


def test_upload_of_17_files_is_refused(module_device, headers, nothing_left):
    files = [file("%d.pdf" % number, b"x" * 1000) for number in range(17)]
    answer = say(module_device, upload(headers, form(good_parts() + files)))
    assert answer.refusal == (422, "bad_job")
    assert list(answer.json["fields"]) == ["file"]


def test_upload_of_too_many_parts_is_refused(module_device, headers, nothing_left):
    parts = good_parts() + [field("x", b"")] * 200
    assert say(module_device, upload(headers, form(parts))).refusal == (400, "bad_upload")


def test_upload_larger_than_the_storage_is_refused_before_it_is_sent(module_device, headers):
    answer = say(module_device, upload(headers, b"", length=1 << 50))
    assert answer.refusal[1] in ("spool_full", "body_too_large")
    assert answer.status in (413, 507)


def test_upload_of_16_files_takes_them_all(client, module_device, headers):
    files = [file("%d.pdf" % number, b"x" * number) for number in range(16)]
    job = create(module_device, headers, good_parts() + files)
    assert [shown["size"] for shown in job["files"]] == list(range(16))
    drop(client, job)


def test_upload_ignores_parts_that_it_does_not_know(client, module_device, headers):
    parts = [field("csrf", b"x"), field("", b"y"), ("X-Nothing: 1", b"z"), file("a.pdf", b"1")]
    parts.append(('Content-Disposition: form-data; name="other"; filename="b.pdf"', b"2" * 5000))
    job = create(module_device, headers, parts + good_parts())
    assert [shown["name"] for shown in job["files"]] == ["a.pdf"]
    drop(client, job)


@pytest.mark.parametrize(
    "changed",
    [
        {"to": b",".join([TO.encode()] * limits.MAX_RECIPIENTS), "mode": b"spool"},
        {"subject": "Σ".encode() * limits.MAX_SUBJECT_CHARS},
        {"text": b"x" * limits.MAX_TEXT_BYTES},
        {"text": "α\n".encode() * (limits.MAX_TEXT_BYTES // 3)},
    ],
    ids=["recipients", "subject", "text", "Greek text"],
)
def test_job_at_a_limit_is_taken(client, module_device, headers, changed):
    job = create(module_device, headers, good_parts(**changed))
    assert job["subject"] == changed.get("subject", b"Scan").decode()
    assert len(job["recipients"]) == changed.get("to", b"").count(b",") + 1
    drop(client, job)


@pytest.mark.parametrize("name", FILE_NAMES, ids=ascii)
def test_file_name_is_kept_without_path_and_control_characters(
    client, module_device, headers, name
):
    job = create(module_device, headers, [*good_parts(), file(name, b"content")])
    (shown,) = job["files"]
    assert shown["size"] == len(b"content")
    assert shown["name"] == (FILE_NAMES[name] or re.sub(r"[\x00-\x1f\x7f]", " ", name).strip())
    drop(client, job)


def test_file_field_left_empty_in_a_browser_is_no_file(client, module_device, headers):
    empty = file("", b"", "application/octet-stream")
    job = create(module_device, headers, [*good_parts(), empty])
    assert job["files"] == []
    drop(client, job)


def test_file_without_content_is_a_file(client, module_device, headers):
    job = create(module_device, headers, [*good_parts(), file("empty.txt", b"", "text/plain")])
    assert job["files"] == [{"name": "empty.txt", "type": "text/plain", "size": 0}]
    drop(client, job)


@pytest.mark.parametrize("kind", ["multipart/related; boundary=x", "message/rfc822"])
def test_file_that_is_a_mail_itself_is_one_file(client, module_device, headers, kind):
    inner = b'--x\r\nContent-Disposition: form-data; name="to"\r\n\r\nbob@sandbox.test\r\n--x--\r\n'
    job = create(module_device, headers, [*good_parts(), file("page.mht", inner, kind)])
    assert [shown["size"] for shown in job["files"]] == [len(inner)]
    # Neither may be in base64 (RFC 2045 section 6.4, RFC 2046 section 5.2.1), as it is sent.
    assert job["files"][0]["type"] == "application/octet-stream"
    assert [recipient["address"] for recipient in job["recipients"]] == [TO]
    drop(client, job)


def test_job_without_token_is_held_with_the_reason(client):
    job = client.wait_for_job(client.send(TO, "Held", "text")["id"])
    assert (job["state"], job["reason"]) == ("held", "token_missing")
    assert "Get Token" in job["hint"]
    assert client.call("GET", "/api/status")["queue"] == {"held": 1}
    drop(client, job)
    assert client.call("GET", "/api/jobs")["items"] == []


def test_job_of_unconfigured_device_is_refused(module_device, client):
    endpoints = module_device.endpoints
    client.put_setting("smtp", sender_address="", account="")
    try:
        answer = say(module_device, upload(sign_in(module_device), form(good_parts())))
    finally:
        enter_settings(client, endpoints)
    assert answer.refusal == (422, "bad_job")
    assert list(answer.json["fields"]) == ["sender_address"]
