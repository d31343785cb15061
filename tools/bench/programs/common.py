"""What the programs of this folder that run the firmware share, under either interpreter.

PROGRAM.py WORK.json - prints one line of JSON. `do` in it names one of the program's functions;
`lib` is the folder of the modules, `boot` the boot.py of the flash, `trust` a DER file; `account`
signs in.
"""

import asyncio
import gc
import json
import sys
import time

IS_MICROPYTHON = sys.implementation.name == "micropython"
SAMPLES = 50
PASSWORD = "bench"  # noqa: S105 - the servers take any

if IS_MICROPYTHON:

    def elapsed_ms(since):
        return time.ticks_diff(time.ticks_us(), since) / 1000

    now = time.ticks_us
else:

    def elapsed_ms(since):
        return (time.perf_counter_ns() - since) / 1e6

    now = time.perf_counter_ns


def open_net(work):
    """Return the network port of this interpreter."""
    if IS_MICROPYTHON:
        from mfpmail.hal.micropython.net import Net
    else:
        from mfpmail.hal.cpython.net import Net
    with open(work["trust"], "rb") as file:
        return Net([file.read()])


def server_settings(work):
    """Return the fields of a setting that a session needs."""
    security = work.get("security", "tls")
    return {"server": "localhost", "port": work["port"], "security": security, "timeout_s": 60}


def live_bytes():
    """Return what is alive in MicroPython's heap."""
    gc.collect()
    return gc.mem_alloc()


class Sampler:
    """Takes the live heap SAMPLES times in the course of so many bytes; `most_bytes` of it."""

    def __init__(self, size_bytes):
        self.most_bytes = 0
        self._step_bytes = size_bytes // SAMPLES
        self._next_bytes = 0

    def take(self, done_bytes):
        if done_bytes >= self._next_bytes:
            self.most_bytes = max(self.most_bytes, live_bytes())
            self._next_bytes += self._step_bytes


def peak_bytes():
    """Return the most memory that this process has held; None where Linux does not tell."""
    try:
        with open("/proc/self/status") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def boot(path):
    """Run the firmware's boot.py: how often the heap is collected decides on speed and memory."""
    with open(path) as file:
        exec(file.read())  # noqa: S102 - the boot itself


def main(*functions):
    """Do what the command line says, with one of these coroutine functions `function(work)`."""
    with open(sys.argv[1]) as file:
        work = json.load(file)
    sys.path.insert(0, work["lib"])
    if IS_MICROPYTHON:
        boot(work["boot"])
    by_name = {function.__name__: function for function in functions}
    result = asyncio.run(by_name[work["do"]](work))
    result["peak_bytes"] = peak_bytes()
    print(json.dumps(result))
