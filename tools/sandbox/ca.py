"""The sandbox's own certificate authority.

Everything is kept in one folder and used again, so that a device that was given the CA once
still trusts the sandbox after a restart.
"""

import ssl
from pathlib import Path

import trustme

HOST_NAMES = ("localhost", "127.0.0.1")


class CertificateAuthority:
    """A CA and one server certificate for `HOST_NAMES`, created in `folder` or read from it.

    `ca_pem` is the path of the CA certificate: the trust anchor to give to a device.
    The private keys are readable by their owner only.
    """

    def __init__(self, folder):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.ca_pem = folder / "ca.pem"
        self._ca_key = folder / "ca-key.pem"
        self._server_pem = folder / "server.pem"
        if not (self.ca_pem.exists() and self._ca_key.exists()):
            self._create_ca()
        if not self._server_pem.exists():
            self._issue_server_certificate()

    def server_context(self):
        """A new TLS context (1.2 or later) that presents the server certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._server_pem)
        return context

    def _create_ca(self):
        ca = trustme.CA(organization_name="mfpmail sandbox")
        _write_private(self._ca_key, ca.private_key_pem.bytes())
        self.ca_pem.write_bytes(ca.cert_pem.bytes())
        # A certificate of an earlier CA would not verify any more.
        self._server_pem.unlink(missing_ok=True)

    def _issue_server_certificate(self):
        ca = trustme.CA.from_pem(self.ca_pem.read_bytes(), self._ca_key.read_bytes())
        certificate = ca.issue_cert(*HOST_NAMES, common_name=HOST_NAMES[0])
        _write_private(self._server_pem, certificate.private_key_and_cert_chain_pem.bytes())


def _write_private(path, data):
    path.touch(mode=0o600)
    path.write_bytes(data)
