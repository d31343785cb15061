"""A POP3 server with mails of given sizes: never the slow side of a measurement.

Started as `maildrop.py SERVER_PEM SIZE...`; prints one line of JSON with its `port` and, for each
mail, its `sizes` on the wire and the `digests` of the files in it (SHA-256). It takes every sign-in
inside TLS, and ends with standard input.
"""

import base64
import hashlib
import json
import os
import socket
import ssl
import sys
import threading

_HEAD = b"""From: Scanner <scanner@bench.test>
To: alice@sandbox.test
Subject: Scan
Date: Tue, 24 Nov 2026 10:00:00 +0000
Message-ID: <0123456789abcdef@bench.test>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_0123456789abcdef"

--=_0123456789abcdef
Content-Type: application/pdf; name="scan.pdf"
Content-Disposition: attachment; filename="scan.pdf"
Content-Transfer-Encoding: base64

""".replace(b"\n", b"\r\n")
_TAIL = b"--=_0123456789abcdef--\r\n"
# A thousand lines of base64, of every byte value.
_BLOCK = (b"%PDF-1.4\n" + bytes(range(256)) * 223)[:57000]
_LINES = base64.encodebytes(_BLOCK).replace(b"\n", b"\r\n")


class Mail:
    """A mail of about `size_bytes`, at least one block."""

    def __init__(self, size_bytes):
        self._blocks = max(size_bytes // len(_LINES), 1)
        self.size_bytes = len(_HEAD) + self._blocks * len(_LINES) + len(_TAIL)

    def digest(self):
        """Return the digest of its file."""
        found = hashlib.sha256()
        for _ in range(self._blocks):
            found.update(_BLOCK)
        return found.hexdigest()

    def send(self, sock):
        """Send it as RETR does; no line of it begins with a dot."""
        sock.sendall(b"+OK\r\n" + _HEAD)
        for _ in range(self._blocks):
            sock.sendall(_LINES)
        sock.sendall(_TAIL + b".\r\n")


def answer(words, mails):
    """Return the answer to a command that is no RETR."""
    verb = words[0].upper()
    if verb == b"CAPA":
        return b"+OK\r\nUSER\r\nUIDL\r\nSASL PLAIN\r\n.\r\n"
    if verb == b"AUTH":
        return b"+ \r\n"
    if verb == b"UIDL":
        lines = [b"%d mail-%d\r\n" % (n + 1, n) for n in range(len(mails))]
        return b"+OK\r\n" + b"".join(lines) + b".\r\n"
    if verb == b"LIST":
        return b"+OK %s %d\r\n" % (words[1], mails[int(words[1]) - 1].size_bytes)
    return b"+OK\r\n"  # USER, PASS, the response to AUTH, DELE, QUIT


def serve(sock, context, mails):
    """Serve one connection to its end."""
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock = context.wrap_socket(sock, server_side=True)
        sock.sendall(b"+OK ready\r\n")
        lines = sock.makefile("rb")
        for line in lines:
            words = line.split() or [b""]
            if words[0].upper() == b"RETR":
                mails[int(words[1]) - 1].send(sock)
                continue
            sock.sendall(answer(words, mails))
            if words[0].upper() == b"QUIT":
                return
    except OSError:
        pass  # the client is gone
    finally:
        sock.close()


def listen(context, mails):
    """Accept connections for ever in a thread; return the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=16)

    def accept():
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=serve, args=(sock, context, mails), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def main():
    """Serve until standard input ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # What MicroPython speaks, for both: the rival must not win or lose by another TLS.
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(sys.argv[1])
    mails = [Mail(int(size)) for size in sys.argv[2:]]
    found = {"port": listen(context, mails)}
    found["sizes"] = [mail.size_bytes for mail in mails]
    found["digests"] = [mail.digest() for mail in mails]
    print(json.dumps(found), flush=True)
    sys.stdin.read()
    os._exit(0)  # threads in the midst of a mail do not matter


if __name__ == "__main__":
    main()
