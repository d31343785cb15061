"""Warnings at the running device: on the status page, on the LED and by mail."""

import datetime

import pytest
from devices import RUNTIMES, enter_settings, get_token, started_device
from web.hostile_client import refused

from device import wait_for
from sandbox.sandbox import Sandbox

TO = "bob@sandbox.test"


@pytest.fixture(params=RUNTIMES)
def own(request, tmp_path):
    """Return a running device and the sandbox that it has for itself."""
    with (
        Sandbox(tmp_path / "sandbox") as provider,
        started_device(request.param, provider, tmp_path / "device") as process,
    ):
        client = process.client()
        enter_settings(client, process.endpoints)
        client.put_setting("device", alert_to=TO)
        yield process, client, provider


def alerts(client):
    jobs = client.call("GET", "/api/jobs")["items"]
    return [job for job in jobs if [r["address"] for r in job["recipients"]] == [TO]]


def wait_for_led(device, state):
    wait_for(lambda: device.lines, lambda lines: "led: " + state in lines, "led: " + state, 20)


def test_dying_and_dead_tokens_are_shown_and_mailed_once(own):
    device, client, provider = own
    in_five_days = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=5)
    for name in ("smtp", "ifax"):
        get_token(client, device.endpoints, name)
    wait_for_led(device, "ok")
    ends_on = in_five_days.isoformat()
    client.put_setting("ifax", client_secret="a secret", client_secret_ends_on=ends_on)
    wait_for_led(device, "warning")
    wait_for(lambda: alerts(client), lambda jobs: len(jobs) == 1, "mail about a dying token", 20)
    (shown,) = client.call("GET", "/api/status")["warnings"]
    assert (shown["setting"], shown["topic"], shown["days"]) == ("ifax", "token_dies", 7)

    client.put_setting("ifax", client_secret="")  # the sandbox's client has none
    assert client.call("GET", "/api/status")["warnings"] == []
    provider.auth.revoke_all()
    client.call("DELETE", "/api/tokens/smtp")
    get_token(client, device.endpoints, "smtp")
    assert refused(client, "POST", "/api/receive/ifax")[1]["error"] == "invalid_grant"
    wait_for_led(device, "fault")
    wait_for(lambda: alerts(client), lambda jobs: len(jobs) == 2, "mail about a dead token", 20)
    status = client.call("GET", "/api/status")
    assert [(w["setting"], w["days"]) for w in status["warnings"]] == [("ifax", 0)]
    assert status["led"] == "fault"

    device.kill()
    device.start()
    client = device.client()
    wait_for(lambda: device.lines, lambda lines: lines.count("led: fault") == 2, "the LED", 20)
    assert len(alerts(client)) == 2
