"""A mail server that only swallows: never the slow side of a measurement.

Started as `sink.py SERVER_PEM`; prints one line of JSON with its ports: `tls`, `starttls` and
`raw`, where TLS begins at once and everything is the body of a mail. It offers what Postfix
offers, takes every sign-in and every mail, and ends with standard input.
"""

import json
import os
import socket
import ssl
import sys
import threading

_READ_BYTES = 1 << 18
_END = b"\r\n.\r\n"
_OFFER = (
    b"250-sink\r\n250-PIPELINING\r\n250-SIZE 1000000000\r\n250-ENHANCEDSTATUSCODES\r\n"
    b"250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n"
)
_OFFER_TLS = _OFFER + b"250 AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER\r\n"
_OFFER_CLEAR = _OFFER + b"250 STARTTLS\r\n"


class Dialogue:
    """One connection."""

    def __init__(self, sock, context):
        self._sock = sock
        self._context = context
        self._is_tls = isinstance(sock, ssl.SSLSocket)
        self._buffer = bytearray(_READ_BYTES)
        self._pending = b""

    def run(self):
        """Answer until the client goes."""
        self._sock.sendall(b"220 sink ESMTP\r\n")
        while True:
            line = self._line()
            verb = line[:4].upper()
            if not line:
                return
            if verb == b"QUIT":
                self._sock.sendall(b"221 2.0.0 bye\r\n")
                return
            self._answer(verb, line)

    def swallow(self):
        """Take one mail and confirm it."""
        self._body()
        self._sock.sendall(b"250 2.0.0 taken\r\n")

    def _answer(self, verb, line):
        reply = b"250 2.0.0 ok\r\n"
        if verb == b"EHLO":
            reply = _OFFER_TLS if self._is_tls else _OFFER_CLEAR
        elif verb == b"AUTH":
            reply = self._sign_in(line)
        elif verb == b"STAR":
            self._start_tls()
            return
        elif verb == b"DATA":
            self._sock.sendall(b"354 go on\r\n")
            self._body()
        elif verb == b"BDAT":
            self._skip(int(line.split()[1]))
        self._sock.sendall(reply)

    def _sign_in(self, line):
        if len(line.split()) == 2:  # no initial response
            self._sock.sendall(b"334 \r\n")
            self._line()
        return b"235 2.7.0 welcome\r\n"

    def _start_tls(self):
        self._sock.sendall(b"220 2.0.0 ready\r\n")
        self._sock = self._context.wrap_socket(self._sock, server_side=True)
        self._is_tls = True

    def _line(self):
        while b"\n" not in self._pending:
            data = self._sock.recv(_READ_BYTES)
            if not data:
                return b""
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _body(self):
        tail = b"\r\n" + self._pending
        at = tail.find(_END)
        while at < 0:
            tail = tail[-4:]
            count = self._sock.recv_into(self._buffer)
            if not count:
                raise ConnectionError
            tail += self._buffer[max(0, count - 4096) : count]  # nothing comes after the end
            at = tail.find(_END)
        self._pending = tail[at + len(_END) :]

    def _skip(self, count):
        while len(self._pending) < count:
            data = self._sock.recv(_READ_BYTES)
            if not data:
                raise ConnectionError
            self._pending += data
        self._pending = self._pending[count:]


def serve(sock, context, tls, raw):
    """Serve one connection to its end."""
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            sock = context.wrap_socket(sock, server_side=True)
        dialogue = Dialogue(sock, context)
        if raw:
            dialogue.swallow()
        else:
            dialogue.run()
    except OSError:
        pass  # the client is gone
    finally:
        sock.close()


def listen(context, tls, raw=False):
    """Accept connections for ever in a thread; return the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=16)

    def accept():
        while True:
            sock, _ = listener.accept()
            arguments = (sock, context, tls, raw)
            threading.Thread(target=serve, args=arguments, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def main():
    """Serve until standard input ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # What MicroPython speaks, for all: the rivals must not win or lose by another TLS.
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(sys.argv[1])
    ports = {
        "tls": listen(context, True),
        "starttls": listen(context, False),
        "raw": listen(context, True, raw=True),
    }
    print(json.dumps(ports), flush=True)
    sys.stdin.read()
    os._exit(0)  # threads in the midst of a mail do not matter


if __name__ == "__main__":
    main()
