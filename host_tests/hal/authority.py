"""Certificates for the tests: one authority, and every kind of certificate a device must refuse."""

import datetime
import ipaddress
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "localhost"
_DAY = datetime.timedelta(days=1)


class Authority:
    """An issuer with its own key; `anchor` is its certificate as DER bytes."""

    def __init__(self, name):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        builder = _builder(self._name, self._name, self._key, -1, 30)
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
        self._certificate = builder.sign(self._key, hashes.SHA256())
        self.anchor = self._certificate.public_bytes(serialization.Encoding.DER)

    def issue(self, host=HOST, from_day=-1, to_day=30):
        """`(certificate, key)` for `host`, valid between two days counted from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(host), self._name, key, from_day, to_day)
        return _with_host(builder, host).sign(self._key, hashes.SHA256()), key


def self_signed(host=HOST):
    """`(certificate, key)` that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _with_host(_builder(_name(host), _name(host), key, -1, 30), host)
    return builder.sign(key, hashes.SHA256()), key


def server_context(folder, certificate_and_key, minimum=ssl.TLSVersion.TLSv1_2):
    """A TLS context for a server; the files it needs are written to `folder`."""
    certificate, key = certificate_and_key
    path = folder / ("%x.pem" % certificate.serial_number)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = minimum
    context.load_cert_chain(path)
    return context


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject, issuer, key, from_day, to_day):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + from_day * _DAY)
        .not_valid_after(now + to_day * _DAY)
    )


def _with_host(builder, host):
    names = [x509.DNSName(host)]
    if host == HOST:
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    return builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
