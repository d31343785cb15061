"""The story of a device whose plug is pulled again and again."""

import threading

from device import DeviceError
from story import Story

RESTART_LIMIT_S = 60


class Killer:
    """Kills the device and starts it again at once.

    `moments` maps the names of steps to delays in seconds, one for each time that the step is
    told; None is the border before it. `events` are words of the sandbox's journal at which the
    device is killed, each once. `kills` lists what happened: (step, moment).
    """

    def __init__(self, device, moments, events=()):
        self.kills = []
        self.step = ""
        self._device = device
        self._moments = {step: list(delays) for step, delays in moments.items()}
        self._events = list(events)
        self._plugged = threading.Lock()  # held while the device is off
        self._timers = []

    def enter(self, step):
        """A step is told; returns when the device is on."""
        self.step = step
        if not self._moments.get(step):
            return
        delay_s = self._moments[step].pop(0)
        if delay_s is None:
            self._pull("border")
            self.wait()
            return
        timer = threading.Timer(delay_s, self._pull, ["after %.2f s" % delay_s])
        self._timers.append(timer)
        timer.start()

    def notice(self, line):
        """Take a line of the sandbox's journal; its server goes on when the device is dead."""
        for words in self._events:
            if words in line and self._pull(words, blocking=False):
                self._events.remove(words)
                return

    def wait(self):
        """Return when the device is on."""
        if not self._plugged.acquire(timeout=RESTART_LIMIT_S):
            raise DeviceError("the device did not come back")
        self._plugged.release()

    def finish(self):
        """Wait for the kills that are still to come; return the events that never came."""
        for timer in self._timers:
            timer.join()
        self.wait()
        return self._events

    def _pull(self, moment, blocking=True):
        if not self._plugged.acquire(blocking=blocking):
            return False
        self.kills.append((self.step, moment))
        self._device.kill()
        threading.Thread(target=self._plug_in).start()
        return True

    def _plug_in(self):
        try:
            self._device.start()
        finally:
            self._plugged.release()


class KilledStory(Story):
    """Tells a step again when the device was killed meanwhile, and only then."""

    def __init__(self, killer, *arguments, **options):
        super().__init__(*arguments, **options)
        self._killer = killer
        self._known_kills = 0

    def _step(self, step):
        while True:
            try:
                self._killer.enter(step.__name__)
                super()._step(step)
                return
            except (DeviceError, OSError) as error:
                if not self._killed() or not _is_gone(error):
                    raise
            self._sign_in_again()

    def _killed(self):
        """Say whether the device was killed since this was asked last."""
        known, self._known_kills = self._known_kills, len(self._killer.kills)
        return self._known_kills > known

    def _sign_in_again(self):
        while True:
            self._killer.wait()
            try:
                self.client = self.device.client()
                return
            except OSError:
                if not self._killed():
                    raise


def _is_gone(error):
    """Say whether it means that the device was off, or has forgotten who is signed in."""
    return isinstance(error, OSError) or error.status == 401
