"""Leaves a provider alone for a while after it failed (see `core.renewal.pause_s`)."""

from mfpmail.core import renewal
from mfpmail.core.errors import TRANSIENT, MailError


class Patience:
    """`chance()` returns a random byte. Nothing of this survives a restart: then it is asked."""

    def __init__(self, clock, chance):
        self._clock = clock
        self._chance = chance
        self.reset()

    @property
    def left_ms(self):
        """How long the pause still lasts; 0 when there is none."""
        return max(self._until_ms - self._clock.now_ms(), 0)

    def reset(self):
        """End the pause: it worked, or what caused the failure has been changed."""
        self._failures = 0
        self._until_ms = 0

    def note(self, error):
        """Begin a pause, longer with every failure in a row."""
        self._failures += 1
        pause_s = renewal.pause_s(self._failures, error.retry_after_s, self._chance())
        self._until_ms = self._clock.now_ms() + pause_s * 1000

    def check(self):
        """Raise MailError `provider_pause` during a pause."""
        if self.left_ms:
            raise MailError(
                "provider_pause",
                "The token could not be renewed; the provider is asked again in %d s."
                % (self.left_ms // 1000 + 1),
                TRANSIENT,
            )
