"""The three maildrops of the device: when each was checked last and how that went."""

import asyncio

from mfpmail.core.errors import MailError


class Maildrops:
    """`postman` does the mail connections; `last` maps settings to how the last check went."""

    def __init__(self, names, postman, clock, log):
        self.last = dict.fromkeys(names)
        self._busy = {name: asyncio.Lock() for name in names}
        self._postman = postman
        self._clock = clock
        self._log = log

    async def check(self, name):
        """Fetch what is there; see `Receiver.receive`. Raises MailError."""
        try:
            async with self._busy[name]:  # two at once would store the same mails twice
                result = await self._postman.receive(name)
        except MailError as error:
            self._note(name, error.kind, error.message)
            raise
        counts = "%d received, %d left" % (result["received"], result["left"])
        self._note(name, "ok", "The inbox is full." if result["full"] else counts)
        return result

    def _note(self, name, result, message):
        self.last[name] = {"at": self._clock.now_s(), "result": result, "message": message}
        self._log("%s: %s" % (name, message))
