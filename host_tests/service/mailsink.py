"""A mail server that takes mails of any size, slowly if wanted, and may die in their midst."""

import socket
import threading
from pathlib import Path

from sandbox.ca import CertificateAuthority

_READ_BYTES = 65536
_BUFFER_BYTES = 65536  # of a connection: little is on its way
_PAUSE_S = 0.005
_END = b"\r\n.\r\n"
_REPLIES = {b"EHLO": b"250-localhost\r\n250 AUTH XOAUTH2", b"AUTH": b"235 welcome"}


class MailSink:
    """Serves on `port` with the certificate of the sandbox, one connection after the other.

    The first `slow_bytes` of a mail are taken with pauses; after `die_after_bytes` the connection
    is closed. `received_bytes` counts those of all mails; `complete` are the paths of the mails
    that came as a whole; `ended` is set when a connection has come to its end.
    """

    def __init__(self, folder, ca_pem, slow_bytes=0, die_after_bytes=1 << 40):
        self.slow_bytes = slow_bytes
        self.die_after_bytes = die_after_bytes
        self.received_bytes = 0
        self.complete = []
        self.ended = threading.Event()
        self._folder = folder
        self._context = CertificateAuthority(Path(ca_pem).parent).server_context()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _serve(self):
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            try:
                with self._context.wrap_socket(accepted, server_side=True) as stream:
                    self._talk(stream)
            except OSError:
                pass  # the device went away
            self.ended.set()

    def _talk(self, stream):
        stream.sendall(b"220 localhost ESMTP\r\n")
        with stream.makefile("rb") as lines:
            for line in iter(lines.readline, b""):
                verb = line[:4].upper()
                if verb == b"DATA":
                    stream.sendall(b"354 go on\r\n")
                    if not self._take_mail(lines):
                        return
                stream.sendall(_REPLIES.get(verb, b"250 ok").strip() + b"\r\n")

    def _take_mail(self, lines):
        """Take a mail; return whether it is complete."""
        path = self._folder / ("mail-%d" % len(self.complete))
        with path.open("wb") as file:
            tail = b""
            while not tail.endswith(_END):
                data = lines.read1(_READ_BYTES)
                file.write(data)
                self.received_bytes += len(data)
                if not data or self.received_bytes > self.die_after_bytes:
                    return False
                if self.received_bytes < self.slow_bytes:
                    threading.Event().wait(_PAUSE_S)
                tail = (tail + data)[-len(_END) :]
        self.complete.append(path)
        return True
