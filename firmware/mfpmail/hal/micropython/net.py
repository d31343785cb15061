"""Net port for MicroPython: TCP and verified TLS under asyncio.

A read or write is tried directly first and waits only when the socket would block: a wait on a
TLS socket costs about a millisecond, as it cannot be polled by file descriptor. One task at a
time may use a stream. `getaddrinfo` blocks the event loop for as long as the name server takes.
"""

import asyncio
import errno
import select
import socket
from asyncio import core
from time import ticks_add, ticks_diff, ticks_ms

from mfpmail.core.errors import NetworkError
from mfpmail.hal.failures import network_error, tls_error
from mfpmail.hal.micropython.secure import (
    Handshake,
    handshake_failure,
    is_end_of_stream,
    shared_trust,
)

_SHARE_AFTER_MS = 5  # a stream that never has to wait lets the other tasks run this often
_NO_MEMORY_PAUSE_MS = 100
_IPPROTO_TCP = 6  # neither is named in MicroPython's socket module
_TCP_NODELAY = 1


class Net:
    """Opens connections. `trust_anchors`: a list of DER bytes, the only issuers trusted."""

    def __init__(self, trust_anchors):
        self._trust = shared_trust(trust_anchors)

    async def connect(self, host, port, tls, timeout_ms):
        """A `Stream` to `host`, over TLS when `tls` is true, all within `timeout_ms`.

        Every address of the name is tried, each with an equal share of the time that is left.
        With `tls` the certificate has been accepted when this returns. Raises `NetworkError`
        `dns`, `connect`, `timeout`, `closed`; `TlsError`.
        """
        deadline = ticks_add(ticks_ms(), timeout_ms)
        if tls and self._trust.is_empty:
            raise tls_error("tls_untrusted", host)
        addresses = _resolve(host, port)
        for index, address in enumerate(addresses):
            share_ms = ticks_diff(deadline, ticks_ms()) // (len(addresses) - index)
            stream = Stream(address, host, self._trust, timeout_ms)
            try:
                await stream.open(share_ms)
                break
            except NetworkError as error:
                failure = error
        else:
            raise failure
        if tls:
            await stream.shake_hands(deadline)
        return stream


class Stream:
    """A connection. `timeout_ms` bounds every single wait and may be changed at any time.

    Nothing is buffered here, so `start_tls` cannot carry bytes in clear over into TLS. After any
    error, and when a waiting task is cancelled, the stream is closed.
    """

    def __init__(self, address, host, trust, timeout_ms):
        self.timeout_ms = timeout_ms
        self._address = address
        self._host = host
        self._trust = trust
        try:
            self._raw = socket.socket(address[0], socket.SOCK_STREAM)
        except OSError:
            raise network_error("connect", host)
        self._sock = self._raw  # what is read and written: TCP, later TLS over it
        self._patience = _Patience()
        self._first = None  # a byte that came with the end of the handshake
        self._has_talked = False  # application data went over TLS, so its handshake is complete
        self._shared_at = ticks_ms()

    async def open(self, timeout_ms):
        """Makes the TCP connection. Raises `NetworkError` `connect`, `timeout`."""
        try:
            await self._connect(timeout_ms)
        except BaseException:
            self.drop()
            raise
        try:
            self._raw.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        except (OSError, ValueError):
            pass  # only slower: some ports do not offer it

    async def readinto(self, buf):
        """Reads what is there, at least one byte, at most `len(buf)`; 0 = the peer closed.

        Raises `NetworkError` `timeout`, `closed`; `TlsError`.
        """
        if self._first is not None:
            buf[0] = self._first
            self._first = None
            return 1
        try:
            count = self._read_now(buf)
            while count is None:
                await self._wait(False, self.timeout_ms)
                count = self._read_now(buf)
            if ticks_diff(ticks_ms(), self._shared_at) > _SHARE_AFTER_MS:
                await self._share()
            return count
        except BaseException:
            self.drop()
            raise

    async def write(self, data):
        """Writes all of `data`, a bytes-like object. Raises `NetworkError`, `TlsError`."""
        left = len(data)
        try:
            while left:
                count = self._write_now(data)
                if count is None:
                    await self._wait(True, self.timeout_ms)
                    continue
                left -= count
                if left:
                    data = memoryview(data)[count:]
            if ticks_diff(ticks_ms(), self._shared_at) > _SHARE_AFTER_MS:
                await self._share()
        except BaseException:
            self.drop()
            raise

    async def start_tls(self):
        """Turns the connection into TLS, verified against the host given to `connect`.

        All within `timeout_ms`. A peer that has already sent something in clear is refused with
        `TlsError` `tls_injection` (RFC 3207 section 5); bytes that the caller read before and has
        not used are the caller's to refuse. Raises `TlsError`, `NetworkError`.
        """
        try:
            self._refuse_injection()
        except BaseException:
            self.drop()
            raise
        await self.shake_hands(ticks_add(ticks_ms(), self.timeout_ms))

    async def shake_hands(self, deadline):
        """The TLS handshake, up to the accepted certificate. Raises as `start_tls` does."""
        try:
            handshake = Handshake(self._trust, self._raw, self._host)
            self._sock = handshake.sock
            while not handshake.step():
                await self._wait(False, ticks_diff(deadline, ticks_ms()))
        except BaseException:
            self.drop()
            raise
        self._first = handshake.first
        self._has_talked = handshake.first is not None

    async def close(self):
        """Closes the connection; never raises. A task that waits on it gets `closed`."""
        self.drop()

    def drop(self):
        """`close` for callers that cannot await."""
        self._patience.end("closed")
        self._patience.stop()
        self._sock.close()
        self._raw.close()  # after a failed handshake TLS has let go of it without closing it

    async def _connect(self, timeout_ms):
        self._raw.setblocking(False)
        try:
            self._raw.connect(self._address[-1])
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                raise network_error("connect", self._host)
        await self._wait(True, timeout_ms)
        if _has_failed(self._raw):
            raise network_error("connect", self._host)

    def _read_now(self, buf):
        try:
            count = self._sock.readinto(buf)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and is_end_of_stream(error):
                return 0
            raise self._failure(error)
        if count is not None:
            self._has_talked = True
        return count

    def _write_now(self, data):
        try:
            count = self._sock.write(data)
        except (OSError, ValueError) as error:
            raise self._failure(error)
        if count is not None:
            self._has_talked = True
        return count

    def _refuse_injection(self):
        byte = bytearray(1)
        count = self._read_now(byte)
        if count == 0:
            raise network_error("closed", self._host)
        if count or self._sock is not self._raw:
            raise tls_error("tls_injection", self._host)

    def _failure(self, error):
        if self._sock is self._raw or self._has_talked:
            return network_error("closed", self._host)
        return handshake_failure(error, self._host)

    async def _wait(self, for_writing, timeout_ms):
        # The event loop waits for a TCP socket at once but looks at a TLS one every millisecond;
        # once the handshake is over, TLS that has nothing to read wants bytes from TCP.
        sock = self._raw if self._has_talked and not for_writing else self._sock
        reason = await self._patience.wait(sock, for_writing, timeout_ms)
        self._shared_at = ticks_ms()
        if reason:
            raise network_error(reason, self._host)

    async def _share(self):
        await asyncio.sleep_ms(0)
        self._shared_at = ticks_ms()


class _Patience:
    """Waits with a time limit, without a new task for every wait (as `wait_for_ms` would make).

    One watching task sleeps until the limit of the wait it was made for, and then either goes on
    to the limit of the wait of that moment or ends. It ends a wait the way asyncio's own `wait_for`
    does: it cancels the task, with a CancelledError that carries the reason. A cancellation that
    comes from elsewhere carries none, and passes through.
    """

    def __init__(self):
        self._task = None  # the task that waits now
        self._limit = 0  # until when
        self._watcher = None
        self._alarm = 0  # when the watcher wakes

    def wait(self, sock, for_writing, timeout_ms):
        """None once the socket is ready; `timeout` or `closed` when the wait was ended."""
        self._limit = ticks_add(ticks_ms(), max(0, timeout_ms))
        self._watch()
        self._task = core.cur_task
        queue = core._io_queue
        try:
            yield queue.queue_write(sock) if for_writing else queue.queue_read(sock)
        except asyncio.CancelledError as error:
            if error.value is None:
                raise
            return error.value
        finally:
            self._task = None

    def end(self, reason):
        """Ends the wait under way, if it has neither come to its end nor been cancelled."""
        task = self._task
        if task is not None and task.data is core._io_queue:
            task.cancel()
            task.data = asyncio.CancelledError(reason)

    def stop(self):
        """Takes the watcher out of the event loop."""
        if self._watcher is not None and self._watcher is not core.cur_task:
            self._watcher.cancel()
        self._watcher = None

    def _watch(self):
        if self._watcher is not None:
            if ticks_diff(self._limit, self._alarm) >= 0:
                return
            self.stop()
        self._alarm = self._limit
        self._watcher = asyncio.create_task(self._end_overdue())

    async def _end_overdue(self):
        while self._task is not None:
            left_ms = ticks_diff(self._limit, ticks_ms())
            if left_ms <= 0:
                try:
                    self.end("timeout")
                    break
                except MemoryError:  # nobody else would end this wait
                    left_ms = _NO_MEMORY_PAUSE_MS
            self._alarm = self._limit
            await asyncio.sleep_ms(left_ms)
        self._watcher = None


def _resolve(host, port):
    try:
        addresses = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except OSError:
        raise network_error("dns", host)
    if not addresses:
        raise network_error("dns", host)
    return addresses


def _has_failed(sock):
    # There is no getsockopt: a socket whose connection failed polls as broken.
    poller = select.poll()
    poller.register(sock, select.POLLOUT)
    return any(event[1] & (select.POLLERR | select.POLLHUP) for event in poller.poll(0))
