"""Looks at the flash of a device from outside, for what must not be there and must not leave it."""

from littlefs import LittleFS, UserContextFile

from image import BLOCK_BYTES, IMAGE_BLOCKS
from mfpmail.core import record

_VERSION = 9  # whatever the newest is: nothing is brought up to it
_ANY_DISK_VERSION = 0


def stored(device, path):
    """Return the record that a device, running or not, keeps under this path."""
    if device.runtime == "cpython":
        data = (_folder(device) / path).read_bytes()
    else:
        flash = _flash(device)  # an open file does not keep it
        with flash.open(path, "rb") as file:
            data = file.read()
    return record.load(_VERSION, data)


def names(device, path):
    """Return the sorted names in a folder of a device, running or not."""
    if device.runtime == "cpython":
        return sorted(entry.name for entry in (_folder(device) / path).iterdir())
    flash = _flash(device)
    return sorted(flash.listdir(path))


def _folder(device):
    return device.state / "files"


def _flash(device):
    flash = LittleFS(
        context=_ReadOnly(str(device.state / "flash.img")),
        block_size=BLOCK_BYTES,
        block_count=IMAGE_BLOCKS["HOST"],
        disk_version=_ANY_DISK_VERSION,
        mount=False,
    )
    flash.mount()
    return flash


class _ReadOnly(UserContextFile):
    """The image of a running device, which alone may write to it."""

    def prog(self, cfg, block, off, data):
        raise AssertionError("the image would be written to")

    def erase(self, cfg, block):
        raise AssertionError("the image would be written to")
