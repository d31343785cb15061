"""TLS on MicroPython: one verifying context, the handshake, and the meaning of its errors.

`tls` is used, never `ssl`: `ssl.SSLContext` switches verification off.
"""

import errno
import hashlib

import tls

from mfpmail.core.errors import NetworkError, TlsError
from mfpmail.hal.failures import network_error, tls_error

# Errors of Mbed TLS, which arrive as the number of an OSError (its include/mbedtls/ssl.h).
_CONN_EOF = -0x7280
_CA_CHAIN_REQUIRED = -0x7680
_X509_FIRST, _X509_LAST = -0x3000, -0x2080  # the block of its x509.h

# What Mbed TLS says about a refused certificate. The first that fits is shown: dates and names
# of a certificate mean nothing while its issuer is unknown.
_REFUSALS = (
    ("not correctly signed", "tls_untrusted"),
    ("does not match", "tls_wrong_host"),
    ("starts in the future", "tls_not_yet_valid"),
    ("has expired", "tls_expired"),
)


class Trust:
    """A verifying TLS context over exactly the given trust anchors (a list of DER bytes).

    Without anchors every `wrap` fails with `TlsError` `tls_untrusted`. Raises the same error when
    an anchor is not a certificate.
    """

    def __init__(self, trust_anchors):
        self.context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        self.context.verify_callback = self._on_certificate
        self.is_empty = not trust_anchors
        self.certificate_seen = False
        if self.context.verify_mode != tls.CERT_REQUIRED:
            raise TlsError("tls_untrusted", "This firmware does not verify certificates.")
        for anchor in trust_anchors:
            try:
                self.context.load_verify_locations(anchor)
            except ValueError:
                raise TlsError("tls_untrusted", "A trust anchor is not a certificate.")

    def _on_certificate(self, _der, _depth):
        self.certificate_seen = True
        return 0  # 0 leaves Mbed TLS's own judgement as it is


_last_digest = None
_last_trust = None


def shared_trust(trust_anchors):
    """The `Trust` over these anchors; adapters given the same ones share it.

    Parsed anchors cost memory outside the Python heap, so a board should hold them once. Only a
    digest of them is kept, so that the caller can let go of the list.
    """
    global _last_digest, _last_trust
    digest = hashlib.sha256()
    for anchor in trust_anchors:
        digest.update(anchor)
    digest = digest.digest()
    if digest != _last_digest:
        _last_trust = Trust(trust_anchors)
        _last_digest = digest
    return _last_trust


class Handshake:
    """One TLS handshake over a connected non-blocking socket, a step at a time.

    Call `step()` whenever the socket is ready, until it is true: then the peer's certificate has
    been accepted for `host`. `first` is a byte the peer already sent, or None. What remains of the
    handshake is done by Mbed TLS inside the next read or write, before any byte of ours leaves.

    MicroPython has no call that only shakes hands. Reading one byte drives the handshake, and a
    refused certificate ends that very read with an error: a read that showed us a certificate and
    brought no error has accepted it.
    """

    def __init__(self, trust, sock, host):
        if trust.is_empty:
            raise tls_error("tls_untrusted", host)
        self._trust = trust
        self._host = host
        self._byte = bytearray(1)
        self.first = None
        try:
            self.sock = trust.context.wrap_socket(
                sock, server_hostname=host, do_handshake_on_connect=False
            )
        except (OSError, ValueError) as error:
            raise handshake_failure(error, host)

    def step(self):
        """True once the certificate is accepted. Raises `TlsError` or `NetworkError`."""
        self._trust.certificate_seen = False
        try:
            count = self.sock.readinto(self._byte)
        except (OSError, ValueError) as error:
            raise handshake_failure(error, self._host)
        if count == 0:
            raise network_error("closed", self._host)
        if count:
            self.first = self._byte[0]
        return bool(count) or self._trust.certificate_seen


def handshake_failure(error, host):
    """The `TlsError` or `NetworkError` for an error of the handshake."""
    if isinstance(error, ValueError):
        return tls_error(_refusal(str(error)), host)
    number = error.errno
    if number == errno.ENOMEM:
        return NetworkError("connect", "There is not enough memory for TLS with %s." % host)
    if number == _CA_CHAIN_REQUIRED or _X509_FIRST < number <= _X509_LAST:
        return tls_error("tls_untrusted", host)
    if number == _CONN_EOF or number > -256:
        return network_error("closed", host)
    return tls_error("tls_handshake", host)


def is_end_of_stream(error):
    """True when the peer closed the TCP connection without saying so in TLS first."""
    return error.errno == _CONN_EOF


def _refusal(text):
    for words, code in _REFUSALS:
        if words in text:
            return code
    return "tls_untrusted"
