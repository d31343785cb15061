"""TLS on CPython: one verifying context, and the meaning of its errors."""

import ssl

from mfpmail.core.errors import TlsError
from mfpmail.hal.failures import network_error, tls_error

# X509_V_ERR_… of OpenSSL (its x509_vfy.h); every other number is an untrusted issuer.
_REFUSALS = {
    9: "tls_not_yet_valid",
    10: "tls_expired",
    62: "tls_wrong_host",
    64: "tls_wrong_host",
}


def verifying_context(trust_anchors):
    """A client context that trusts exactly the given anchors (a list of DER bytes), or None.

    None when the list is empty: then nothing may be connected to. Neither the system's trust
    store nor the environment is consulted. TLS 1.2 at least. Raises `TlsError` `tls_untrusted`
    when an anchor is not a certificate.
    """
    if not trust_anchors:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # an anchor need not be self-signed
    for anchor in trust_anchors:
        try:
            context.load_verify_locations(cadata=bytes(anchor))
        except (ssl.SSLError, ValueError):
            raise TlsError("tls_untrusted", "A trust anchor is not a certificate.")
    return context


def handshake_failure(error, host):
    """The `TlsError` or `NetworkError` for an error of the handshake."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return tls_error(_REFUSALS.get(error.verify_code, "tls_untrusted"), host)
    if isinstance(error, TimeoutError):
        return network_error("timeout", host)
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return network_error("closed", host)
    if isinstance(error, (ssl.SSLError, ValueError)):
        return tls_error("tls_handshake", host)
    return network_error("closed", host)
