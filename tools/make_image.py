"""Makes build/BOARD: the files, and flash.img, the littlefs image that is flashed and simulated.

The same sources and packages give the same bytes.
"""

import argparse
import datetime
import hashlib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools")]

from truststore import expiry_report, root_files  # noqa: E402

from boards import load  # noqa: E402
from image import whole_image  # noqa: E402
from tree import BUILD, build_frozen, build_tree  # noqa: E402

MPY_BUDGET_BYTES = 120000  # firmware_mpy_bytes


def parse(arguments):
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("board", help="a folder of boards/")
    parser.add_argument("--flash-mib", type=int, help="size of the flash chip")
    parser.add_argument("--output", type=Path, help="default build/BOARD/flash.img")
    parser.add_argument("--wifi", type=Path, help='JSON file: {"ssid": …, "password": …}')
    return parser.parse_args(arguments)


def wifi_files(path):
    """Return the file for the flash that names the network. Raises SystemExit."""
    if path is None:
        return {}
    try:
        content = path.read_bytes()
        ssid = json.loads(content)["ssid"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SystemExit(
            '%s: a JSON file with {"ssid": …, "password": …} is needed (%r).' % (path, error)
        ) from None
    print("wi-fi:  %s (its password lies in the image in plain text)" % ssid)
    return {"wifi.json": content}


def make_image(board, data_files, target):
    """Make the tree of a board, and of that and `data_files` ({path: bytes}) an image."""
    content = whole_image(build_tree(board.name), {**root_files(), **data_files}, board.files_bytes)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".tmp")
    unfinished.touch(mode=0o600)  # it may hold a password
    unfinished.write_bytes(content)
    unfinished.replace(target)


def report(board, image):
    """Print what was made and how it stands to its budget."""
    modules = [path.stat().st_size for path in (BUILD / board.name / "root").rglob("*.mpy")]
    content = image.read_bytes()
    blank = content.count(b"\xff" * 4096)
    print("board:  %s (%s), flash of %d MiB" % (board.name, board.product, board.flash_mib))
    print("image:  %s, %d bytes, %d of them blank" % (image, len(content), blank * 4096))
    print("sha256: %s" % hashlib.sha256(content).hexdigest())
    excess = sum(modules) - MPY_BUDGET_BYTES
    verdict = "within it" if excess <= 0 else "%d too many" % excess
    figures = (sum(modules), len(modules), MPY_BUDGET_BYTES, verdict)
    print("firmware_mpy_bytes: %d in %d modules, budget %d: %s" % figures)
    print("trust anchors, in the order in which they end:")
    now = datetime.datetime.now(datetime.timezone.utc)
    print("\n".join(expiry_report(root_files(), now)))


def main():
    """Make the image as the command line says."""
    options = parse(sys.argv[1:])
    board = load(options.board)
    if options.flash_mib:
        board = board.with_flash(options.flash_mib)
    image = options.output or BUILD / board.name / "flash.img"
    make_image(board, wifi_files(options.wifi), image)
    if board.chip:
        build_frozen(board.name)
    report(board, image)


if __name__ == "__main__":
    main()
