"""The trust store for the real providers: a few public roots out of certifi, not all of them.

A board holds every root in RAM while it connects, and each one that is not needed is one more
authority that could be fooled. These are the roots that Microsoft and Google publish for their
sign-in and mail servers:
https://learn.microsoft.com/azure/security/fundamentals/azure-ca-details
https://pki.goog/faq/ ("which roots should I trust")
"""

import datetime
import ssl

import certifi

PROVIDERS = {
    "Microsoft 365, Outlook.com": (
        "DigiCert Global Root G2",
        "DigiCert Global Root G3",
        "Microsoft ECC Root Certificate Authority 2017",
        "Microsoft RSA Root Certificate Authority 2017",
    ),
    "Google": (
        "GTS Root R1",
        "GTS Root R3",
        "GTS Root R4",
        "GlobalSign ECC Root CA - R4",
    ),
}
LABELS = tuple(label for labels in PROVIDERS.values() for label in labels)
WARNING_DAYS = 2 * 365  # a device stays in its place for years
_END = "-----END CERTIFICATE-----"


def provider_roots():
    """Return the roots as PEM text. Raises SystemExit naming those that certifi lacks."""
    return "".join(_blocks_by_label().values())


def root_files():
    """Return the roots as `{path on the flash: DER bytes}`. Raises SystemExit as above."""
    return {
        "trust/%s.der" % "-".join(label.lower().replace("- ", "").split()): (
            ssl.PEM_cert_to_DER_cert(block)
        )
        for label, block in _blocks_by_label().items()
    }


def expiry(der):
    """Return the time (datetime, UTC) until which a certificate is valid."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=der)
    (certificate,) = context.get_ca_certs()
    seconds = ssl.cert_time_to_seconds(certificate["notAfter"])
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def expiry_report(files, now):
    """Return a line for each root of `root_files()`; those that end soon say so."""
    lines = []
    for path, der in sorted(files.items(), key=lambda item: (expiry(item[1]), item[0])):
        days = (expiry(der) - now).days
        note = "" if days > WARNING_DAYS else "  ENDS IN %d DAYS" % days
        if days < 0:
            note = "  HAS EXPIRED: update certifi"
        line = "  %s  %5d bytes  %s%s"
        lines.append(line % (expiry(der).date().isoformat(), len(der), path, note))
    return lines


def _blocks_by_label():
    found = {}
    for block in certifi.contents().split(_END):
        label, _, pem = block.partition("-----BEGIN CERTIFICATE-----")
        name = label.rpartition('# Label: "')[2].partition('"')[0]
        if name in LABELS:
            found[name] = "-----BEGIN CERTIFICATE-----" + pem + _END + "\n"
    missing = [name for name in LABELS if name not in found]
    if missing:
        raise SystemExit("certifi has no %s" % ", ".join(missing))
    return {name: found[name] for name in LABELS}
