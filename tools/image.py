"""Makes the littlefs image of a board: the built tree, the trust anchors.

`whole_image` makes what is flashed onto a new board; `update_image` brings an image's firmware up
to a tree and leaves the device's own data alone.
"""

import ssl
from pathlib import Path

from littlefs import LittleFS, UserContext, UserContextFile, errors

from boards import load, names

BLOCK_BYTES = 4096
IMAGE_BLOCKS = {name: load(name).files_bytes // BLOCK_BYTES for name in names()}
DISK_VERSION = 0x00020000  # what the littlefs in every MicroPython mounts
NEWEST_DISK_VERSION = 0  # MicroPython raises the version of an image when it first writes to it


def trust_anchors(pem_path):
    """Return the certificates of a PEM file as a list of DER bytes."""
    text = Path(pem_path).read_text()
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    blocks = [begin + part.split(end)[0] + end for part in text.split(begin)[1:]]
    if not blocks:
        raise SystemExit("%s: no certificate found" % pem_path)
    return [ssl.PEM_cert_to_DER_cert(block) for block in blocks]


def whole_image(tree, data_files, size_bytes):
    """Return the bytes of an image with `tree` and `data_files` ({path: bytes}) and nothing else.

    The same files give the same bytes. What is not used is 0xFF, as on flash that was erased.
    Raises SystemExit when they do not fit.
    """
    flash = UserContext(size_bytes)
    fs = LittleFS(
        context=flash,
        block_size=BLOCK_BYTES,
        block_count=size_bytes // BLOCK_BYTES,
        disk_version=DISK_VERSION,
    )
    try:
        _replace_firmware(fs, tree, data_files)
    except errors.LittleFSError as error:
        raise SystemExit("The files do not fit into %d bytes (%s)." % (size_bytes, error)) from None
    fs.unmount()
    return bytes(flash.buffer)


def update_image(image, tree, data_files, board="HOST"):
    """Write the firmware of `tree` and `data_files` ({path: bytes}) into a littlefs image.

    A new image is made where there is none. /lib, boot.py and main.py are replaced, /trust only
    by other anchors: a start without any keeps those that are there.
    """
    if image.exists():
        version, blocks = NEWEST_DISK_VERSION, image.stat().st_size // BLOCK_BYTES
    else:
        version, blocks = DISK_VERSION, IMAGE_BLOCKS[board]
        _make_image(image, blocks)
    fs = _file_system(image, blocks, version)
    fs.mount()
    _replace_firmware(fs, tree, data_files)
    fs.unmount()


def write_data_files(image, data_files):
    """Write `data_files` into an image that exists; trust anchors among them replace the others."""
    if not data_files:
        return
    fs = _file_system(image, image.stat().st_size // BLOCK_BYTES, NEWEST_DISK_VERSION)
    fs.mount()
    _replace(fs, data_files, ("trust",))
    fs.unmount()


def _make_image(image, blocks):
    """Make an empty image; it has its name only when it can be mounted."""
    image.parent.mkdir(parents=True, exist_ok=True)
    unfinished = image.with_suffix(".tmp")
    unfinished.touch(mode=0o600)  # it will hold tokens
    with open(unfinished, "wb") as file:
        file.truncate(blocks * BLOCK_BYTES)
    _file_system(unfinished, blocks, DISK_VERSION).format()
    unfinished.replace(image)


def _file_system(image, blocks, version):
    return LittleFS(
        context=UserContextFile(str(image)),
        block_size=BLOCK_BYTES,
        block_count=blocks,
        disk_version=version,
        mount=False,
    )


def _replace_firmware(fs, tree, data_files):
    files = {str(p.relative_to(tree)): p.read_bytes() for p in tree.rglob("*") if p.is_file()}
    files.update(data_files)
    _replace(fs, files, ("lib", "trust"))


def _replace(fs, files, folders):
    """Write the files, and remove the others in those of the folders that have some of them."""
    for folder in folders:
        if any(path.startswith(folder + "/") for path in files):
            for path in _files_below(fs, folder):
                if path not in files:
                    fs.remove(path)
    for path, content in sorted(files.items()):
        if _content(fs, path) != content:
            parent = path.rpartition("/")[0]
            if parent:
                fs.makedirs(parent, exist_ok=True)
            with fs.open(path, "wb") as file:
                file.write(content)


def _files_below(fs, folder):
    if folder not in fs.listdir("/"):
        return []
    walked = fs.walk(folder)
    return ["%s/%s" % (top.strip("/"), name) for top, _, names in walked for name in names]


def _content(fs, path):
    try:
        with fs.open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
