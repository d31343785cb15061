"""The trust store for the real providers: a few public roots out of certifi, not all of them.

A board holds every root in RAM while it connects, and each one that is not needed is one more
authority that could be fooled. These are the roots that Microsoft and Google publish for their
sign-in and mail servers:
https://learn.microsoft.com/azure/security/fundamentals/azure-ca-details
https://pki.goog/faq/ ("which roots should I trust")
"""

import certifi

LABELS = (
    "DigiCert Global Root G2",
    "DigiCert Global Root G3",
    "Microsoft ECC Root Certificate Authority 2017",
    "Microsoft RSA Root Certificate Authority 2017",
    "GTS Root R1",
    "GTS Root R3",
    "GTS Root R4",
    "GlobalSign ECC Root CA - R4",
)
_END = "-----END CERTIFICATE-----"


def provider_roots():
    """Return the roots as PEM text. Raises SystemExit naming those that certifi lacks."""
    found = {}
    for block in certifi.contents().split(_END):
        label, _, pem = block.partition("-----BEGIN CERTIFICATE-----")
        name = label.rpartition('# Label: "')[2].partition('"')[0]
        if name in LABELS:
            found[name] = "-----BEGIN CERTIFICATE-----" + pem + _END + "\n"
    missing = [name for name in LABELS if name not in found]
    if missing:
        raise SystemExit("certifi has no %s" % ", ".join(missing))
    return "".join(found[name] for name in LABELS)
