"""The plug is pulled and put in again: what the device knew, it still knows."""

import pytest
from devices import RUNTIMES, enter_settings, get_token, started_device
from web.hostile_client import connect, field, file, form, refused, sign_in, upload
from web.hostile_flash import names, stored

from device import free_port, wait_for
from sandbox.approve import approve
from story import scan_bytes

TO = "alice@sandbox.test"
SCAN = scan_bytes(70000)


def restart(device):
    """Pull the plug, put it in; return a new client, as sign-ins end with the power."""
    device.kill()
    device.start()
    return device.client()


@pytest.fixture(scope="module", params=RUNTIMES)
def own_device(request, sandbox, tmp_path_factory):
    with started_device(request.param, sandbox, tmp_path_factory.mktemp("device")) as process:
        enter_settings(process.client(), process.endpoints)
        yield process


@pytest.fixture
def client(own_device):
    return own_device.client()


def test_settings_survive_with_their_secrets(client, own_device):
    fields = {
        "sender_name": 'Σαρωτής 😀 "2"',
        "secondary_server": "backup.example",
        "password": "πάσσword",
        "client_secret": "~%+ä",
    }
    client.put_setting("smtp", **fields)
    client.put_setting("estatus", check_interval_min=0, port=1)
    before = client.call("GET", "/api/settings")
    after = restart(own_device).call("GET", "/api/settings")
    assert after == before
    assert after["smtp"]["password_set"] and after["smtp"]["client_secret_set"]
    kept = stored(own_device, "settings.json")["smtp"]
    assert {name: kept[name] for name in fields} == fields
    enter_settings(own_device.client(), own_device.endpoints)
    own_device.client().put_setting("smtp", client_secret="", password="")


def test_sign_ins_end(client, own_device):
    restart(own_device)
    status, answer = refused(client, "GET", "/api/status")
    assert (status, answer["error"]) == (401, "not_signed_in")


def test_code_that_was_out_survives_and_is_acquired_afterwards(client, own_device):
    client.call("DELETE", "/api/tokens/smtp")
    code = client.call("POST", "/api/tokens/smtp/get")
    client = restart(own_device)
    shown = client.token("smtp")
    assert (shown["state"], shown["user_code"]) == ("AWAITING_AUTH", code["user_code"])
    endpoints = own_device.endpoints
    approve(
        code["verification_uri_complete"],
        endpoints["account"],
        endpoints["account_password"],
        endpoints["ca_pem"],
    )
    assert client.wait_for_state("smtp", "ACQUIRED")["account"] == endpoints["account"]


def test_token_survives_and_works(client, own_device):
    if client.token("smtp")["state"] != "ACQUIRED":
        get_token(client, own_device.endpoints, "smtp")
    before = client.token("smtp")
    client = restart(own_device)
    assert client.token("smtp") == before
    assert client.call("POST", "/api/settings/smtp/test")["result"] == "ok"


def test_job_that_waits_for_its_server_survives_byte_by_byte(client, own_device):
    """The server is away, the device restarts, the server is back: the mail goes out once."""
    if client.token("smtp")["state"] != "ACQUIRED":
        get_token(client, own_device.endpoints, "smtp")
    port = client.call("GET", "/api/settings/smtp")["port"]
    client.put_setting("smtp", port=free_port())
    sent = client.send(TO, "Περίμενε", "Your scan.", [("σάρωση.pdf", SCAN, "application/pdf")])
    waiting = client.wait_for_job(sent["id"])
    assert (waiting["state"], waiting["reason"]) == ("retrying", "connect")

    client = restart(own_device)
    found = client.call("GET", "/api/jobs/" + sent["id"])
    for name in ("state", "subject", "recipients", "files", "bytes_total", "next_attempt_at"):
        assert found[name] == waiting[name]
    client.call("DELETE", "/api/jobs/" + sent["id"])
    client.put_setting("smtp", port=port)


def test_held_job_survives_and_is_sent_when_the_token_is_there(client, own_device):
    client.call("DELETE", "/api/tokens/smtp")
    job = client.wait_for_job(
        client.send(TO, "Held", "text", [("scan.pdf", SCAN, "application/pdf")])["id"]
    )
    assert job["state"] == "held"

    client = restart(own_device)
    assert client.call("GET", "/api/jobs/" + job["id"])["state"] == "held"
    get_token(client, own_device.endpoints, "smtp")
    wait_for(
        lambda: client.call("GET", "/api/jobs/" + job["id"]),
        lambda found: found["state"] == "sent",
        "job sent by itself",
        limit_s=20,
    )
    assert_received_once(client, own_device, "Held")


def assert_received_once(client, device, subject):
    """Fetch the maildrop; the inbox has the scan once, and still after one more restart."""
    if client.token("eprint")["state"] != "ACQUIRED":
        get_token(client, device.endpoints, "eprint")
    client.call("POST", "/api/receive/eprint")
    for _ in range(2):
        items = client.call("GET", "/api/inbox")["items"]
        (item,) = [item for item in items if item["subject"] == subject]
        assert client.download(item["id"]) == SCAN
        client = restart(device)
    client.call("DELETE", "/api/inbox/" + item["id"])
    client = restart(device)
    assert subject not in [found["subject"] for found in client.call("GET", "/api/inbox")["items"]]


def test_upload_cut_by_the_power_leaves_nothing(client, own_device):
    jobs, folders = client.call("GET", "/api/jobs"), names(own_device, "outbox")
    body = form([field("to", TO.encode()), file("scan.pdf", SCAN)], end=False)
    with connect(own_device) as sock:
        sock.sendall(upload(sign_in(own_device), body, length=len(body) + 1))
        wait_for(
            lambda: names(own_device, "outbox"),
            lambda found: len(found) > len(folders),
            "half an upload in the storage",
            limit_s=10,
        )
        client = restart(own_device)
    assert client.call("GET", "/api/jobs") == jobs
    assert names(own_device, "outbox") == folders
