"""Simulates a board: real MicroPython with a board's heap runs the very image that is flashed.

    mpremote connect PTY exec|run|fs|mount|soft-reset|repl

works as with a board. What is on its flash stays in the state folder; --fresh flashes it anew.
Its pages are on loopback.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "firmware")]

from lock import lock_folder  # noqa: E402
from simulate import data_files, port, use_environment  # noqa: E402

# What the stand-ins for a chip's modules take of the heap (64-bit; a chip has them in its ROM).
CHIP_KIB = 10


def parse(arguments):
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("board", help="a folder of boards/")
    parser.add_argument("--image", type=Path, help="what is flashed, default a new image")
    parser.add_argument("--state", type=Path, help="folder of the flash, default build/BOARD/sim")
    parser.add_argument("--fresh", action="store_true", help="flash the image anew")
    parser.add_argument("--heap", help="heap of MicroPython, default as the board has it")
    parser.add_argument("--http-port", type=port, help="of loopback, for the pages")
    parser.add_argument("--trust-anchor", type=Path, action="append", default=[], help="PEM file")
    parser.add_argument("--admin-password-file", type=Path)
    options = parser.parse_args(arguments)
    for path in (options.image, *options.trust_anchor, options.admin_password_file):
        if path and not path.is_file():
            parser.error("there is no file %s" % path)
    return options


def prepare_flash(board, options):
    """Return the path of the board's flash, with what the command line adds to it."""
    from make_image import make_image

    from image import write_data_files

    flash = options.state / "flash.img"
    if options.fresh or not flash.exists():
        if options.image:
            unfinished = flash.with_suffix(".tmp")
            unfinished.touch(mode=0o600)  # it will hold tokens
            unfinished.write_bytes(options.image.read_bytes())
            unfinished.replace(flash)
        else:
            make_image(board, {}, flash)
    write_data_files(flash, data_files(options))
    return flash.resolve()


def heap_kib(board, asked):
    """Return the size of the heap in KiB: the board's own or the one asked for, and room for what
    only the simulator has in it. Raises SystemExit."""
    text = asked or board.simulator_heap
    if text[:-1].isdigit() and text[-1] in "KM":
        own = int(text[:-1]) * (1024 if text[-1] == "M" else 1)
        return own + (CHIP_KIB if board.chip else 0)
    raise SystemExit("The heap must be given like 256K or 2M, not %r." % text)


def starter(board, flash, options):
    """Return the function that starts the interpreter; see `simulator.console.Console`."""
    from simulator.interpreter import Interpreter

    chip = str(ROOT / "tools" / "simulator" / "chip") if board.chip else ""
    command = [str(Path(sys.executable).with_name("micropython"))]
    command += ["-X", "heapsize=%dK" % heap_kib(board, options.heap), "-i"]
    command += [str(ROOT / "tools" / "flash_boot.py"), str(flash), chip]
    environment = {
        **os.environ,
        "MFPMAIL_HTTP_PORT": str(options.http_port),
        "HOME": str(options.state.resolve()),  # MicroPython keeps what was typed there
    }
    return lambda raw: Interpreter([*command, "raw"] if raw else command, environment)


class Listener:
    """Prints what the board says while no program has its line open."""

    def __init__(self):
        self._begun = b""

    def hear(self, data):
        *lines, self._begun = (self._begun + data).split(b"\n")
        for line in lines:
            print("  " + line.decode(errors="replace").rstrip("\r"), flush=True)


def simulate(board, options):
    """Run the board until this process is ended."""
    from simulator.console import Console
    from simulator.line import Line

    console = Console(starter(board, prepare_flash(board, options), options))
    try:
        line = Line(console, Listener().hear)
        print("board:  %s, heap %s" % (board.name, options.heap or board.simulator_heap))
        print("serial: %s" % line.path)
        print("pages:  http://127.0.0.1:%d" % options.http_port)
        print("try:    mpremote connect %s repl   (Ctrl-C here ends the board)" % line.path)
        sys.stdout.flush()
        line.run()
    except KeyboardInterrupt:
        print("\nended")
    finally:
        console.end()


def main():
    """Simulate the board that the command line names."""
    use_environment()
    if not Path("/proc/self/status").exists():
        raise SystemExit("The simulator needs Linux: it looks into /proc. `make run` does not.")
    options = parse(sys.argv[1:])
    from run import usual_port

    from boards import load
    from device import free_port

    board = load(options.board)
    options.state = options.state or ROOT / "build" / board.name / "sim"
    options.http_port = options.http_port or usual_port() or free_port()
    lock_folder(options.state)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    simulate(board, options)


if __name__ == "__main__":
    main()
