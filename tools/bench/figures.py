"""The figures with their targets, the table and the JSON that tell how they came out."""

import json

AT_MOST = "<="
AT_LEAST = ">="

# name: (relation, limit, unit); some are there to be known only.
TARGETS = {
    "heap_growth_send": (AT_MOST, 16384, "bytes"),
    "heap_growth_send_with_code": (None, None, "bytes"),
    "heap_growth_send_by_size": (AT_MOST, 1024, "bytes"),
    "send_vs_raw_tls": (AT_LEAST, 0.80, "ratio"),
    "send_vs_raw_tls_cpython": (AT_LEAST, 0.80, "ratio"),
    "send_vs_smtplib": (AT_MOST, 0.85, "ratio"),
    "send_cpython_vs_smtplib": (AT_MOST, 1.0, "ratio"),
    "send_cpython_peak_rss": (AT_MOST, 0.4, "ratio"),
    "small_messages_vs_smtplib": (AT_MOST, 1.5, "ratio"),
    "heap_growth_fetch": (AT_MOST, 16384, "bytes"),
    "heap_growth_fetch_with_code": (None, None, "bytes"),
    "heap_growth_fetch_by_size": (AT_MOST, 1024, "bytes"),
    "fetch_rate": (AT_LEAST, 10, "MB/s"),
    "fetch_vs_poplib": (AT_MOST, 2.0, "ratio"),
    "round_trips_first": (AT_MOST, 7.5, "round trips"),
    "round_trips_first_two_step": (AT_MOST, 8.5, "round trips"),
    "round_trips_first_starttls": (AT_MOST, 10, "round trips"),
    "round_trips_next": (AT_MOST, 2.1, "round trips"),
    "round_trips_recipient": (AT_MOST, 0.1, "round trips"),
    "boot_to_ready_ms": (AT_MOST, 300, "ms"),
    "firmware_mpy_bytes": (AT_MOST, 120 * 1024, "bytes"),
    "page_weight_bytes": (AT_MOST, 30 * 1024, "bytes"),
    "heap_floor_device": (AT_MOST, 192, "KB"),
    "resident_heap_bytes": (None, None, "bytes"),
}
BENCH_ROWS = tuple(name for name in TARGETS if name != "resident_heap_bytes")
SIZE_ROWS = ("firmware_mpy_bytes", "page_weight_bytes", "resident_heap_bytes")
NOT_MEASURED = "not measured in this run"


def judge(name, value, how):
    """Return one entry of the JSON. A figure without a target is neither good nor bad, nor is one
    that was not measured (None)."""
    relation, limit, unit = TARGETS[name]
    target = "%s %s" % (relation, limit) if relation else None
    if value is None or relation is None:
        good = None
    else:
        good = value <= limit if relation == AT_MOST else value >= limit
    return {"value": value, "target": target, "ok": good, "unit": unit, "how": how}


def report(names, measured):
    """Return the JSON for `names`; `measured` is `{name: (value, how)}`."""
    return {name: judge(name, *measured.get(name, (None, NOT_MEASURED))) for name in names}


def table(entries):
    """Return the lines of the table."""
    lines = ["%-28s %12s  %-12s %-4s %s" % ("figure", "value", "target", "", "how")]
    for name, entry in entries.items():
        mark = {True: "ok", False: "MISS", None: "-"}[entry["ok"]]
        shown = _shown(entry["value"])
        values = (name, shown, entry["target"] or "", mark, "%(unit)s; %(how)s" % entry)
        lines.append("%-28s %12s  %-12s %-4s %s" % values)
    return lines


def _shown(value):
    if value is None:
        return "-"
    return "%.2f" % value if isinstance(value, float) else str(value)


def write(path, entries):
    """Write the JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entries, indent=2) + "\n")


def targets_hold(entries):
    """Say whether every figure that was measured meets its target."""
    return all(entry["ok"] is not False for entry in entries.values())
