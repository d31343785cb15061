"""The device's standing tasks: one that fails is reported and goes on."""

import asyncio

from mfpmail.core import settings, token
from mfpmail.core.errors import MailError

_TICK_S = 0.25
_LOOK_MS = 600000
_IDLE_S = 60
_FAILURE_PAUSE_S = 5


class Supervisor:
    """Runs the polling of tokens, the sending of jobs, the checking of maildrops, the warnings of
    tokens that die, and the LED."""

    def __init__(self, device, postman):
        self._device = device
        self._postman = postman
        self._work = asyncio.Event()
        self._look_at_ms = 0
        self._told = {}
        self._led = "off"
        self._checked_ms = dict.fromkeys(device.maildrops.last, device.clock.now_ms())

    def wake(self):
        """Tell that there may be something to send."""
        self._work.set()

    def look(self):
        """Tell that a token, or what it is used for, has changed."""
        self._look_at_ms = 0

    async def run(self):
        """Run all tasks until cancelled."""
        await asyncio.gather(
            self._keep_going("tokens", self._poll_tokens),
            self._keep_going("sending", self._send_jobs),
            self._keep_going("receiving", self._check_maildrops),
            self._keep_going("warnings", self._watch_tokens),
        )

    async def _keep_going(self, name, task):
        while True:
            try:
                await task()
            except MailError as error:
                self._device.journal.write("%s: %s" % (name, error.message))
            except Exception as error:
                self._device.journal.write("%s: internal error %s" % (name, repr(error)[:200]))
            await asyncio.sleep(_FAILURE_PAUSE_S)

    async def _poll_tokens(self):
        while True:
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
        while True:
            for name in self._checked_ms:
                if self._due(name):
                    await self._check(name)
            await asyncio.sleep(1)

    def _due(self, name):
        """Say whether the interval has passed; 0 means that only [Check now] fetches."""
        setting = self._device.configuration.get(name)
        interval_ms = setting["check_interval_min"] * 60000
        now_ms = self._device.clock.now_ms()
        if not interval_ms or not setting["server"]:
            return False
        if now_ms - self._checked_ms[name] < interval_ms:
            return False
        self._checked_ms[name] = now_ms
        return True

    async def _check(self, name):
        try:
            await self._device.maildrops.check(name)
        except MailError:
            pass  # noted by the maildrops, and tried again after the interval

    async def _watch_tokens(self):
        device = self._device
        while True:
            now_ms = device.clock.now_ms()
            if now_ms >= self._look_at_ms:
                self._look_at_ms = now_ms + _LOOK_MS
                try:
                    self._show_led()
                finally:
                    async with device.overlays.turn:
                        self._warn()
            await asyncio.sleep(1)

    # No coroutines: one would hold on to the code while it sleeps.

    def _show_led(self):
        with self._device.overlays:
            from mfpmail.service.status import led_of

            led = led_of(self._device)
        if led != self._led:
            self._led = led
            self._device.show_led(led)

    def _warn(self):
        with self._device.overlays:
            from mfpmail.service.warnings import tell

            tell(self._device, self._told)
