"""The way from this computer to the board: what it serves on port 80, on all its addresses, is
served on a port of loopback."""

import os
import socket
import sys


class _Socket:
    """The module `socket`, but for one thing."""

    def __getattr__(self, name):
        return getattr(socket, name)

    def getaddrinfo(self, host, port, *others):
        if host == "0.0.0.0":
            host, port = "127.0.0.1", int(os.getenv("MFPMAIL_HTTP_PORT"))
        return socket.getaddrinfo(host, port, *others)


sys.modules["socket"] = _Socket()
