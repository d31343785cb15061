"""What the tools know of each board: boards/NAME/board.json."""

import json
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parent.parent / "boards"
MIB = 1024 * 1024
FILES_OFFSET = 2 * MIB  # MicroPython keeps the first 2 MiB; all the rest is the partition `vfs`
FLASH_SIZES_MIB = (4, 8, 16, 32)


class Board(NamedTuple):
    """`chip` as esptool calls it, None for a computer; `firmware_offset` in bytes from the
    beginning of the flash; `simulator_heap` as MicroPython's option takes it."""

    name: str
    product: str
    chip: str
    firmware_offset: int
    flash_mib: int
    simulator_heap: str

    @property
    def files_bytes(self):
        """Return the size of the partition for the files.

        It must be exact: littlefs does not mount on a partition of another size than its own.
        """
        return self.flash_mib * MIB - FILES_OFFSET

    def with_flash(self, flash_mib):
        """Return the same board with another size of flash. Raises SystemExit."""
        if self.chip is None or flash_mib not in FLASH_SIZES_MIB:
            sizes = ", ".join("%d" % size for size in FLASH_SIZES_MIB)
            raise SystemExit(
                "%s: a flash of %s MiB is not supported; a chip's may have %s MiB."
                % (self.name, flash_mib, sizes)
            )
        return self._replace(flash_mib=flash_mib)


def names():
    """Return the names of all boards, sorted."""
    return sorted(path.parent.name for path in FOLDER.glob("*/board.json"))


def load(name):
    """Return a board. Raises SystemExit, with the names there are, when there is no such one."""
    if name not in names():
        raise SystemExit("There is no board %s. Boards: %s." % (name, ", ".join(names())))
    described = json.loads((FOLDER / name / "board.json").read_text())
    if described["chip"]:
        described["firmware_offset"] = int(described["firmware_offset"], 16)
    return Board(name=name, **described)
