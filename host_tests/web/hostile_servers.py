"""Servers that a device must refuse, with certificates of the sandbox's CA and of others."""

import datetime
import ssl
from pathlib import Path

import trustme
from hal.server import Server

from device import free_port

_NOW = datetime.datetime.now(datetime.timezone.utc)
_DAY = datetime.timedelta(days=1)
GREETINGS = {"smtp": b"220 mail.example ESMTP\r\n", "ifax": b"+OK ready\r\n"}
OFFERS = {
    "smtp": {b"EHLO": b"250-mail.example\r\n250 SIZE 1000\r\n", b"QUIT": b"221 bye\r\n"},
    "ifax": {b"CAPA": b"+OK\r\nUIDL\r\nSASL XOAUTH2\r\n.\r\n", b"QUIT": b"+OK\r\n"},
}
UPGRADES = {
    "smtp": {
        b"EHLO": b"250-mail.example\r\n250 STARTTLS\r\n",
        b"STARTTLS": b"220 go\r\n",
    },
    "ifax": {b"CAPA": b"+OK\r\nSTLS\r\n.\r\n", b"STLS": b"+OK go\r\n"},
}


class Certificates:
    """TLS contexts for servers that call themselves localhost; `endpoints` are the sandbox's."""

    def __init__(self, endpoints):
        ca_pem = Path(endpoints["ca_pem"])
        key_pem = ca_pem.with_name("ca-key.pem")
        trusted = trustme.CA.from_pem(ca_pem.read_bytes(), key_pem.read_bytes())
        expired = {"not_before": _NOW - 9 * _DAY, "not_after": _NOW - _DAY}
        self.contexts = {
            "good": _context(trusted.issue_cert("localhost")),
            "tls_untrusted": _context(trustme.CA().issue_cert("localhost")),
            "tls_wrong_host": _context(trusted.issue_cert("other.example")),
            "tls_expired": _context(trusted.issue_cert("localhost", **expired)),
        }

    def http(self, answer):
        """Return a provider that gives this answer (bytes) to everything."""

        def handler(connection):
            connection.receive_request()
            connection.send(answer)

        return Server(handler, self.contexts["good"])

    def refused(self, kind):
        """Return a server with a bad certificate that takes whatever it is sent."""
        return Server(lambda connection: connection.receive_to_end(), self.contexts[kind])

    def upgrade(self, name, kind):
        """Return a mail server for a setting whose certificate is bad, as STARTTLS shows."""

        def handler(connection):
            connection.send(GREETINGS[name])
            command = list(UPGRADES[name])[-1]
            _converse(connection, UPGRADES[name], command)
            connection.start_tls(self.contexts[kind])
            connection.receive_to_end()

        return Server(handler)


def _context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    certificate.configure_cert(context)
    return context


def _converse(connection, replies, last=None):
    """Reply to each line by its first word until `last` has come or the client is gone."""
    while True:
        line = connection.receive_until(b"\n")
        word = line.split()[0].upper() if line.strip() else b""
        if not line:
            return
        connection.send(replies.get(word, b"500 no\r\n"))
        if word == last:
            return


def in_clear(name):
    """Return a mail server for a setting that knows nothing of TLS."""

    def handler(connection):
        connection.send(GREETINGS[name])
        _converse(connection, OFFERS[name])

    return Server(handler)


def web_page():
    """Return a web server that knows nothing of TLS."""

    def handler(connection):
        connection.receive(1)
        connection.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        connection.receive_to_end()

    return Server(handler)


def http_answer(status, body=b"", *fields):
    """Return the bytes of an HTTP answer."""
    lines = ["HTTP/1.1 %s" % status, *fields, "Content-Length: %d" % len(body)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class NoServer:
    """A port on which nobody listens, with what a Server has."""

    def __init__(self):
        self.port = free_port()
        self.connections = []

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        pass


def sent_to(server):
    """Return everything that a server was sent, as it came and as it could be read."""
    return [bytes(c.raw) + bytes(c.clear) for c in server.connections]
