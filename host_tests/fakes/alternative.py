"""A device with two accounts for sending, over scripted servers."""

import support
from fakes.ports import FakePorts
from fakes.provider import tokens
from mfpmail.core.errors import NetworkError
from mfpmail.service.device import Device
from support import acquire, configure, run

FIRST, SECOND = "mail.test", "mail2.test"
NO_DNS = NetworkError("dns", "The name mail.test could not be resolved.")
NO_ROUTE = NetworkError("connect", "No connection to mail.test.")
NUMBERS = {"smtp": 1, "smtp2": 2}  # of their tokens
UNAVAILABLE = b"554 5.2.2 mailbox unavailable\r\n"


def spool(device, *arguments, **changes):
    """Queue a job; what is only loaded for that is gone again, as after an upload."""
    with device.overlays:
        return support.spool(device, *arguments, **changes)


def device_with(*scripts, tokens_of=("smtp", "smtp2"), **second):
    """Return a device with both accounts, and its ports, which note the `hosts` connected to."""
    ports = FakePorts(*scripts)
    connect, ports.hosts = ports.net.connect, []

    async def watched(host, *arguments):
        ports.hosts.append(host)
        return await connect(host, *arguments)

    ports.net.connect = watched
    device = Device(ports)
    configure(device, sender_name="Printer")
    changes = {"server": SECOND, "account": "bob@mail2.test"}
    changes.update(second)
    configure(device, "smtp2", **changes)
    for name in tokens_of:
        run(acquire(device, ports.http, name, tokens(NUMBERS[name])))
    return device, ports


def send(device, ports):
    """Send what is due; return the hosts that were tried."""
    del ports.hosts[:]
    run(device.postman.send_due())
    return ports.hosts


def wait_for(job, device):
    device.clock.advance_s(job.next_attempt_at - device.clock.now_s())


def outcome(job):
    record = job.record
    return job.state, record["reason"], record["via"]
