"""HTTP port for CPython, over the real `requests` in a thread.

`requests` composes the request and reads the answer. The connection, its verification and every
bound are ours: the adapter hands out a pool whose connections are opened here, so that neither
certifi, nor the environment, nor a proxy has a say in whom to trust or where to connect.
"""

import asyncio
import http.client
import socket
import threading
import time

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.util import SKIP_HEADER

from mfpmail.core.errors import MailError
from mfpmail.hal.cpython.secure import handshake_failure, verifying_context
from mfpmail.hal.failures import network_error, tls_error
from mfpmail.hal.httpwire import (
    CHUNKED,
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    MAX_HEAD_FIELDS,
    UNTIL_CLOSE,
    add_field,
    body_framing,
    http_error,
    request_fields,
    split_field_line,
    split_url,
)


class Http:
    """Asks `https` URLs. `trust_anchors`: a list of DER bytes, the only issuers trusted."""

    def __init__(self, trust_anchors):
        self._context = verifying_context(trust_anchors)

    async def post(self, url, headers, body, deadline_ms=15000):
        """`(status, headers, body)` of the answer; header names are in lower case, body is bytes.

        Any status but 3xx is an answer like every other. `body` is bytes or str. Ends after
        `deadline_ms` at the latest. Raises `NetworkError`, `TlsError`, and `HttpError`:
        `not_https`, `http_redirect`, `http_too_large` (over 16 KB of header or 64 KB of body),
        `http_malformed`.
        """
        body = body.encode() if isinstance(body, str) else bytes(body)
        return await self._request("POST", url, headers, body, deadline_ms)

    async def get(self, url, headers, deadline_ms=15000):
        """The same as `post` with a GET request, which has no body."""
        return await self._request("GET", url, headers, None, deadline_ms)

    async def _request(self, method, url, headers, body, deadline_ms):
        host, port, target = split_url(url)
        fields = request_fields(headers, host, port, body)
        if self._context is None:
            raise tls_error("tls_untrusted", host)
        call = _Call(self._context, host, port, deadline_ms / 1000)
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(None, call.run, method, target, fields, body)
        try:
            done, _ = await asyncio.wait({work}, timeout=deadline_ms / 1000)
        finally:
            if not work.done():  # too late, or cancelled
                call.expire()
                work.cancel()
        if not done:
            raise network_error("timeout", host)
        return work.result()


class _Call:
    """One request and its answer, in a thread of its own."""

    def __init__(self, context, host, port, timeout_s):
        self.host = host
        self._context = context
        self._port = port
        self._deadline = time.monotonic() + timeout_s
        self._lock = threading.Lock()
        self._sock = None
        self._is_over = False

    def run(self, method, target, fields, body):
        """The `(status, headers, body)`. Raises only `MailError`."""
        url = "https://%s:%d%s" % (self.host, self._port, target)
        # Named so that neither `requests` nor urllib3 adds a field of its own.
        fields = {**fields, "User-Agent": SKIP_HEADER, "Accept-Encoding": SKIP_HEADER}
        request = requests.Request(method, url, headers=fields, data=body).prepare()
        adapter = _Adapter(self)
        try:
            response = adapter.send(request, stream=True, timeout=self._left_s())
            with response:
                return self._answer(response)
        except MailError:
            raise
        except Exception as error:
            raise self._failure(error)
        finally:
            adapter.close()
            self._close()

    def open(self):
        """A verified TLS socket to the host of the URL. Raises only `MailError`."""
        try:
            addresses = socket.getaddrinfo(self.host, self._port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise network_error("dns", self.host)
        sock = self._connect_any(addresses)
        try:
            tls = self._context.wrap_socket(
                sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self._hold(tls)
            tls.do_handshake()
        except (OSError, ValueError) as error:
            self._close()
            raise self._timeout() if self._is_over else handshake_failure(error, self.host)
        return tls

    def expire(self):
        """Ends the call from outside: whatever the thread waits for comes to an end at once."""
        with self._lock:
            self._is_over = True
            if self._sock is not None:
                _shut_down(self._sock)

    def _connect_any(self, addresses):
        failure = network_error("dns", self.host)
        for index, address in enumerate(addresses):
            sock = socket.socket(*address[:3])
            self._hold(sock)
            sock.settimeout(self._left_s() / (len(addresses) - index))
            try:
                sock.connect(address[4])
                sock.settimeout(self._left_s())
                return sock
            except TimeoutError:
                failure = self._timeout()
            except OSError:
                failure = network_error("connect", self.host)
            self._close()
        raise failure

    def _hold(self, sock):
        """Makes the socket known to `expire`."""
        with self._lock:
            self._sock = sock
            if self._is_over:
                sock.close()
                raise self._timeout()

    def _close(self):
        with self._lock:
            if self._sock is not None:
                self._sock.close()

    def _answer(self, response):
        headers = {}
        for name, value in response.raw.headers.items():
            add_field(headers, name.lower(), value)
        framing = body_framing(response.status_code, headers, self.host)
        body = response.raw.read(MAX_BODY_BYTES + 1, decode_content=False)
        if len(body) > MAX_BODY_BYTES:
            raise http_error("http_too_large", self.host)
        if framing not in (CHUNKED, UNTIL_CLOSE, len(body)):
            raise http_error("http_malformed", self.host)
        return response.status_code, headers, body

    def _failure(self, error):
        causes = _causes(error)
        if self._is_over or any(isinstance(cause, TimeoutError) for cause in causes):
            return self._timeout()
        for cause in causes:
            if isinstance(cause, OSError) and not isinstance(cause, requests.RequestException):
                return network_error("closed", self.host)
        return http_error("http_malformed", self.host)

    def _left_s(self):
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise self._timeout()
        return left_s

    def _timeout(self):
        return network_error("timeout", self.host)


class _Adapter(HTTPAdapter):
    """Sends over a pool of one connection that the call opens, whatever the settings say."""

    def __init__(self, call):
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)
        self._pool = urllib3.HTTPSConnectionPool(call.host, maxsize=1)
        self._pool.ConnectionCls = _connection_class(call)

    def get_connection_with_tls_context(self, request, verify, proxies=None, cert=None):
        return self._pool

    def cert_verify(self, conn, url, verify, cert):
        """Nothing to set: the context of the call verifies. The original would load certifi."""

    def close(self):
        self._pool.close()
        super().close()


def _connection_class(call):
    class Answer(http.client.HTTPResponse):
        """Reads the header block through `_Head`, and refuses a redirect as soon as it is seen."""

        def begin(self):
            stream = self.fp
            self.fp = _Head(stream, call.host)
            try:
                super().begin()
            finally:
                self.fp = stream
            if 300 <= self.status <= 399:
                raise http_error("http_redirect", call.host)

    class Connection(HTTPSConnection):
        response_class = Answer

        def connect(self):
            self.sock = call.open()
            self.is_verified = True

    return Connection


class _Head:
    """The lines of a header block, counted and checked."""

    def __init__(self, stream, host):
        self._stream = stream
        self._host = host
        self._size = 0
        self._fields = -1  # how many there were; -1 where a status line comes next

    def readline(self, _limit=-1):
        line = self._stream.readline(MAX_HEAD_BYTES + 1)
        self._size += len(line)
        if self._size > MAX_HEAD_BYTES:
            raise http_error("http_too_large", self._host)
        if not line and not self._size:
            return line
        if not line.endswith(b"\n"):
            raise http_error("http_malformed", self._host)
        if line in (b"\r\n", b"\n"):
            self._fields = -1  # after an interim answer another one follows
            return line
        if self._fields >= MAX_HEAD_FIELDS:
            raise http_error("http_too_large", self._host)
        if self._fields >= 0:
            split_field_line(line, self._host)
        self._fields += 1
        return line

    def close(self):
        self._stream.close()


def _causes(error):
    """The error and all that led to it."""
    causes = []
    while error is not None and error not in causes:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes


def _shut_down(sock):
    # Not SSLSocket.shutdown: that one first turns the object back into a socket in clear, to which
    # the thread could then write the request.
    try:
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        pass
