"""Speed and memory of receiving, against `poplib` and `email`."""

import hashlib
import shutil

from bench.workshop import HEAP, BenchError, middle, ratio

MB = 1000 * 1000
_BLOCK_BYTES = 1 << 20


def throughput(workshop):
    """fetch_rate, fetch_vs_poplib."""
    maildrop = _maildrop(workshop, (1 if workshop.quick else 25) * MB)
    work = {"do": "fetch", "port": maildrop["port"]}
    ours, rivals = [], []
    for _ in range(workshop.repeats(7)):
        for results, program in ((ours, _ours), (rivals, _rival)):
            with Folder(workshop) as folder:
                results.append(program(workshop, {**work, "folder": str(folder.path)}))
                folder.check(maildrop)
    size_mb = maildrop["sizes"][0] / MB
    count = len(ours)
    rate = "MicroPython, %.1f MB mail from RETR to its file, closed: %d ms; median of %d"
    against = "whole process, %.1f MB mail into a file: %d ms against %d; median of %d pairs"
    ours_ms, rival_ms = middle(ours, "process_ms"), middle(rivals, "process_ms")
    fetch_ms = middle(ours, "ms")
    return {
        "fetch_rate": (size_mb * 1000 / fetch_ms, rate % (size_mb, fetch_ms, count)),
        "fetch_vs_poplib": (
            ratio(ours, rivals, "process_ms"),
            against % (size_mb, ours_ms, rival_ms, count),
        ),
    }


def heap_growth(workshop):
    """heap_growth_fetch: live heap after a collection, 50 samples a mail, 256K heap."""
    sizes_bytes = [MB // 10, MB] if workshop.quick else [MB, 100 * MB]
    maildrop = _maildrop(workshop, *sizes_bytes)
    work = {"do": "heap", "port": maildrop["port"], "sizes": maildrop["sizes"]}
    with Folder(workshop) as folder:
        work["folder"] = str(folder.path)
        result = workshop.run("micropython", "fetch.py", work, HEAP)
        folder.check(maildrop)
    small, large = result["fetching_bytes"]
    most = max(small, large)
    how = "most of 50 samples a mail, after a collection, over the heap at rest %s"
    by_size = "%d KB mail: %d bytes live, %d KB mail: %d bytes live"
    return {
        "heap_growth_fetch": (
            most - result["idle_bytes"],
            how % "with the code that receives: as a board that keeps it loaded",
        ),
        "heap_growth_fetch_with_code": (
            most - result["bare_bytes"],
            how % "without the code that receives: as a lean board, which loads it for a check",
        ),
        "heap_growth_fetch_by_size": (
            abs(large - small),
            by_size % (sizes_bytes[0] // 1000, small, sizes_bytes[1] // 1000, large),
        ),
    }


def _maildrop(workshop, *sizes_bytes):
    """Start a server with mails of these sizes; return what it says of them."""
    server_pem = workshop.ca.ca_pem.with_name("server.pem")
    return workshop.start_server("maildrop.py", str(server_pem), *map(str, sizes_bytes))


def _ours(workshop, work):
    return workshop.run("micropython", "fetch.py", work, HEAP)


def _rival(workshop, work):
    return workshop.run("cpython", "fetch_rival.py", work)


class Folder:
    """A folder for received files; `with` removes it."""

    def __init__(self, workshop):
        self.path = workshop.folder / "fetched"

    def __enter__(self):
        self.path.mkdir()
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def check(self, maildrop):
        """Raise BenchError unless the file of each mail is here, byte for byte."""
        for number, wanted in enumerate(maildrop["digests"]):
            found = hashlib.sha256()
            with (self.path / str(number + 1) / "0").open("rb") as file:
                while block := file.read(_BLOCK_BYTES):
                    found.update(block)
            if found.hexdigest() != wanted:
                raise BenchError("the file of mail %d is another one" % (number + 1))
