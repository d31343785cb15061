"""APOP (RFC 1939 section 7): proves a password without showing it."""

import binascii
import hashlib


def timestamp_of(greeting):
    """Return the timestamp of a greeting, `<...@...>`, or "" when it has none."""
    start = greeting.find("<")
    end = greeting.find(">", start + 1)
    stamp = greeting[start : end + 1] if 0 <= start < end else ""
    # "?" may stand for a foreign character, and then the digest would be wrong.
    proper = "@" in stamp and " " not in stamp and "?" not in stamp and "<" not in stamp[1:]
    return stamp if proper else ""


def digest_of(timestamp, password):
    """Return the digest, in hexadecimal."""
    digest = hashlib.md5((timestamp + password).encode())  # noqa: S324 - RFC 1939 wants this one
    return binascii.hexlify(digest.digest()).decode()
