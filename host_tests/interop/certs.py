"""The rig's own certificate authority and the certificate that all its servers show."""

from pathlib import Path

import trustme


class Certificates:
    """PEM files in `directory`: `ca_pem`, the trust anchor for clients, and `server_pem` with the
    key and then the certificate for localhost, the order that Postfix wants."""

    def __init__(self, directory):
        self.ca_pem = Path(directory) / "ca.pem"
        self.server_pem = Path(directory) / "server.pem"
        authority = trustme.CA(organization_name="mfpmail interop")
        issued = authority.issue_cert("localhost", "127.0.0.1")
        self.ca_pem.write_bytes(authority.cert_pem.bytes())
        self.server_pem.touch(mode=0o600)
        self.server_pem.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
