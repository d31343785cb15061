"""The four mail listeners, in one asyncio loop of their own thread."""

import asyncio
import threading
import weakref

from .pop3server import Pop3Server
from .smtpserver import SubmissionHandler, SubmissionServer
from .twistedlink import TwistedLink

LISTENERS = ("smtp_tls", "smtp_starttls", "pop3_tls", "pop3_stls")


class MailServers:
    """Serves SMTP and POP3 on `listeners` (by the names in `LISTENERS`) from start() to stop()."""

    def __init__(self, listeners, tls_context, checker, maildrops, journal):
        self._listeners = listeners
        self._tls_context = tls_context
        self._checker = checker
        self._maildrops = maildrops
        self._journal = journal
        self._handler = SubmissionHandler(checker, maildrops, journal)
        self._tasks = set()
        self._connecting = set()
        self._connections = weakref.WeakSet()

    def start(self):
        """Serves in a background thread."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()

    def stop(self):
        """Closes the listeners and drops every connection."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self):
        # The plain listeners get the context for the upgrade, the others for all they do.
        ways = {
            "smtp_tls": (self._smtp, None),
            "smtp_starttls": (self._smtp, self._tls_context),
            "pop3_tls": (self._pop3, None),
            "pop3_stls": (self._pop3, self._tls_context),
        }
        for name, (make, upgrade) in ways.items():
            self._spawn(self._accept(self._listeners[name], make, upgrade))

    async def _accept(self, listener, make, upgrade):
        listener.setblocking(False)
        while True:
            accepted, _ = await self._loop.sock_accept(listener)
            self._connecting.add(accepted)
            self._spawn(self._connect(accepted, make, upgrade))

    async def _connect(self, accepted, make, upgrade):
        try:
            await self._loop.connect_accepted_socket(
                lambda: self._tracked(make(upgrade)),
                accepted,
                ssl=None if upgrade else self._tls_context,
            )
        except OSError:  # the TLS handshake failed
            accepted.close()
        self._connecting.discard(accepted)

    async def _close(self):
        for connection in list(self._connections):
            if connection.transport is not None:
                connection.transport.abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._loop.shutdown_default_executor()
        # Also those in the middle of a handshake, which no transport closes for us.
        for opened in (*self._listeners.values(), *self._connecting):
            opened.close()

    def _spawn(self, coroutine):
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)  # the loop itself would not keep it alive
        task.add_done_callback(self._tasks.discard)

    def _tracked(self, connection):
        self._connections.add(connection)
        return connection

    def _smtp(self, upgrade):
        return SubmissionServer(self._handler, self._loop, upgrade)

    def _pop3(self, upgrade):
        protocol = Pop3Server(self._checker, self._maildrops, self._journal, self._loop, upgrade)
        return TwistedLink(protocol, self._loop, tls=upgrade is None)
