"""What the status page shows, gathered from the parts of the device."""

import gc
import sys

import mfpmail


def status_of(device):
    """Return the device's status as JSON types; nothing in it is secret."""
    return {
        "version": mfpmail.__version__,
        "runtime": "%s %s" % (sys.implementation.name, _version(sys.implementation.version)),
        "clock": {"now_s": device.clock.now_s(), "uptime_s": device.clock.now_ms() // 1000},
        "memory": _memory(),
        "storage": {"free_bytes": device.store.files.free_bytes()},
        "tokens": {name: keeper.state for name, keeper in device.keepers.items()},
        "queue": _queue(device.outbox),
        "inbox": {"mails": device.inbox.count, "full": device.inbox.full},
        "last_checks": device.maildrops.last,
        "faults": device.store.faults,
        "log": device.journal.lines,
    }


def _version(parts):
    return ".".join([str(part) for part in parts[:3]])


def _memory():
    """Return the bytes of the heap; CPython has none of its own to count."""
    if not hasattr(gc, "mem_free"):
        return {"free_bytes": None, "used_bytes": None}
    gc.collect()
    return {"free_bytes": gc.mem_free(), "used_bytes": gc.mem_alloc()}


def _queue(outbox):
    counts = {}
    for job in outbox.jobs:
        counts[job.state] = counts.get(job.state, 0) + 1
    return counts
