"""Under MicroPython: a device's services on the mounted flash, and the world around them."""

import asyncio
import json

from storage_flash import MOUNT, Flash, Mounted

from fakes.clock import FakeClock
from fakes.rotating import CLIENT_SECRET, ENDPOINTS, RotatingProvider
from mfpmail.core import record, settings
from mfpmail.core.errors import MailError
from mfpmail.core.token import ACQUIRED, AWAITING_AUTH, INVALID, NOT_ACQUIRED
from mfpmail.hal.files import Files
from mfpmail.service.configuration import Configuration
from mfpmail.service.exchange import Exchange
from mfpmail.service.outbox import Outbox
from mfpmail.service.overlay import Overlays
from mfpmail.service.store import Store
from mfpmail.service.tokens import TokenKeeper

FILLER = "filler"
DAY_S = 86400
OAUTH = {
    "auth_method": "oauth2",
    "provider": "custom",
    "account": "scan@mail.test",
    "client_id": "client-1",
    "client_secret": CLIENT_SECRET,
    "scope": "mail offline_access",
}
OAUTH.update(ENDPOINTS)
_NEWER_THAN_ANY = 1000  # a version, to read records of every version as they are


class World:
    """What stays when the device's power goes: its clock, the provider, the random source."""

    def __init__(self, kept=None):
        seconds, number, provider = json.loads(kept) if kept else (0, 0, None)
        self.clock = FakeClock()
        self.clock.advance_s(seconds)
        self.provider = RotatingProvider(self.clock, provider)
        self.provider.access_token_chars = 2500  # as Microsoft's
        self._number = number

    def snapshot(self):
        """Return it as text, for another one like this."""
        kept = self.clock.now_ms() // 1000, self._number, self.provider.snapshot()
        return json.dumps(kept)

    def random_bytes(self, count):
        """Return bytes that differ from call to call, the same in every run."""
        self._number += 1
        return bytes((self._number * 37 + index) % 256 for index in range(count))


class Device:
    """What of the device keeps data, started on the mounted flash."""

    def __init__(self, world):
        overlays = Overlays(True)
        self.files = Files(MOUNT)
        self.store = Store(self.files, lambda sentence: None)
        self.configuration = Configuration(self.store, overlays)
        self.outbox = Outbox(self.store, world.random_bytes, lambda: None)
        self.files.make_folder("tokens")
        exchange = Exchange(overlays, lambda: world.provider, world.random_bytes)
        self.keepers = {
            name: TokenKeeper(
                name, self.configuration, self.store, exchange, world.clock, lambda setting: None
            )
            for name in settings.SETTINGS
        }
        self.keeper = self.keepers["smtp"]


def tokens_state(device):
    """Return every token's record as it stands on flash; what is shown must be the same."""
    records = {}
    for name, keeper in device.keepers.items():
        data = device.files.read("tokens/" + name)
        records[name] = data and record.load(_NEWER_THAN_ANY, data)
        for field in ("state", "access_token", "refresh_token", "device_code") if data else ():
            assert keeper.record[field] == records[name][field], (name, field)
    assert records["smtp"] or device.keeper.state == NOT_ACQUIRED
    return records


def obtain_working_token(device, world):
    """Do what the device and its administrator do until there is a new access token; return the
    states on the way."""
    device.files.remove(FILLER)
    world.provider.calm()
    keeper, path = device.keeper, []
    for _ in range(6):
        path.append(keeper.state)
        if keeper.state == ACQUIRED and _renews(keeper, world):
            return path
        asyncio.run(_step(keeper, world))
    raise AssertionError("no token: %s" % path)


def _renews(keeper, world):
    """Say whether there is a new access token; otherwise the token must be Invalid now."""
    try:
        token = asyncio.run(keeper.refresh(keeper.record["access_token"]))
    except MailError:
        assert keeper.state == INVALID
        return False
    assert world.provider.accepts_access(token)
    refresh_token = keeper.record["refresh_token"]
    assert not refresh_token or world.provider.is_newest(refresh_token)
    return True


async def _step(keeper, world):
    if keeper.state == AWAITING_AUTH:
        await sign_in(keeper, world)
    elif keeper.state == NOT_ACQUIRED:
        await keeper.start()
    else:
        world.clock.advance_s(DAY_S // 2)
        await keeper.renew_if_due()
        if keeper.state == INVALID:
            keeper.delete()


async def sign_in(keeper, world):
    """Let the person sign in, by code or by redirect, and the device fetch the token."""
    uri = keeper.public()["authorization_uri"]
    world.provider.decide("approved")
    world.clock.advance_s(30)
    if not uri:
        await keeper.poll()
        return
    try:
        await keeper.take_redirect(world.provider.sign_in(uri))
    except MailError:
        assert keeper.state != AWAITING_AUTH


def prepared(steps, *before):
    """Return `(memory, world text)` after these steps `step(device, world)` on the flash and the
    world of `before`, or on a new one."""
    memory, kept = before or (None, None)
    flash, world = Flash(memory and bytearray(memory)), World(kept)
    for step in steps:
        world.provider.calm()
        with Mounted(flash):
            step(Device(world), world)
    return bytes(flash.memory), world.snapshot()
