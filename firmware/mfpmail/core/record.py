"""Records on flash: JSON in an envelope that names its version and proves that it is whole.

One line: `mfpmail VERSION CRC32 JSON`. A file that was cut, mixed up or written by newer firmware
is recognised before anything in it is believed.
"""

import binascii
import json

from mfpmail.core.errors import ProtocolError

_MAGIC = b"mfpmail"


def _check_sum(body):
    return b"%08x" % (binascii.crc32(body) & 0xFFFFFFFF)


def dump(version, value):
    """Return `value` (JSON types only) as the bytes of a record."""
    body = json.dumps(value).encode()
    return b" ".join((_MAGIC, b"%d" % version, _check_sum(body), body))


def load(version, data, upgrades=None):
    """Return the value of a record, brought up to `version`.

    `upgrades` maps a version to the function that makes a value of the next one from it; without,
    the versions differ in nothing but their number.
    Raises ProtocolError: `record_damaged`, or `record_newer` when a later firmware wrote it.
    """
    parts = data.split(b" ", 3)
    if len(parts) != 4 or parts[0] != _MAGIC or parts[2] != _check_sum(parts[3]):
        raise ProtocolError("record_damaged", "The record is damaged.")
    try:
        found = int(parts[1])
        value = json.loads(parts[3].decode())
    except ValueError:
        raise ProtocolError("record_damaged", "The record is damaged.")
    if found > version:
        raise ProtocolError("record_newer", "The record was written by newer firmware.")
    for older in range(found, version):
        value = upgrades[older](value) if upgrades else value
    return value
