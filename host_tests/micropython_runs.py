"""Runs the portable test files under MicroPython, each in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

RUNNER = Path(__file__).resolve().parent / "portable" / "runner.py"
HEAP = "256K"
RUN_LIMIT_S = 300


class MicroPythonRuns:
    """`firmware()` returns the folder of the compiled modules; `hear(name, output)` gets what a
    file has printed."""

    def __init__(self, firmware, hear):
        self._firmware = firmware
        self._hear = hear
        self._outcomes = {}

    def outcomes(self, path):
        """Return `{test name: None or traceback}` of a file, and under "stderr" what it printed."""
        if path not in self._outcomes:
            self._outcomes[path] = self._run(path, self._firmware())
        return self._outcomes[path]

    def _run(self, path, folder):
        micropython = Path(sys.executable).with_name("micropython")
        command = [micropython, "-X", "heapsize=" + HEAP, RUNNER, folder, path]
        with subprocess.Popen(
            list(map(str, command)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                output, _ = process.communicate(timeout=RUN_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                output = process.communicate()[0] + "\nstopped after %d s" % RUN_LIMIT_S
        self._hear(path.name, output)
        return {"stderr": output[-3000:], **_outcomes_in(output)}


def _outcomes_in(output):
    lines = [line for line in output.splitlines() if line.startswith("outcome ")]
    return dict(json.loads(line.removeprefix("outcome ")) for line in lines)
