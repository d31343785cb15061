"""The administrator's password: PBKDF2-HMAC-SHA256 (RFC 8018 section 5.2) in plain Python.

MicroPython has neither `hmac` nor `pbkdf2_hmac`. The cost is stored beside the hash, so that it
can be raised later without locking anybody out.
"""

import binascii
import hashlib

from mfpmail.core.compare import same

ITERATIONS = 1000  # estimated at about a second on an ESP32; stored beside the hash
SALT_BYTES = 16
_BLOCK_BYTES = 64


def _hmac_keys(key):
    if len(key) > _BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    key = key + bytes(_BLOCK_BYTES - len(key))
    return bytes(b ^ 0x36 for b in key), bytes(b ^ 0x5C for b in key)


def derive(password, salt, iterations):
    """Return 32 bytes: the first block of PBKDF2 over `password` (str) and `salt` (bytes)."""
    inner, outer = _hmac_keys(password.encode())
    sha256 = hashlib.sha256
    block = sha256(outer + sha256(inner + salt + b"\0\0\0\1").digest()).digest()
    total = int.from_bytes(block, "big")
    for _ in range(iterations - 1):
        block = sha256(outer + sha256(inner + block).digest()).digest()
        total ^= int.from_bytes(block, "big")
    return total.to_bytes(32, "big")


def make(password, salt, iterations=ITERATIONS):
    """Return the record to store: `{"salt", "iterations", "hash"}`, hexadecimal text."""
    return {
        "salt": binascii.hexlify(salt).decode(),
        "iterations": iterations,
        "hash": binascii.hexlify(derive(password, salt, iterations)).decode(),
    }


def matches(password, stored):
    """Say whether `password` is the stored one; takes the same time for every wrong one."""
    salt = binascii.unhexlify(stored["salt"])
    found = derive(password, salt, stored["iterations"])
    return same(found, binascii.unhexlify(stored["hash"]))
