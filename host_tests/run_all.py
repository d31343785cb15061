"""Runs all tests in two processes of pytest side by side; ends as the worse of them.

A plain `pytest` runs the same in one, and takes longer.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).resolve().parent
# Mostly waiting for devices, servers and the browser; all other tests are the other half.
WITH_SERVERS = ("interop", "service", "web")
IN_BOTH = "test_overheard.py"  # no secret in what its own half has said


def halves():
    """Return the two lists of files and folders."""
    found = [p for p in sorted(TESTS.iterdir()) if p.name != IN_BOTH and _has_tests(p)]
    first = [path for path in found if path.name in WITH_SERVERS]
    second = [path for path in found if path.name not in WITH_SERVERS]
    return [*first, TESTS / IN_BOTH], [*second, TESTS / IN_BOTH]


def _has_tests(path):
    return any(path.rglob("test_*.py")) if path.is_dir() else path.match("test_*.py")


def main():
    """Run both; what the second has printed comes after the first."""
    command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
    first, second = ([*command, *map(str, half)] for half in halves())
    without_cache = [*second, "-p", "no:cacheprovider"]  # there is one cache
    with tempfile.TemporaryFile() as output:
        beside = subprocess.Popen(without_cache, stdout=output, stderr=subprocess.STDOUT)
        try:
            status = subprocess.run(first).returncode
            return beside.wait() or status
        finally:
            beside.terminate()
            output.seek(0)
            sys.stdout.buffer.write(output.read())


if __name__ == "__main__":
    sys.exit(main())
