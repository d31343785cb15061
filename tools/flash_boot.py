"""Runs under MicroPython's unix port: mounts a flash image at / and starts it as a board would.

micropython -X heapsize=256K tools/flash_boot.py FLASH.img
"""

import os
import sys

import vfs

_BLOCK_BYTES = 4096
_COUNT, _SIZE, _ERASE = 4, 5, 6  # the `ioctl` operations that answer something


class FileFlash:
    """A flash chip in a file: MicroPython's extended block device protocol.

    Writes go straight to the file, so that a killed process loses what a board would lose at a
    power cut: what was not written yet, nothing else.
    """

    def __init__(self, path):
        self._file = open(path, "r+b")
        self._blocks = os.stat(path)[6] // _BLOCK_BYTES

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(block * _BLOCK_BYTES + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        self._file.seek(block * _BLOCK_BYTES + offset)
        self._file.write(buffer)

    def ioctl(self, operation, argument):
        if operation == _COUNT:
            return self._blocks
        if operation == _SIZE:
            return _BLOCK_BYTES
        return 0 if operation == _ERASE else None


def boot(image):
    """Mount the image, then run boot.py and main.py."""
    # A larger cache than a chip's: every call here costs an interpreter's step and a system call.
    vfs.mount(vfs.VfsLfs2(FileFlash(image), progsize=128, readsize=128, lookahead=256), "/")
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    for name in ("boot.py", "main.py"):
        with open(name) as file:
            code = file.read()
        exec(compile(code, name, "exec"), {"__name__": "__main__"})  # noqa: S102 - the boot itself


boot(sys.argv[1])
