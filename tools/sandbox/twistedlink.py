"""Runs a Twisted protocol on an asyncio transport.

Twisted's own reactor can be started only once in a process, and its TLS wants a further library.
A server protocol needs little of it: the transport below, timers, and a pull producer's pump.
"""

import asyncio

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

WRITE_BUFFER_BYTES = 256 * 1024


class TwistedLink(asyncio.Protocol):
    """Between asyncio and `protocol`: towards Twisted it is the transport (ITransport).

    `tls` says whether the connection is encrypted now.
    """

    def __init__(self, protocol, loop, tls):
        self.protocol = protocol
        self.loop = loop
        self.tls = tls
        self.transport = None
        self.disconnecting = False
        self._producer = None
        self._writable = True
        self._upgrade = None
        self._early = b""

    # What asyncio calls

    def connection_made(self, transport):
        self._use(transport)
        self.protocol.makeConnection(self)

    def data_received(self, data):
        if self._upgrade:
            self._early += data  # came right behind the handshake, before `_start_tls` went on
        else:
            self.protocol.dataReceived(data)

    def connection_lost(self, error):
        self.disconnecting = True
        producer, self._producer = self._producer, None
        if producer:
            producer.stopProducing()
        self.protocol.connectionLost(Failure(ConnectionDone()))

    def pause_writing(self):
        self._writable = False

    def resume_writing(self):
        self._writable = True
        self._pump()

    # What Twisted calls

    def write(self, data):
        self.transport.write(data)

    def writeSequence(self, pieces):  # noqa: N802 - Twisted's name
        self.transport.write(b"".join(pieces))

    def loseConnection(self):  # noqa: N802 - Twisted's name
        self.disconnecting = True
        self.transport.close()

    def registerProducer(self, producer, streaming):  # noqa: N802 - Twisted's name
        """Takes a pull producer: it is asked for data as fast as the peer takes it."""
        self._producer = producer
        self._pump()

    def unregisterProducer(self):  # noqa: N802 - Twisted's name
        self._producer = None

    def start_tls(self, context):
        """Upgrades to TLS after the replies written so far; nothing is read before it is done."""
        self.transport.pause_reading()
        self._upgrade = self.loop.create_task(self._start_tls(context))

    async def _start_tls(self, context):
        try:
            self._use(await self.loop.start_tls(self.transport, self, context, server_side=True))
        except OSError:  # ssl.SSLError is one
            self.transport.abort()
            return
        self.tls = True
        self._upgrade = None
        early, self._early = self._early, b""
        if early:
            self.protocol.dataReceived(early)

    def _use(self, transport):
        transport.set_write_buffer_limits(WRITE_BUFFER_BYTES)
        self.transport = transport

    def _pump(self):
        """One piece now, the next one in the loop's next round, so that others get their turn."""
        if self._producer and self._writable:
            self._producer.resumeProducing()
            self.loop.call_soon(self._pump)


class Timer:
    """A delayed call that can be put off, as Twisted's timeouts want it."""

    def __init__(self, loop, delay_s, function):
        self._loop = loop
        self._function = function
        self._handle = loop.call_later(delay_s, function)

    def reset(self, delay_s):
        self.cancel()
        self._handle = self._loop.call_later(delay_s, self._function)

    def cancel(self):
        self._handle.cancel()
