"""The three maildrops of the device: when each is to be checked, and how the last check went."""

import asyncio

from mfpmail.core.errors import TRANSIENT, MailError

_SOON_MS = 5000
_START_SPREAD_MS = 40  # times a random byte: a fleet whose power comes back does not call at once
_START_AGAIN_MS, _START_TRIES = 60000, 15  # the network and the clock may come up later


class Maildrops:
    """`postman` does the mail connections; `last` maps settings to how the last check went:
    `{"at", "result", "message"}`, during one with `"receiving": {"bytes_done", "bytes_total"}` of
    the mail that comes in (the total is None where the server does not tell). `answers` holds
    what senders are to be told, see `answering.answer`."""

    def __init__(self, names, postman, clock, log):
        self.last = dict.fromkeys(names)
        self.answers = []
        self._busy = {name: asyncio.Lock() for name in names}
        self._postman = postman
        self._clock = clock
        self._log = log
        # [when it counts as checked, percentage of the interval, when it is due, tries left for
        # the check at the start]
        self._times = {}

    def due(self, name, setting, random_bytes):
        """Say whether a maildrop is to be checked now; one that is counts as checked.

        Its interval is made up to 10 % shorter or longer by chance, so that devices that were
        switched on together do not stay together; 0 means that only `check` fetches.
        """
        now_ms, times = self._clock.now_ms(), self._times.get(name)
        if not times:
            spread_ms = random_bytes(1)[0] * _START_SPREAD_MS
            times = self._times[name] = [now_ms, 90 + random_bytes(1)[0] % 21, None, 0]
            if setting["check_at_start"] == "yes":
                times[2:] = now_ms + spread_ms, _START_TRIES
        interval_ms = setting["check_interval_min"] * 600 * times[1]
        is_over = interval_ms and now_ms - times[0] >= interval_ms
        if not setting["server"] or not (is_over or (times[2] is not None and now_ms >= times[2])):
            return False
        times[:3] = now_ms, 90 + random_bytes(1)[0] % 21, None
        return True

    async def check(self, name):
        """Fetch what is there; see `Receiver.receive`. Raises MailError."""
        try:
            async with self._busy[name]:  # two at once would store the same mails twice
                result = await self._postman.receive(name)
        except MailError as error:
            self._note(name, error.kind, error.message)
            self._try_again(name, error)
            raise
        times = self._times.get(name)
        if times:
            times[3] = 0
            if result["more"]:
                times[2] = self._clock.now_ms() + _SOON_MS
        self._note(name, "ok", _summary(result))
        return result

    def _try_again(self, name, error):
        """Let a check at the start that could not be made come again soon."""
        times = self._times.get(name)
        is_early = error.kind == TRANSIENT or error.code == "tls_not_yet_valid"
        if times and times[3] and is_early:
            times[2:] = self._clock.now_ms() + _START_AGAIN_MS, times[3] - 1

    def progress(self, name, bytes_done, bytes_total):
        """Note how far the mail that comes in has come."""
        last = self.last[name]
        if not last:
            last = self.last[name] = {"at": self._clock.now_s(), "result": "ok", "message": ""}
        shown = last.setdefault("receiving", {})
        shown["bytes_done"], shown["bytes_total"] = bytes_done, bytes_total

    def _note(self, name, result, message):
        self.last[name] = {"at": self._clock.now_s(), "result": result, "message": message}
        self._log("%s: %s" % (name, message))


def _summary(result):
    if result["full"]:
        return "The inbox is full."
    text = "%d received, %d left" % (result["received"], result["left"])
    if result["unsupported"]:
        text += ", %d cannot be printed" % result["unsupported"]
    if result["too_large"]:
        text += ", %d too large for the storage" % result["too_large"]
    return text
