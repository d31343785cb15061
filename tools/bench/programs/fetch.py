"""Fetches with the firmware's own session and writer, as the device does, under either interpreter.

fetch.py WORK.json; see common.py. `folder` is where the files go, `sizes` are those of the mails in
the maildrop, in bytes.
"""

from common import PASSWORD, Sampler, elapsed_ms, live_bytes, main, now, open_net, server_settings


def open_files(work):
    """Return the storage port."""
    from mfpmail.hal.files import Files

    return Files(work["folder"])


async def sign_in(work, net):
    """Return a session that is connected and signed in."""
    from mfpmail.session.pop3 import Pop3Session

    session = Pop3Session(net, server_settings(work))
    await session.open()
    await session.authenticate_password(work["account"], PASSWORD)
    return session


async def receive(session, files, number, progress):
    """Store the files of a mail; return the milliseconds."""
    from mfpmail.service.mailwriter import Arrival

    started = now()
    arrival = Arrival("eprint", files, str(number), progress)
    await session.retrieve(number, arrival.take)
    arrival.close()
    taken_ms = elapsed_ms(started)
    (item,) = arrival.mail["items"]
    if arrival.is_cut or item["name"] != "scan.pdf":
        raise ValueError("the mail came in otherwise")
    return taken_ms


async def fetch(work):
    """One mail into a file; for the whole process's time."""
    session = await sign_in(work, open_net(work))
    result = {"ms": await receive(session, open_files(work), 1, lambda bytes_done: None)}
    await session.quit()
    return result


async def heap(work):
    """The live heap at rest without the code that receives, at rest with it, and the most of it
    in the midst of each mail."""
    net, files = open_net(work), open_files(work)
    most = [0] * len(work["sizes"])
    result = {"bare_bytes": live_bytes()}
    for name in ("session.pop3", "service.mailwriter"):
        __import__("mfpmail." + name)
    result["idle_bytes"] = live_bytes()
    for index, size_bytes in enumerate(work["sizes"]):
        sampler = Sampler(size_bytes)
        session = await sign_in(work, net)
        await receive(session, files, index + 1, sampler.take)
        await session.quit()
        most[index] = sampler.most_bytes
    result["fetching_bytes"] = most
    return result


main(fetch, heap)
