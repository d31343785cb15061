"""Measures, prints the table, writes the JSON; the exit status says whether the targets hold."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("tools", "firmware", "host_tests")]

from bench import board, fetching, figures, roundtrips, sending  # noqa: E402
from bench.workshop import BenchError, Workshop  # noqa: E402

BENCH = {
    "sizes": board.sizes,
    "boot": board.boot,
    "heap": sending.heap_growth,
    "throughput": sending.throughput,
    "small": sending.small_messages,
    "fetch_heap": fetching.heap_growth,
    "fetch": fetching.throughput,
    "trips": roundtrips.measure,
}
SLOW = {"floor": board.floor}
SIZE = {"sizes": board.sizes, "resident": board.resident}


def parse(arguments):
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", action="store_true", help="sizes alone, into build/size.json")
    parser.add_argument("--slow", action="store_true", help="the smallest heap as well (minutes)")
    parser.add_argument("--quick", action="store_true", help="all small and once, for tests")
    parser.add_argument("--only", nargs="+", choices=[*BENCH, *SLOW], help="these alone")
    parser.add_argument("--out", type=Path, help="the JSON file")
    return parser.parse_args(arguments)


def chosen(options):
    """Return `{name: measurement}` to make."""
    if options.size:
        return SIZE
    if options.only:
        return {name: {**BENCH, **SLOW}[name] for name in options.only}
    return {**BENCH, **SLOW} if options.slow else BENCH


def measure(options):
    """Return `{figure: (value, how)}` and `{measurement: why it could not be made}`."""
    found, failures = {}, {}
    with (
        tempfile.TemporaryDirectory(prefix="mfpmail-bench-") as folder,
        Workshop(folder, options.quick) as workshop,
    ):
        Path(folder).chmod(0o755)  # the mail servers give up root's rights
        for name, measurement in chosen(options).items():
            started = time.monotonic()
            try:
                found.update(measurement(workshop))
            except BenchError as error:
                failures[name] = error
            print("%s: %.0f s" % (name, time.monotonic() - started), file=sys.stderr, flush=True)
    return found, failures


def main():
    """Measure as the command line says; return the exit status."""
    options = parse(sys.argv[1:])
    names = figures.SIZE_ROWS if options.size else figures.BENCH_ROWS
    default = ROOT / "build" / ("size.json" if options.size else "bench.json")
    found, failures = measure(options)
    entries = figures.report(names, found)
    figures.write(options.out or default, entries)
    print("\n".join(figures.table(entries)))
    for name, error in failures.items():
        print("%s could not be measured: %s" % (name, error))
    return 0 if figures.targets_hold(entries) and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
