"""Starts the device alone: `make run` without the sandbox. Prints `ready http://127.0.0.1:N`.

Everything but what stands on the command line is set through the JSON API.
"""

import argparse
import os
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "firmware")]

from lock import lock_folder  # noqa: E402


def use_environment():
    """Go on in the environment that `make` sets up, when this Python lacks the packages."""
    python = ROOT / ".venv" / "bin" / "python"
    try:
        import littlefs  # noqa: F401
        import microdot  # noqa: F401
    except ImportError:
        if not python.exists() or Path(sys.prefix) == ROOT / ".venv":
            raise SystemExit("Run `make setup` first: packages are missing.") from None
        os.execv(python, [str(python), *sys.argv])


def parse(arguments):
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of the device's flash")
    parser.add_argument("--http-port", type=port, default=8080)
    parser.add_argument("--trust-anchor", type=Path, action="append", default=[], help="PEM file")
    parser.add_argument("--admin-password-file", type=Path)
    parser.add_argument("--runtime", choices=("micropython", "cpython"), default="micropython")
    parser.add_argument("--heap", default="256K", help="heap of MicroPython, default 256K")
    options = parser.parse_args(arguments)
    for path in (*options.trust_anchor, options.admin_password_file):
        if path and not path.is_file():
            parser.error("there is no file %s" % path)
    return options


def port(text):
    """Return a TCP port, 1 to 65535. Raises ValueError, which argparse reports."""
    number = int(text)
    if not 0 < number < 65536:
        raise ValueError
    return number


def data_files(options):
    """Return `{path: bytes}` that the command line adds to the flash."""
    from image import trust_anchors
    from mfpmail.core import password, record
    from mfpmail.service import admin

    files = {}
    for pem in options.trust_anchor:
        for der in trust_anchors(pem):
            files["trust/%s-%d.der" % (pem.stem, len(files))] = der
    if options.admin_password_file:
        entered = options.admin_password_file.read_text().strip()
        stored = password.make(entered, secrets.token_bytes(password.SALT_BYTES))
        files[admin.PATH] = record.dump(admin.VERSION, stored)
    return files


def start_micropython(options):
    """Bring the flash image up to date and become MicroPython running it."""
    from image import update_image
    from tree import ROOT, build_tree

    image = options.state / "flash.img"
    update_image(image, build_tree(), data_files(options))
    micropython = Path(sys.executable).with_name("micropython")
    if not micropython.exists():
        raise SystemExit("There is no MicroPython for this machine; use --runtime cpython.")
    arguments = ["-X", "heapsize=" + options.heap, str(ROOT / "tools" / "flash_boot.py")]
    os.execv(micropython, [str(micropython), *arguments, str(image.resolve())])


def write_files(root, files):
    """Bring a folder up to date as `update_image` does an image, each file at once."""
    if any(path.startswith("trust/") for path in files):
        for old in root.glob("trust/*.der"):
            if str(old.relative_to(root)) not in files:
                old.unlink()
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(target.name + ".tmp")
        temporary.touch(mode=0o600)
        temporary.write_bytes(content)
        temporary.replace(target)


def start_cpython(options):
    """Write the files and become CPython running the same firmware."""
    root = options.state / "files"
    root.mkdir(parents=True, exist_ok=True)
    write_files(root, data_files(options))
    os.environ["MFPMAIL_ROOT"] = str(root.resolve())
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(ROOT / "firmware"), str(ROOT / "boards" / "HOST")]
    )
    os.execv(sys.executable, [sys.executable, "-u", str(ROOT / "firmware" / "main.py")])


def main():
    """Start the device as the command line says; this process becomes it."""
    use_environment()
    options = parse(sys.argv[1:])
    lock_folder(options.state)
    os.environ["MFPMAIL_HTTP_PORT"] = str(options.http_port)
    if options.runtime == "micropython":
        start_micropython(options)
    start_cpython(options)


if __name__ == "__main__":
    main()
