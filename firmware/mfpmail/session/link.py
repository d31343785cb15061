"""The connection of a mail session to the server of its setting."""

from mfpmail.core.errors import NetworkError


class ServerLink:
    """One connection over `net`, the network port. Raises MailError, `closed` when it ends."""

    def __init__(self, net, settings):
        self.server = "%s:%d" % (settings["server"], settings["port"])
        self._net = net
        self._settings = settings
        self._stream = None

    @property
    def is_open(self):
        """Whether there is a connection that was not closed here; the peer may have left."""
        return self._stream is not None

    async def connect(self):
        """Connect; return whether TLS is up already."""
        settings = self._settings
        implicit = settings["security"] == "tls"
        timeout_ms = settings["timeout_s"] * 1000
        self._stream = await self._net.connect(
            settings["server"], settings["port"], implicit, timeout_ms
        )
        return implicit

    async def start_tls(self):
        """Change to TLS."""
        await self._stream.start_tls()

    def write(self, data):
        """Write all of it; to be awaited."""
        if not self._stream:
            raise self._closed()
        return self._stream.write(data)  # a coroutine of our own would cost for every block

    async def receive(self, buffer):
        """Read into `buffer`; return how many bytes came, at least one."""
        count = await self._stream.readinto(buffer)
        if not count:
            raise self._closed()
        return count

    async def close(self):
        """Close at once: what was not confirmed has not happened."""
        if self._stream:
            await self._stream.close()
            self._stream = None

    def _closed(self):
        return NetworkError("closed", "%s closed the connection." % self.server)
