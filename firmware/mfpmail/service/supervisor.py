"""The device's standing tasks: one that fails is reported and goes on."""

import asyncio

from mfpmail.core import settings, token
from mfpmail.core.errors import MailError, StorageError

_TICK_S = 0.25
_LOOK_MS = 600000
_IDLE_S = 60
_FAILURE_PAUSE_S = 5


class Supervisor:
    """Runs the polling of tokens, the sending of jobs, the checking of maildrops, the alerts and
    status mails, the warnings of tokens that die, and the LED."""

    def __init__(self, device, postman):
        self._device = device
        self._postman = postman
        self._work = asyncio.Event()
        self._look_at_ms = 0
        self._told = {}
        self._led = "off"

    def wake(self):
        """Tell that there may be something to send."""
        self._device.alerts.watch()
        self._work.set()

    def look(self):
        """Tell that a token, what it is used for, or who wants to be told has changed."""
        self._look_at_ms = 0

    async def run(self):
        """Run all tasks until cancelled."""
        await asyncio.gather(
            self._keep_going("tokens", self._poll_tokens),
            self._keep_going("sending", self._send_jobs),
            self._keep_going("receiving", self._check_maildrops),
            self._keep_going("warnings", self._watch),
        )

    async def _keep_going(self, name, task):
        while True:
            try:
                await task()
            except MailError as error:
                self._device.journal.write("%s: %s" % (name, error.message))
                if isinstance(error, StorageError):
                    self._device.alerts.report("storage_fault", error.message)
            except Exception as error:
                self._device.journal.write("%s: internal error %s" % (name, repr(error)[:200]))
            await asyncio.sleep(_FAILURE_PAUSE_S)

    async def _poll_tokens(self):
        while True:
            self._device.alerts.watch()  # here nothing waits for a turn
            failed = None
            for keeper in self._device.keepers.values():
                try:
                    await keeper.poll()
                    await keeper.renew_if_due()
                except MailError as error:  # the others go on
                    failed = error
            if failed:
                raise failed
            await asyncio.sleep(_TICK_S)

    async def _send_jobs(self):
        outbox, clock = self._device.outbox, self._device.clock
        keepers = [self._device.keepers[n] for n in (settings.SMTP, settings.ALTERNATIVE)]
        if token.ACQUIRED in [keeper.state for keeper in keepers]:
            outbox.release_held()  # a power cut may have come before it was done
        while True:
            self._work.clear()
            if outbox.next_due(clock.now_s()):
                through = self._postman.sending_through
                await self._postman.send_due()
                if self._postman.sending_through != through:
                    self.look()
            due_s = outbox.next_attempt_at()
            pause_s = _IDLE_S if due_s is None else due_s - clock.now_s()
            try:
                await asyncio.wait_for(self._work.wait(), min(max(pause_s, 1), _IDLE_S))
            except asyncio.TimeoutError:
                pass

    async def _check_maildrops(self):
        device, maildrops = self._device, self._device.maildrops
        while True:
            for name in maildrops.last:
                if maildrops.due(name, device.configuration.get(name), device.random_bytes):
                    try:
                        await maildrops.check(name)
                    except MailError:
                        pass  # noted by the maildrops, and tried again after the interval
                    device.alerts.note_inbox()
            await asyncio.sleep(1)

    async def _watch(self):
        device, alerts = self._device, self._device.alerts
        while True:
            now_ms = device.clock.now_ms()
            if now_ms >= self._look_at_ms:
                self._look_at_ms = now_ms + _LOOK_MS
                alerts.note_inbox()
                try:
                    self._show_led()
                finally:
                    async with device.overlays.turn:
                        self._run("look")
            is_due = alerts.waiting or 0 < alerts.next_ms <= now_ms
            if is_due or device.maildrops.answers:
                async with device.overlays.turn:
                    self._run("tell")
            await asyncio.sleep(1)

    # No coroutines: one would hold on to the code while it sleeps.

    def _show_led(self):
        with self._device.overlays:
            from mfpmail.service.status import led_of

            led = led_of(self._device)
        if led != self._led:
            self._led = led
            self._device.show_led(led)

    def _run(self, name):
        with self._device.overlays:
            from mfpmail.service import rounds

            getattr(rounds, name)(self._device, self._told)
