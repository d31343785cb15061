"""Writes as many bytes as a mail has to a bare TLS socket, under either interpreter.

raw.py WORK.json - prints one line of JSON with the milliseconds to the server's confirmation.
"""

import json
import socket
import sys
import time

IS_MICROPYTHON = sys.implementation.name == "micropython"


def connect(work):
    """Return a blocking, verified TLS connection."""
    address = socket.getaddrinfo("127.0.0.1", work["port"], 0, socket.SOCK_STREAM)[0][-1]
    sock = socket.socket()
    sock.connect(address)
    sock.setsockopt(6, 1, 1)  # TCP_NODELAY
    if IS_MICROPYTHON:
        import tls

        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        with open(work["trust"], "rb") as file:
            context.load_verify_locations(file.read())
    else:
        import ssl

        context = ssl.create_default_context(cafile=work["ca_pem"])
    return context.wrap_socket(sock, server_hostname="localhost")


def pour(sock, total_bytes, block_bytes):
    """Write that many bytes, and the end of a mail; wait for the reply."""
    write = sock.write if IS_MICROPYTHON else sock.sendall
    block = b"QUJD" * (block_bytes // 4)
    for _ in range(total_bytes // len(block)):
        write(block)
    write(b"\r\n.\r\n")
    reply = sock.read(4) if IS_MICROPYTHON else sock.recv(4)
    if reply[:3] != b"250":
        raise OSError("no confirmation")


def main():
    with open(sys.argv[1]) as file:
        work = json.load(file)
    now = time.ticks_us if IS_MICROPYTHON else (lambda: time.perf_counter_ns() // 1000)
    sock = connect(work)
    started = now()
    pour(sock, work["total_bytes"], work["block_bytes"])
    print(json.dumps({"ms": (now() - started) / 1000}))


main()
