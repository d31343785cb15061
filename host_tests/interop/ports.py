"""Free TCP ports on loopback, and whether a server listens."""

import random
import socket

# Below Linux's ephemeral range: no outgoing connection can take a port between the choice here
# and the server's own bind(). Postfix and Dovecot cannot be told to bind port 0.
_FIRST_PORT = 10240
_LAST_PORT = 32767


def pick_ports(count):
    """Return `count` different ports of 127.0.0.1 that nothing listens on."""
    ports = []
    for port in random.SystemRandom().sample(range(_FIRST_PORT, _LAST_PORT + 1), 200):
        if len(ports) < count and _is_free(port):
            ports.append(port)
    if len(ports) < count:
        raise RuntimeError("No free ports on 127.0.0.1.")
    return ports


def _is_free(port):
    with socket.socket() as probe:
        # As the servers do: connections of an earlier run in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def is_listening(address):
    """Whether something accepts at `address`: a port of 127.0.0.1, or the path of a socket."""
    by_path = not isinstance(address, int)
    with socket.socket(socket.AF_UNIX if by_path else socket.AF_INET) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(address) if by_path else ("127.0.0.1", address))
        except OSError:
            return False
    return True
