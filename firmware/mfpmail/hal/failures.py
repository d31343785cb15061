"""The wording of network and TLS errors, the same on every machine.

The adapters translate their machine's own errors into the ones made here.
"""

from mfpmail.core.errors import NetworkError, TlsError

_NETWORK_MESSAGES = {
    "dns": "The name %s could not be resolved.",
    "connect": "No connection to %s could be made.",
    "timeout": "%s did not answer in time.",
    "closed": "%s closed the connection.",
}

_TLS_MESSAGES = {
    "tls_untrusted": "The certificate of %s was not issued by an authority this device trusts.",
    "tls_expired": "The certificate of %s has expired.",
    "tls_not_yet_valid": "The certificate of %s is not valid yet; check the clock of this device.",
    "tls_wrong_host": "The certificate that %s presented was issued for another host name.",
    "tls_handshake": "%s does not speak TLS on this port, or no TLS version this device knows.",
    "tls_injection": "%s sent data in clear where the TLS handshake must begin.",
}


def network_error(code, host):
    """A `NetworkError` with the usual sentence; `code` is `dns`, `connect`, `timeout`, `closed`."""
    return NetworkError(code, _NETWORK_MESSAGES[code] % host)


def tls_error(code, host):
    """A `TlsError` with the usual sentence; `code` is a key of `_TLS_MESSAGES`."""
    return TlsError(code, _TLS_MESSAGES[code] % host)
