"""HTTP port for MicroPython, over micropython-lib's `requests` (the present `urequests`).

`requests` composes the request; everything it does unsafely by itself is taken out of its hands.
It imports `tls` inside the call, so a stand-in placed in `sys.modules` for the length of the call
gives it a verifying, bounded connection in place of its unverified one. It is shown a bare status
line only, never a header field, so it has no redirect to follow and no length to believe.
"""

import errno
import select
import sys
from time import ticks_add, ticks_diff, ticks_ms

import requests

from mfpmail.core.errors import HttpError
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
    split_status_line,
    split_url,
)
from mfpmail.hal.micropython.secure import (
    Handshake,
    handshake_failure,
    is_end_of_stream,
    shared_trust,
)

_CHUNK_BYTES = 512
_CONNECT_TIMEOUTS = (errno.ETIMEDOUT, errno.EINPROGRESS, errno.EAGAIN)


class Http:
    """Asks `https` URLs. `trust_anchors`: a list of DER bytes, the only issuers trusted."""

    def __init__(self, trust_anchors):
        self._trust = shared_trust(trust_anchors)

    async def post(self, url, headers, body, deadline_ms=15000):
        """`(status, headers, body)` of the answer; header names are in lower case, body is bytes.

        Any status but 3xx is an answer like every other. `body` is bytes or str. The call blocks
        the event loop until it ends, at the latest after `deadline_ms` (name resolution, which
        cannot be interrupted, comes on top). Raises `NetworkError`, `TlsError`, and `HttpError`:
        `not_https`, `http_redirect`, `http_too_large` (over 16 KB of header or 64 KB of body),
        `http_malformed`.
        """
        body = body.encode() if isinstance(body, str) else body
        return self._request("POST", url, headers, body, deadline_ms)

    async def get(self, url, headers, deadline_ms=15000):
        """The same as `post` with a GET request, which has no body."""
        return self._request("GET", url, headers, None, deadline_ms)

    def _request(self, method, url, headers, body, deadline_ms):
        host, port, target = split_url(url)
        fields = request_fields(headers, host, port, body)
        if self._trust.is_empty:
            raise tls_error("tls_untrusted", host)
        exchange = _Exchange(self._trust, host, deadline_ms)
        plain_url = "https://%s:%d%s" % (host, port, target)
        try:
            answer = _send(exchange, method, plain_url, fields, body, deadline_ms)
        except (OSError, ValueError) as error:
            raise _failure(error, exchange, host)
        except MemoryError:
            raise HttpError("http_too_large", "There is no memory for the answer of %s." % host)
        finally:
            exchange.close()
        return exchange.status, exchange.headers, answer


def _send(exchange, method, url, fields, body, deadline_ms):
    module = sys.modules.get("tls")
    sys.modules["tls"] = exchange
    try:
        response = requests.request(
            method, url, data=body, headers=fields, timeout=deadline_ms / 1000, parse_headers=False
        )
        return response.content
    finally:
        if module is None:
            del sys.modules["tls"]
        else:
            sys.modules["tls"] = module


def _failure(error, exchange, host):
    """What went wrong before there was a TLS connection, or in the middle of one."""
    if exchange.is_connected:
        return network_error("closed", host)
    number = error.errno if isinstance(error, OSError) else None
    if number in _CONNECT_TIMEOUTS:
        return network_error("timeout", host)
    # getaddrinfo reports with a text on the unix port, with a negative number elsewhere.
    if isinstance(number, int) and number > 0:
        return network_error("connect", host)
    return network_error("dns", host)


class _Exchange:
    """One request and its answer: `tls` module, context and socket in the eyes of `requests`.

    What it writes is collected and leaves in one piece, once the certificate is accepted.
    """

    PROTOCOL_TLS_CLIENT = 0
    CERT_NONE = 0

    def __init__(self, trust, host, deadline_ms):
        self.status = 0
        self.headers = {}
        self.is_connected = False
        self._trust = trust
        self._host = host
        self._deadline = ticks_add(ticks_ms(), deadline_ms)
        self._raw = None
        self._sock = None
        self._poller = select.poll()
        self._request = bytearray()
        self._reader = None

    def SSLContext(self, _protocol):  # noqa: N802 - the name that `requests` looks for
        return self

    def wrap_socket(self, sock, server_hostname):
        """Shakes hands over the connected socket; the name checked is that of the URL."""
        self.is_connected = True
        self._raw = sock
        sock.setblocking(False)
        handshake = Handshake(self._trust, sock, self._host)
        self._sock = handshake.sock
        self._poller.register(self._sock, select.POLLIN)
        while not handshake.step():
            self._wait(select.POLLIN)
        first = b"" if handshake.first is None else bytes([handshake.first])
        self._reader = _AnswerReader(self._read_some, self._host, first)
        return self

    def write(self, data):
        self._request.extend(data.encode() if isinstance(data, str) else data)

    def readline(self):
        """A status line at first, then the end of the header block."""
        if self.status:
            return b"\r\n"
        self._flush()
        self.status, self.headers = self._reader.read_head()
        if 300 <= self.status <= 399:
            raise http_error("http_redirect", self._host)
        return b"HTTP/1.0 %d\r\n" % self.status

    def read(self, _size=-1):
        """The whole body."""
        return self._reader.read_body(body_framing(self.status, self.headers, self._host))

    def close(self):
        for sock in (self._sock, self._raw):
            if sock is not None:
                sock.close()

    def _flush(self):
        data = memoryview(self._request)
        while data:
            try:
                count = self._sock.write(data)
            except (OSError, ValueError) as error:
                raise handshake_failure(error, self._host)
            if count is None:
                self._wait(select.POLLOUT)
            else:
                data = data[count:]

    def _read_some(self, buf):
        """Bytes read into `buf`; 0 at the end of the stream."""
        while True:
            try:
                count = self._sock.readinto(buf)
            except OSError as error:
                if is_end_of_stream(error):
                    return 0
                raise network_error("closed", self._host)
            if ticks_diff(self._deadline, ticks_ms()) <= 0:
                raise network_error("timeout", self._host)
            if count is not None:
                return count
            self._wait(select.POLLIN)

    def _wait(self, event):
        left_ms = ticks_diff(self._deadline, ticks_ms())
        self._poller.modify(self._sock, event)
        if left_ms <= 0 or not self._poller.poll(left_ms):
            raise network_error("timeout", self._host)


class _AnswerReader:
    """Reads an HTTP/1.x answer within fixed bounds (RFC 9112).

    `read_some(buf)` returns the count of bytes read, 0 at the end; `pending`: bytes read before.
    """

    def __init__(self, read_some, host, pending=b""):
        self._read_some = read_some
        self._host = host
        self._pending = pending
        self._head_left = MAX_HEAD_BYTES
        self._chunk = bytearray(_CHUNK_BYTES)

    def read_head(self):
        """`(status, headers)` of the first answer that is final (not 1xx)."""
        if not self._pending and not self._fill():
            raise network_error("closed", self._host)
        status = 0
        while not 200 <= status <= 599:
            status = split_status_line(self._line(), self._host)
            headers = self._fields()
            if status < 100 or status > 599 or status == 101:
                raise http_error("http_malformed", self._host)
        return status, headers

    def read_body(self, framing):
        """The body as bytes; `framing` as `body_framing` says it."""
        if framing == CHUNKED:
            return self._chunked_body()
        limit = MAX_BODY_BYTES + 1 if framing == UNTIL_CLOSE else framing
        parts = []
        size = self._take(parts, limit)
        if framing not in (UNTIL_CLOSE, size):
            raise http_error("http_malformed", self._host)
        if size > MAX_BODY_BYTES:
            raise http_error("http_too_large", self._host)
        return b"".join(parts)

    def _chunked_body(self):
        parts = []
        total = 0
        size = self._chunk_size()
        while size:
            total += size
            if total > MAX_BODY_BYTES:
                raise http_error("http_too_large", self._host)
            self._head_left = MAX_HEAD_BYTES
            if self._take(parts, size) != size or self._line() != b"\r\n":
                raise http_error("http_malformed", self._host)
            size = self._chunk_size()
        self._fields()
        return b"".join(parts)

    def _chunk_size(self):
        digits = self._line().split(b";")[0].strip()
        if not digits or len(digits) > 8:
            raise http_error("http_malformed", self._host)
        for digit in digits:
            if digit not in b"0123456789abcdefABCDEF":
                raise http_error("http_malformed", self._host)
        return int(digits, 16)

    def _fields(self):
        headers = {}
        count = 0
        line = self._line()
        while line not in (b"\r\n", b"\n"):
            count += 1
            if count > MAX_HEAD_FIELDS:
                raise http_error("http_too_large", self._host)
            name, value = split_field_line(line, self._host)
            add_field(headers, name, value)
            line = self._line()
        return headers

    def _line(self):
        end = self._pending.find(b"\n")
        while end < 0:
            if len(self._pending) > self._head_left:
                raise http_error("http_too_large", self._host)
            if not self._fill():
                raise http_error("http_malformed", self._host)
            end = self._pending.find(b"\n")
        line = self._pending[: end + 1]
        self._pending = self._pending[end + 1 :]
        self._head_left -= len(line)
        if self._head_left < 0:
            raise http_error("http_too_large", self._host)
        return line

    def _take(self, parts, size):
        """Adds the next `size` bytes to `parts`; the count, smaller only at the end."""
        left = size
        while left and (self._pending or self._fill()):
            part = self._pending[:left]
            self._pending = self._pending[len(part) :]
            parts.append(part)  # small parts: a growing buffer would need room for two of itself
            left -= len(part)
        return size - left

    def _fill(self):
        count = self._read_some(self._chunk)
        self._pending += self._chunk[:count]
        return count
