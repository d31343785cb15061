"""Runs every test file in portable/ twice: by pytest on CPython, and under MicroPython.

Under MicroPython a file runs in a process of its own, with the device's heap, against the
compiled modules; each of its tests is an item of its own here.
"""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from devices import (  # noqa: F401 - fixtures are found by their names here
    browsed_device,
    configured_device,
    device,
    module_device,
    sandbox,
)
from overheard import listen, overheard

TESTS = Path(__file__).resolve().parent
PORTABLE = TESTS / "portable"
HEAP = "256K"
RUN_LIMIT_S = 300

_counts = {"cpython": 0, "micropython": 0}
_figures = []  # what tests have counted, a line each: `record_property("figure", line)`


listen()


def pytest_collection_modifyitems(items):
    """What searches the output of all others comes last; the order of the rest stays."""
    items.sort(key=lambda item: item.path.name == "test_overheard.py")


def pytest_collect_file(file_path, parent):
    if file_path.parent == PORTABLE and file_path.match("test_*.py"):
        return MicroPythonFile.from_parent(parent, path=file_path)
    return None


class MicroPythonFile(pytest.File):
    """One portable test file, to be run under MicroPython."""

    results = None

    def collect(self):
        for node in ast.parse(self.path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield MicroPythonItem.from_parent(self, name=node.name + "[micropython]")

    def run_once(self):
        """Run the file and return `{test name: None or traceback}`."""
        if self.results is None:
            self.results = run_under_micropython(self.path)
        return self.results


class MicroPythonItem(pytest.Item):
    """One test function's outcome under MicroPython."""

    def runtest(self):
        results = self.parent.run_once()
        name = self.name.split("[")[0]
        if name not in results:
            raise MicroPythonError("it did not run: %s" % results["stderr"])
        if results[name] is not None:
            raise MicroPythonError(results[name])

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, MicroPythonError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, 0, self.name


class MicroPythonError(Exception):
    """A test failed under MicroPython."""


def compiled_firmware():
    """Return the folder of the compiled modules."""
    from tree import build_modules

    return build_modules() / "lib"


def run_under_micropython(path):
    """Run all tests of a file; return their outcomes by name."""
    micropython = shutil.which("micropython", path=str(Path(sys.executable).parent))
    command = [micropython, "-X", "heapsize=" + HEAP, str(PORTABLE / "runner.py")]
    command += [str(compiled_firmware()), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_LIMIT_S)
    overheard.hear(path.name, done.stdout + done.stderr)
    results = {"stderr": done.stdout[-2000:] + done.stderr[-2000:]}
    for line in done.stdout.splitlines():
        if line.startswith("outcome "):
            name, failure = json.loads(line[len("outcome ") :])
            results[name] = failure
    return results


def pytest_runtest_logreport(report):
    if report.when == "call":
        _figures.extend(value for name, value in report.user_properties if name == "figure")
    if report.when == "call" and "/portable/" in "/" + report.nodeid:
        runtime = "micropython" if report.nodeid.endswith("[micropython]") else "cpython"
        _counts[runtime] += 1


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(
        "portable tests: %(cpython)d on CPython, %(micropython)d on MicroPython" % _counts
    )
    for line in _figures:
        terminalreporter.write_line(line)


def pytest_sessionfinish(session):
    """In CI a test that was left out is a failure, as is a portable test of one interpreter."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    left_out = len(reporter.stats.get("skipped", ()))
    if os.environ.get("CI") and (left_out or _counts["cpython"] != _counts["micropython"]):
        reporter.write_line("failed: %d tests were left out" % left_out, red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
