"""Net port for CPython: TCP and verified TLS under asyncio.

A non-blocking socket that is tried directly first and awaited only when it would block. asyncio's
own streams are not used: they cannot start TLS later before Python 3.11, and they copy every read.
Needs an event loop with `add_reader` (the default one on Linux and macOS). One task at a time may
use a stream.
"""

import asyncio
import socket
import ssl
import time

from mfpmail.hal.cpython.secure import handshake_failure, verifying_context
from mfpmail.hal.failures import network_error, tls_error

_SHARE_AFTER_S = 0.005  # a stream that never has to wait lets the other tasks run this often


class Net:
    """Opens connections. `trust_anchors`: a list of DER bytes, the only issuers trusted."""

    def __init__(self, trust_anchors):
        self._context = verifying_context(trust_anchors)

    async def connect(self, host, port, tls, timeout_ms):
        """A `Stream` to `host`, over TLS when `tls` is true, all within `timeout_ms`.

        Every address of the name is tried, each with an equal share of the time that is left.
        With `tls` the handshake is complete when this returns. Raises `NetworkError` `dns`,
        `connect`, `timeout`, `closed`; `TlsError`.
        """
        deadline = time.monotonic() + timeout_ms / 1000
        if tls and self._context is None:
            raise tls_error("tls_untrusted", host)
        addresses = await _resolve(host, port, deadline)
        sock = await _connect_any(addresses, host, deadline)
        stream = Stream(sock, host, self._context, timeout_ms)
        if tls:
            await stream.shake_hands(deadline)
        return stream


class Stream:
    """A connection. `timeout_ms` bounds every single wait and may be changed at any time.

    Nothing is buffered here, so `start_tls` cannot carry bytes in clear over into TLS. After any
    error, and when a waiting task is cancelled, the stream is closed.
    """

    def __init__(self, sock, host, context, timeout_ms):
        self.timeout_ms = timeout_ms
        self._sock = sock
        self._host = host
        self._context = context
        self._forget = None  # takes the wait under way out of the event loop
        self._ready = None
        self._shared_at = time.monotonic()

    async def readinto(self, buf):
        """Reads what is there, at least one byte, at most `len(buf)`; 0 = the peer closed.

        Raises `NetworkError` `timeout`, `closed`.
        """
        return await self._try(self._sock.recv_into, buf, False)

    async def write(self, data):
        """Writes all of `data`, a bytes-like object. Raises `NetworkError` `timeout`, `closed`."""
        view = memoryview(data)
        while view:
            view = view[await self._try(self._sock.send, view, True) :]

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
        await self.shake_hands(time.monotonic() + self.timeout_ms / 1000)

    async def shake_hands(self, deadline):
        """The whole TLS handshake. Raises as `start_tls` does."""
        try:
            if self._context is None:
                raise tls_error("tls_untrusted", self._host)
            self._sock = self._context.wrap_socket(
                self._sock, server_hostname=self._host, do_handshake_on_connect=False
            )
            for_writing = self._step()
            while for_writing is not None:
                await self._wait(for_writing, max(0, deadline - time.monotonic()))
                for_writing = self._step()
        except (OSError, ValueError) as error:
            self.drop()
            raise handshake_failure(error, self._host)
        except BaseException:
            self.drop()
            raise

    async def close(self):
        """Closes the connection; never raises. A task that waits on it gets `closed`."""
        self.drop()

    def drop(self):
        """`close` for callers that cannot await."""
        if self._forget is not None:
            self._forget()
            self._ready.set_result("closed")
        try:
            self._sock.unwrap()  # tells the peer, as far as one non-blocking try can
        except (OSError, ValueError, AttributeError):
            pass  # not TLS, dead, or the peer has not answered yet: nothing to wait for
        self._sock.close()

    def _step(self):
        """None when the handshake is complete, else whether it must write to go on."""
        try:
            self._sock.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLWantWriteError:
            return True
        return None

    async def _try(self, operation, buf, for_writing):
        try:
            while True:
                try:
                    count = operation(buf)
                    break
                except (BlockingIOError, InterruptedError):
                    await self._wait(for_writing, self.timeout_ms / 1000)
                except ssl.SSLWantReadError:
                    await self._wait(False, self.timeout_ms / 1000)
                except ssl.SSLWantWriteError:
                    await self._wait(True, self.timeout_ms / 1000)
            if time.monotonic() - self._shared_at > _SHARE_AFTER_S:
                await asyncio.sleep(0)
                self._shared_at = time.monotonic()
            return count
        except (OSError, ValueError):
            self.drop()
            raise network_error("closed", self._host)
        except BaseException:
            self.drop()
            raise

    def _refuse_injection(self):
        if isinstance(self._sock, ssl.SSLSocket):
            raise tls_error("tls_injection", self._host)
        try:
            data = self._sock.recv(1)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            raise network_error("closed", self._host)
        raise tls_error("tls_injection", self._host)

    async def _wait(self, for_writing, timeout_s):
        loop = asyncio.get_running_loop()
        descriptor = self._sock.fileno()
        self._ready = ready = loop.create_future()
        add, remove = loop.add_reader, loop.remove_reader
        if for_writing:
            add, remove = loop.add_writer, loop.remove_writer
        timer = loop.call_later(timeout_s, _finish, ready, "timeout")

        def forget():
            self._forget = None
            timer.cancel()
            remove(descriptor)

        add(descriptor, _finish, ready, None)
        self._forget = forget
        try:
            reason = await ready
        finally:
            # `drop` may have done it already; then the descriptor can belong to another socket.
            if self._forget is forget:
                forget()
        self._shared_at = time.monotonic()
        if reason:
            raise network_error(reason, self._host)


def _finish(future, reason):
    if not future.done():
        future.set_result(reason)


async def _resolve(host, port, deadline):
    lookup = asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    try:
        return await asyncio.wait_for(lookup, max(0, deadline - time.monotonic()))
    except asyncio.TimeoutError:  # not an OSError before Python 3.11
        raise network_error("timeout", host)
    except (OSError, UnicodeError):
        raise network_error("dns", host)


async def _connect_any(addresses, host, deadline):
    failure = network_error("dns", host)
    for index, address in enumerate(addresses):
        share_s = max(0.001, (deadline - time.monotonic()) / (len(addresses) - index))
        try:
            return await _connect(address, share_s)
        except asyncio.TimeoutError:
            failure = network_error("timeout", host)
        except OSError:
            failure = network_error("connect", host)
    raise failure


async def _connect(address, timeout_s):
    sock = socket.socket(*address[:3])
    try:
        sock.setblocking(False)
        connecting = asyncio.get_running_loop().sock_connect(sock, address[4])
        await asyncio.wait_for(connecting, timeout_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
    except BaseException:
        sock.close()
        raise
