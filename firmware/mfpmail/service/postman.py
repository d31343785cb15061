"""Everything that talks to mail servers, in turn where memory is short, with code loaded for it."""

import asyncio

from mfpmail.core import settings
from mfpmail.core.errors import TRANSIENT, MailError

_MAX_WAIT_MS = 60000
_LOOK_S = 0.1


class Postman:
    """`open_net()` returns the network port; the rest are the services it works for.

    `sending_through` is the setting that the last sign-in for sending went through,
    `sending_since` when that changed (Unix time, None for not since the start). `sending` is the
    lock of whoever sends: providers count the connections of an account. `wanted` counts who waits
    for it, `is_lean` says that memory is short. What else outlives a round of sending is kept here
    for `Accounts`: `avoided`, `sent_ms`, `idle_line` and the task that closes that, `closer`.
    """

    def __init__(self, device, overlays, open_net, hello_name, random_bytes):
        self._device = device
        self._overlays = overlays
        self._open_net = open_net
        self._hello_name = hello_name
        self._random_bytes = random_bytes
        self.is_lean = isinstance(overlays.turn, asyncio.Lock)
        self.sending = asyncio.Lock()
        self.wanted = 0
        self.sending_through = settings.SMTP
        self.sending_since = None
        self.avoided = {}
        self.sent_ms = []
        self.idle_line = None
        self.closer = None

    async def send_due(self):
        """Send the jobs that are due, one after the other, and tell of what has failed."""
        async with self._overlays.turn, self.sending:
            with self._overlays:
                from mfpmail.service.sender import send_jobs

                job = await send_jobs(self._device, self._random_bytes)
            if job:
                with self._overlays:
                    from mfpmail.service.notes import tell_sender

                    tell_sender(self._device, job)

    async def make_way(self):
        """Wait until nobody sends, or where memory is short until nobody needs much of it. The
        sending of the queue stops after the mail under way. Raises MailError `sending_busy`."""
        lock = self._overlays.turn if self.is_lean else self.sending
        until_ms = self._device.clock.now_ms() + _MAX_WAIT_MS
        self.wanted += 1
        try:
            while lock.locked():
                if self._device.clock.now_ms() > until_ms:
                    message = "Another mail has been on its way for too long."
                    raise MailError("sending_busy", message, TRANSIENT)
                await asyncio.sleep(_LOOK_S)
        finally:
            self.wanted -= 1

    async def receive(self, name):
        """Empty a maildrop; see `Receiver.receive`."""
        async with self._overlays.turn:
            with self._overlays:
                from mfpmail.service.receiver import Receiver

                return await Receiver(name, self._servers(), self._device).receive()

    async def test(self, name):
        """Run a connection test; see `run_test`."""
        async with self._overlays.turn:
            with self._overlays:
                from mfpmail.service.conntest import run_test

                setting = self._device.configuration.get(name)
                return await run_test(self._servers(), name, setting)

    def accounts(self):
        """Return the Accounts for a round of sending; the code is loaded now."""
        from mfpmail.service.accounts import Accounts

        device = self._device
        return Accounts(self._servers(), self, device.clock, device.journal.write)

    def _servers(self):
        from mfpmail.service.signin import MailServers

        device = self._device
        net = self._open_net()
        return MailServers(
            net, self._overlays, device.configuration, device.keepers, self._hello_name
        )
