"""A server on loopback that does what a test tells it and records everything it is sent."""

import socket
import ssl
import threading

_TIMEOUT_S = 5
_RECORD_HEAD_BYTES = 5
_APPLICATION_DATA = 23


class Connection:
    """One client. `raw`: all bytes as they came; `clear`: those that could be read."""

    def __init__(self, sock):
        self._sock = sock
        self._tls = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.raw = bytearray()
        self.clear = bytearray()
        self.has_ended = threading.Event()

    def start_tls(self, context):
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._pump(self._tls.do_handshake)

    def receive(self, size=65536):
        """At most `size` bytes; b"" when the client has closed."""
        data = self._receive_tls(size) if self._tls else self._receive_raw(size)
        self.clear += data
        return data

    def receive_until(self, mark):
        """Everything up to and including `mark`, or what came before the end."""
        data = b""
        while not data.endswith(mark):
            part = self.receive(1)
            if not part:
                break
            data += part
        return data

    def receive_request(self):
        """The head and body of one HTTP request."""
        head = self.receive_until(b"\r\n\r\n")
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                left = int(line.split(b":")[1])
                while left:
                    left -= len(self.receive(left))
        return head

    def send(self, data):
        if self._tls:
            self._tls.write(data)
            self._flush()
        else:
            self._sock.sendall(data)

    def receive_to_end(self):
        while self.receive():
            pass

    def drain(self):
        """Reads until the client closes, so that all it sent is recorded."""
        try:
            while self._receive_raw(65536):
                pass
        except TimeoutError:
            pass

    def application_data_bytes(self):
        """How many bytes of TLS application data records the client sent."""
        total, offset = 0, 0
        while offset + _RECORD_HEAD_BYTES <= len(self.raw):
            size = int.from_bytes(self.raw[offset + 3 : offset + 5], "big")
            if self.raw[offset] == _APPLICATION_DATA:
                total += size
            offset += _RECORD_HEAD_BYTES + size
        return total

    def _receive_raw(self, size):
        try:
            data = self._sock.recv(size)
        except ConnectionError:
            data = b""
        if not data:
            self.has_ended.set()
        self.raw += data
        return data

    def _receive_tls(self, size):
        try:
            return self._pump(lambda: self._tls.read(size))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            while self._receive_raw(size):
                pass
            return b""

    def _pump(self, operation):
        while True:
            try:
                result = operation()
                self._flush()
                return result
            except ssl.SSLWantReadError:
                self._flush()
                data = self._receive_raw(65536)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            except ssl.SSLError:
                self._flush()
                raise

    def _flush(self):
        data = self._outgoing.read()
        if data:
            self._sock.sendall(data)


class Server:
    """Accepts connections and gives each to `handler(connection)` in a thread.

    With `context` every connection begins with a TLS handshake. Errors of the client's making
    end the connection silently; what was received before stays in `connections`. `released` is
    set when the test is over: a handler that keeps its client waiting waits for that. At the end
    every client must have closed its side.
    """

    def __init__(self, handler, context=None):
        self._handler = handler
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = []
        self.port = self._listener.getsockname()[1]
        self.connections = []
        self.released = threading.Event()

    def __enter__(self):
        self._start(self._accept)
        return self

    def __exit__(self, *_error):
        self.released.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(_TIMEOUT_S)
            assert not thread.is_alive()
        assert all(connection.has_ended.is_set() for connection in self.connections)

    def _start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(_TIMEOUT_S)
            connection = Connection(sock)
            self.connections.append(connection)
            self._start(self._serve, connection, sock)

    def _serve(self, connection, sock):
        with sock:
            try:
                if self._context:
                    connection.start_tls(self._context)
                self._handler(connection)
                sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # the client refused or left
            connection.drain()
