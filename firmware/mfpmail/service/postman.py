"""Everything that talks to mail servers, in turn where memory is short, with code loaded for it."""

from mfpmail.core import settings


class Postman:
    """`open_net()` returns the network port; the rest are the services it works for.

    `sending_through` is the setting that the last sign-in for sending went through,
    `sending_since` when that changed (Unix time, None for not since the start); `avoided` is kept
    for `sender.Accounts`.
    """

    def __init__(self, device, overlays, open_net, hello_name, random_bytes):
        self._device = device
        self._overlays = overlays
        self._open_net = open_net
        self._hello_name = hello_name
        self._random_bytes = random_bytes
        self.sending_through = settings.SMTP
        self.sending_since = None
        self.avoided = None

    async def send_due(self):
        """Send the jobs that are due, one after the other."""
        device = self._device
        async with self._overlays.turn:
            with self._overlays:
                from mfpmail.service.sender import Accounts, Sender

                log = device.journal.write
                accounts = Accounts(self._servers(), self, device.clock, log)
                sender = Sender(device.outbox, accounts, device.clock, self._random_bytes, log)
                job = device.outbox.next_due(device.clock.now_s())
                while job:
                    await sender.send(job)
                    job = device.outbox.next_due(device.clock.now_s())

    async def receive(self, name):
        """Empty a maildrop; see `Receiver.receive`."""
        async with self._overlays.turn:
            with self._overlays:
                from mfpmail.service.receiver import Receiver

                return await Receiver(name, self._servers(), self._device.inbox).receive()

    async def test(self, name):
        """Run a connection test; see `run_test`."""
        async with self._overlays.turn:
            with self._overlays:
                from mfpmail.service.conntest import run_test

                setting = self._device.configuration.get(name)
                return await run_test(self._servers(), name, setting)

    def _servers(self):
        from mfpmail.service.signin import MailServers

        device = self._device
        net = self._open_net()
        return MailServers(
            net, self._overlays, device.configuration, device.keepers, self._hello_name
        )
