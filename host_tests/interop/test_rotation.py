"""Refresh tokens that rotate, at a provider that ends the grant when it sees an old one again."""

import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import requests
from devices import PASSWORD, RUNTIMES
from interop.conftest import require_servers
from interop.oidc import approve_oidc
from interop.rig import InteropRig
from web.hostile_flash import stored

from device import DeviceProcess
from story import pop_fields, smtp_fields

NAMES = ("smtp", "ifax")
ROUNDS = 3
CALLERS = 4


@pytest.fixture(scope="module")
def short_lived():
    """A rig whose access tokens are too old as soon as they are there: every use is a renewal."""
    require_servers()
    with (
        tempfile.TemporaryDirectory(prefix="mfpmail-interop-") as folder,
        InteropRig(folder, access_token_expires_in_s=45) as running,
    ):
        yield running


@pytest.fixture(params=RUNTIMES)
def device(request, short_lived, tmp_path):
    with DeviceProcess(
        tmp_path, PASSWORD, short_lived.endpoints["ca_pem"], request.param
    ) as process:
        client, endpoints = process.client(), short_lived.endpoints
        for name, fields in zip(NAMES, (smtp_fields, pop_fields), strict=True):
            client.put_setting(name, **fields(endpoints))
            code = client.call("POST", "/api/tokens/%s/get" % name)
            approve_oidc(
                code["verification_uri_complete"],
                endpoints["account"],
                endpoints["account_password"],
                endpoints["ca_pem"],
            )
            client.wait_for_state(name, "ACQUIRED")
        yield process


def count(rig, event):
    """Return how often the provider has logged an event."""
    log = (rig.state_dir / "log" / "oidc.out").read_text()
    return len(re.findall("^%s$" % re.escape(event), log, re.MULTILINE))


def replay(endpoints, refresh_token):
    """Send a refresh token as a thief would; return the error."""
    form = {"grant_type": "refresh_token", "client_id": endpoints["client_id"]}
    form["refresh_token"] = refresh_token
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(
            endpoints["token_endpoint"], data=form, verify=endpoints["ca_pem"], timeout=10
        )
    return answer.json().get("error")


def test_rotation_never_shows_an_old_refresh_token_again(device, short_lived):
    renewed = count(short_lived, "granted refresh_token")
    revoked = count(short_lived, "grant revoked")
    first = stored(device, "tokens/smtp")["refresh_token"]
    for _ in range(ROUNDS):
        client = device.client()
        tests = ["/api/settings/%s/test" % name for name in NAMES] * CALLERS
        with ThreadPoolExecutor(len(tests)) as callers:
            results = list(callers.map(partial(client.call, "POST"), tests))
        assert [result["result"] for result in results] == ["ok"] * len(tests), results
        device.kill()
        device.start()
    states = [device.client().token(name)["state"] for name in NAMES]
    assert states == ["ACQUIRED"] * len(NAMES)
    assert count(short_lived, "granted refresh_token") - renewed >= ROUNDS * len(NAMES)
    assert count(short_lived, "grant revoked") == revoked

    # The watch itself works: an old token that comes again ends the grant, and is counted.
    assert replay(short_lived.endpoints, first) == "invalid_grant"
    assert count(short_lived, "grant revoked") == revoked + 1
