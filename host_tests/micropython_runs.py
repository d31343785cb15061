"""Runs the portable test files under MicroPython while pytest goes on with others.

On two cores that halves the time of the longest of them. One file at a time: what is tested in
front must not wait for its turn.
"""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

RUNNER = Path(__file__).resolve().parent / "portable" / "runner.py"
HEAP = "256K"
RUN_LIMIT_S = 300


class MicroPythonRuns:
    """`firmware()` returns the folder of the compiled modules; `hear(name, output)` gets what a
    file has printed.

    The folder is asked for by whoever starts a run: CPython's parser, which the build needs, is
    not safe in two threads at once.
    """

    def __init__(self, firmware, hear):
        self._firmware = firmware
        self._hear = hear
        self._pool = ThreadPoolExecutor(1)
        self._outcomes = {}
        self._process = None

    def start(self, paths):
        """Let these files be run, in this order."""
        wanted = [path for path in paths if path not in self._outcomes]
        folder = self._firmware() if wanted else None
        for path in wanted:
            self._outcomes[path] = self._pool.submit(self._run, path, folder)

    def outcomes(self, path):
        """Return `{test name: None or traceback}` of a file, and under "stderr" what it printed."""
        self.start([path])
        return self._outcomes[path].result()

    def stop(self):
        """Run no more of them; end the one that runs."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._process:
            self._process.kill()

    def _run(self, path, folder):
        micropython = Path(sys.executable).with_name("micropython")
        command = [micropython, "-X", "heapsize=" + HEAP, RUNNER, folder, path]
        with subprocess.Popen(
            list(map(str, command)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as self._process:
            try:
                output, _ = self._process.communicate(timeout=RUN_LIMIT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                output = self._process.communicate()[0] + "\nstopped after %d s" % RUN_LIMIT_S
        self._process = None
        self._hear(path.name, output)
        return {"stderr": output[-3000:], **_outcomes_in(output)}


def _outcomes_in(output):
    lines = [line for line in output.splitlines() if line.startswith("outcome ")]
    return dict(json.loads(line.removeprefix("outcome ")) for line in lines)
