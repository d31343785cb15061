"""Listening sockets on loopback whose ports stay the same over restarts if they are free."""

import json
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
BACKLOG = 128


def open_listeners(names, path=None):
    """A listening socket for each name, on the ports remembered in the file `path` if possible."""
    path = Path(path) if path else None
    remembered = json.loads(path.read_text()) if path and path.exists() else {}
    listeners = {}
    # Remembered ports first, lest a new one takes the number of another.
    for name in sorted(names, key=lambda name: name not in remembered):
        listeners[name] = _listen(remembered.get(name, 0))
    if path:
        ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
        path.write_text(json.dumps(ports))
    return listeners


def _listen(port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        if not port:
            raise
        return _listen(0)
    return listener
