"""Sends with the firmware's own session, as the device does, under either interpreter.

client.py WORK.json - prints one line of JSON. `do` in it names a function of this file; `lib` is
the folder of the modules, `boot` the boot.py of the flash, `trust` a DER file; `account` and, for
XOAUTH2, `token` sign in.
"""

import asyncio
import gc
import json
import sys
import time

IS_MICROPYTHON = sys.implementation.name == "micropython"
DATE = "Tue, 24 Nov 2026 10:00:00 +0000"
BOUNDARY = "=_0123456789abcdef0123456789abcdef"
SAMPLES = 50

if IS_MICROPYTHON:

    def elapsed_ms(since):
        return time.ticks_diff(time.ticks_us(), since) / 1000

    now = time.ticks_us
else:

    def elapsed_ms(since):
        return (time.perf_counter_ns() - since) / 1e6

    now = time.perf_counter_ns


def open_net(work):
    """Return the network port of this interpreter."""
    if IS_MICROPYTHON:
        from mfpmail.hal.unix.net import Net
    else:
        from mfpmail.hal.cpython.net import Net
    with open(work["trust"], "rb") as file:
        return Net([file.read()])


def make_session(work, net):
    """Return a session that is not connected yet."""
    from mfpmail.session.smtp import SmtpSession

    security = work.get("security", "tls")
    settings = {"server": "localhost", "port": work["port"], "security": security, "timeout_s": 60}
    return SmtpSession(net, settings, "mfpmail.local")


async def sign_in(work, session):
    """Connect and sign in."""
    await session.open()
    if "token" in work:
        await session.authenticate_xoauth2(work["account"], work["token"])
    else:
        await session.authenticate_password(work["account"], "bench")


def spooled(work):
    """Return the rendered mail of `work`, as the outbox holds one."""
    from mfpmail.service.spooled import SpooledMessage

    return SpooledMessage(work["record"], lambda: open(work["mail"], "rb"))


async def deliver(work, session, message, progress=lambda done_bytes: None, recipients=None):
    """Send one mail; return the milliseconds."""

    def open_attachment(index):
        return open(work["file"], "rb")

    to = recipients or [work["account"]]
    started = now()
    await session.send(work["account"], to, message, open_attachment, progress)
    return elapsed_ms(started)


async def scan(work):
    """A scan from the file to the server, composed here; for the whole process's time."""
    from mfpmail.core.message import Attachment, Message

    attachments = [Attachment("scan.pdf", "application/pdf", work["size_bytes"])]
    account, to = work["account"], [work["account"]]
    message_id = "<0123456789abcdef@bench.test>"
    message = Message(
        ("Scanner", account), to, "Scan", "A scan.\n", attachments, DATE, message_id, BOUNDARY
    )
    message.sizes_bytes = [work["size_bytes"]]
    message.size_bytes = message.total_bytes()
    session = make_session(work, open_net(work))
    await sign_in(work, session)
    result = {"data_ms": await deliver(work, session, message)}
    await session.quit()
    return result


async def many(work):
    """Small mails on one connection."""
    session = make_session(work, open_net(work))
    await sign_in(work, session)
    started = now()
    for _ in range(work["count"]):
        await deliver(work, session, spooled(work))
    result = {"ms": elapsed_ms(started)}
    await session.quit()
    return result


async def trips(work):
    """The first mail from the connect on, further ones, and one to many recipients."""
    net, message = open_net(work), spooled(work)
    session = make_session(work, net)
    started = now()
    await sign_in(work, session)
    await deliver(work, session, message)
    result = {"first_ms": elapsed_ms(started), "next_ms": [], "many_ms": []}
    for _ in range(work.get("count", 0)):
        result["next_ms"].append(await deliver(work, session, message))
        to = work["recipients"]
        result["many_ms"].append(await deliver(work, session, message, recipients=to))
    await session.abort()
    return result


def live_bytes():
    """Return what is alive in MicroPython's heap."""
    gc.collect()
    return gc.mem_alloc()


async def heap(work):
    """The live heap at rest without the code that sends, at rest with it, and the most of it in
    the midst of a mail, for each of `mails`."""
    net = open_net(work)
    work["sizes"] = [0] * len(work["mails"])
    most = [0, 0]  # live bytes, and the next sample is due at

    def sample(done_bytes):
        if done_bytes >= most[1]:
            most[0] = max(most[0], live_bytes())
            most[1] += work["size_bytes"] // SAMPLES

    result = {"bare_bytes": live_bytes()}
    work.update(work["mails"][0])
    make_session(work, net)
    spooled(work)
    for name in ("mfpmail.core.saslsmtp", "mfpmail.session.pump"):  # loaded when it comes to it
        __import__(name)
    result["idle_bytes"] = live_bytes()
    for index, mail in enumerate(work["mails"]):
        work.update(mail)
        most[:] = [0, 0]
        session = make_session(work, net)
        await sign_in(work, session)
        await deliver(work, session, spooled(work), sample)
        await session.quit()
        work["sizes"][index] = most[0]
    result["sending_bytes"] = work["sizes"]
    return result


def peak_bytes():
    """Return the most memory that this process has held; None where Linux does not tell."""
    try:
        with open("/proc/self/status") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def boot(path):
    """Run the firmware's boot.py: how often the heap is collected decides on speed and memory."""
    with open(path) as file:
        exec(file.read())  # noqa: S102 - the boot itself


def main():
    with open(sys.argv[1]) as file:
        work = json.load(file)
    sys.path.insert(0, work["lib"])
    if IS_MICROPYTHON:
        boot(work["boot"])
    result = asyncio.run(globals()[work["do"]](work))
    result["peak_bytes"] = peak_bytes()
    print(json.dumps(result))


main()
