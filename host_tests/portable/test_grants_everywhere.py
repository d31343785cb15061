"""Every grant in every setting: each obtains, keeps, renews and deletes a token of its own."""

from fakes.ports import FakePorts
from fakes.provider import DEVICE_ANSWER, tokens
from mfpmail.core import settings
from mfpmail.core.token import ACQUIRED, AWAITING_AUTH, NOT_ACQUIRED
from mfpmail.service.device import Device
from support import configure, run

GRANTS = {
    "device_code": {},
    "authorization_code": {"authorization_endpoint": "https://provider.test/authorize"},
    "client_credentials": {"client_secret": "s"},
}


def device_with(name, grant):
    ports = FakePorts()
    device = Device(ports)
    configure(device, name, grant=grant, **GRANTS[grant])
    return device, ports


async def obtain(device, ports, name, grant):
    keeper = device.keepers[name]
    ports.http.answers = [tokens(1)]
    if grant == "device_code":
        ports.http.answers.insert(0, (200, DEVICE_ANSWER))
    await keeper.start()
    if grant != "client_credentials":
        assert keeper.state == AWAITING_AUTH
    if grant == "authorization_code":
        state = keeper.record["oauth_state"]
        await keeper.take_redirect("http://127.0.0.1:8765/?code=c&state=" + state)
    device.clock.advance_s(5)
    await keeper.poll()
    return keeper


def test_grant_of_every_kind_works_in_every_setting():
    for name in settings.SETTINGS:
        for grant in GRANTS:
            device, ports = device_with(name, grant)
            keeper = run(obtain(device, ports, name, grant))
            assert keeper.state == ACQUIRED, (name, grant)
            states = [device.keepers[n].state for n in settings.SETTINGS if n != name]
            assert states == [NOT_ACQUIRED] * 4, (name, grant)
            ports.http.answers = [tokens(2)]
            device.clock.advance_s(3600)
            assert run(keeper.access_token()) == "access-2", (name, grant)
            renewal = ports.http.requests[-1][1]
            assert ("client_credentials" in renewal) == (grant == "client_credentials")
            assert keeper.delete() == ("refresh-2")
            assert keeper.state == NOT_ACQUIRED
