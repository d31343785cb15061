"""Speed and memory of sending, against raw TLS and against `smtplib`."""

from bench.workshop import HEAP, middle, ratio

MB = 1000 * 1000
_BLOCK_BYTES = (1872, 4096, 16384)
_RUNTIMES = ("micropython", "cpython")


def throughput(workshop):
    """send_vs_raw_tls, send_vs_smtplib, send_cpython_vs_smtplib and its memory."""
    size_bytes = (1 if workshop.quick else 20) * MB
    runs = _interleaved(workshop, size_bytes, workshop.repeats(7))
    total = workshop.mail(size_bytes)["total"]
    found = {}
    for runtime, name in zip(_RUNTIMES, ("", "_cpython"), strict=True):
        found["send_vs_raw_tls" + name] = _against_raw(runs, runtime, total)
    rival_ms = middle(runs["smtplib"], "process_ms")
    for runtime, name in zip(
        _RUNTIMES, ("send_vs_smtplib", "send_cpython_vs_smtplib"), strict=True
    ):
        ours_ms = middle(runs[runtime], "process_ms")
        how = "whole process, %d MB file composed and sent: %d ms against %d; median of %d pairs"
        values = (size_bytes // MB, ours_ms, rival_ms, len(runs[runtime]))
        found[name] = ratio(runs[runtime], runs["smtplib"], "process_ms"), how % values
    if runs["smtplib"][0]["peak_bytes"]:  # only Linux tells
        found["send_cpython_peak_rss"] = _memory(runs)
    return found


def _interleaved(workshop, size_bytes, repeats):
    """Return `{program: [result]}`, each program in its turn."""
    port = workshop.sink["tls"]
    scan = {"do": "scan", "port": port, "file": workshop.file(size_bytes), "size_bytes": size_bytes}
    total = workshop.mail(size_bytes)["total"]
    runs = {}
    for _ in range(repeats):
        for runtime in _RUNTIMES:
            runs.setdefault(runtime, []).append(workshop.client(runtime, scan, HEAP))
            for block in _BLOCK_BYTES:
                raw = {"port": workshop.sink["raw"], "total_bytes": total, "block_bytes": block}
                result = workshop.run(runtime, "raw.py", raw, HEAP)
                runs.setdefault((runtime, block), []).append(result)
        runs.setdefault("smtplib", []).append(workshop.run("cpython", "rival.py", scan))
    return runs


def _against_raw(runs, runtime, total):
    """Compare with raw writes of 4 KB; the other block sizes are told."""
    ours = total / middle(runs[runtime], "data_ms") / 1000
    raw = {block: total / middle(runs[runtime, block], "ms") / 1000 for block in _BLOCK_BYTES}
    how = "%s, MAIL to the last reply: %.1f MB/s against %.1f in writes of 4096 bytes (%s); "
    others = ", ".join(
        "%.1f in %d" % (raw[block], block) for block in _BLOCK_BYTES if block != 4096
    )
    how = how % (runtime, ours, raw[4096], others) + "median of %d pairs" % len(runs[runtime])
    return 1 / ratio(runs[runtime], runs[runtime, 4096], "data_ms", "ms"), how


def _memory(runs):
    peaks = [middle(runs[name], "peak_bytes") for name in ("cpython", "smtplib")]
    how = "peak resident set (VmHWM) on CPython: %.1f MB against %.1f MB; median of %d"
    return peaks[0] / peaks[1], how % (peaks[0] / MB, peaks[1] / MB, len(runs["smtplib"]))


def small_messages(workshop):
    """small_messages_vs_smtplib."""
    count = 20 if workshop.quick else 200
    work = {"do": "many", "port": workshop.sink["tls"], "count": count}
    work.update(workshop.mail(text="Toner is low: black.\n" * 40))
    ours, rivals = [], []
    for _ in range(workshop.repeats(15)):
        ours.append(workshop.client("micropython", work, HEAP))
        rivals.append(workshop.run("cpython", "rival.py", work))
    ours_ms, rival_ms = middle(ours, "ms"), middle(rivals, "ms")
    how = "%d rendered mails of %d bytes, one connection: %d ms against %d; median of %d pairs"
    values = (count, work["total"], ours_ms, rival_ms, len(ours))
    return {"small_messages_vs_smtplib": (ratio(ours, rivals, "ms"), how % values)}


def heap_growth(workshop):
    """heap_growth_send: live heap after a collection, 50 samples a mail, 256K heap."""
    sizes_bytes = [MB // 10, MB] if workshop.quick else [MB, 100 * MB]
    mails = [
        {**workshop.mail(size_bytes), "file": workshop.file(size_bytes)}
        for size_bytes in sizes_bytes
    ]
    work = {"do": "heap", "port": workshop.sink["tls"], "mails": mails}
    result = workshop.client("micropython", work, HEAP)
    small, large = result["sending_bytes"]
    most = max(small, large)
    how = "most of 50 samples a mail, after a collection, over the heap at rest %s"
    by_size = "%d KB file: %d bytes live, %d KB file: %d bytes live"
    return {
        "heap_growth_send": (
            most - result["idle_bytes"],
            how % "with the code that sends: as a board that keeps it loaded",
        ),
        "heap_growth_send_with_code": (
            most - result["bare_bytes"],
            how % "without the code that sends: as a lean board, which loads it for a mail",
        ),
        "heap_growth_send_by_size": (
            abs(large - small),
            by_size % (sizes_bytes[0] // 1000, small, sizes_bytes[1] // 1000, large),
        ),
    }
