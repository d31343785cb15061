"""Runs under MicroPython's unix port: mounts a flash image at / and starts it as a board would.

micropython -X heapsize=256K tools/flash_boot.py FLASH.img [CHIP [raw]]

CHIP is the folder of the modules that a chip has and the unix port lacks, "" for none. With `raw`
main.py is left out, as boards do when they are reset over the raw REPL.
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


def boot(image, names):
    """Mount the image, then run the files named."""
    # A larger cache than a chip's: every call here costs an interpreter's step and a system call.
    vfs.mount(vfs.VfsLfs2(FileFlash(image), progsize=128, readsize=128, lookahead=256), "/")
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    for name in names:
        exec(_compiled(name), {"__name__": "__main__"})  # noqa: S102 - the boot itself


def _compiled(name):
    with open(name) as file:
        return compile(file.read(), name, "exec")  # the text is not kept while the code runs


if len(sys.argv) > 2 and sys.argv[2]:  # before the computer's files are out of sight
    sys.path[:] = [sys.argv[2], ".frozen"]
    __import__("chip")
boot(sys.argv[1], ("boot.py",) if sys.argv[3:] == ["raw"] else ("boot.py", "main.py"))
