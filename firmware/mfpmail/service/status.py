"""What the status page shows, gathered from the parts of the device."""

import gc
import sys

import mfpmail
from mfpmail.core import settings, token
from mfpmail.core.lifetime import next_end


def status_of(device):
    """Return the device's status as JSON types; nothing in it is secret."""
    warnings = warnings_of(device)
    return {
        "version": mfpmail.__version__,
        "runtime": "%s %s" % (sys.implementation.name, _version(sys.implementation.version)),
        "clock": {"now_s": device.clock.now_s(), "uptime_s": device.clock.now_ms() // 1000},
        "memory": _memory(),
        "storage": {"free_bytes": device.store.files.free_bytes()},
        "tokens": {name: keeper.state for name, keeper in device.keepers.items()},
        "led": _led(device, warnings),
        "warnings": warnings,
        "sending": {
            "through": device.postman.sending_through,
            "since": device.postman.sending_since,
        },
        "queue": _queue(device.outbox),
        "inbox": {"mails": device.inbox.count, "full": device.inbox.full},
        "last_checks": device.maildrops.last,
        "faults": device.store.faults,
        "log": device.journal.lines,
    }


def warnings_of(device):
    """Return a `{"setting", "topic", "dies_at", "days"}` for each token in use that dies soon or
    is Invalid: `days` is the threshold that was passed (see `core.lifetime`), 0 when Invalid."""
    found = []
    for name in settings.SETTINGS:
        keeper, setting = device.keepers[name], device.configuration.get(name)
        end = None
        if setting["server"] and setting["auth_method"] == "oauth2":
            if keeper.state == token.ACQUIRED:
                secret_ends_at = device.configuration.secret_ends_at(name)
                end = next_end(device.clock.now_s(), keeper.record, setting, secret_ends_at)
            elif keeper.state == token.INVALID:
                end = 0, None
        if end:
            topic = keeper.record["topic"] or "token_dies"
            found.append({"setting": name, "topic": topic, "dies_at": end[1], "days": end[0]})
    return found


def is_usable(device, name):
    """Say whether the account of a setting can sign in at its server, as far as is known."""
    setting = device.configuration.get(name)
    if setting["auth_method"] == "oauth2" and device.keepers[name].state != token.ACQUIRED:
        return False
    return bool(setting["server"])


def led_of(device):
    """Return what the LED shows: "off" (no account can be used), "ok", "waiting" (for somebody
    to sign in), "warning" or "fault"; of several the last."""
    return _led(device, warnings_of(device))


def _led(device, warnings):
    days = [warning["days"] for warning in warnings]
    if device.store.faults or 0 in days:
        return "fault"
    another_way = device.postman.sending_through == settings.ALTERNATIVE
    if days or (another_way and device.configuration.get(settings.SMTP)["server"]):
        return "warning"
    if token.AWAITING_AUTH in [keeper.state for keeper in device.keepers.values()]:
        return "waiting"
    return "ok" if any(is_usable(device, name) for name in settings.SETTINGS) else "off"


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
