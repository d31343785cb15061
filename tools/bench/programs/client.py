"""Sends with the firmware's own session, as the device does, under either interpreter.

client.py WORK.json; see common.py. `token` signs in with XOAUTH2.
"""

from common import (
    PASSWORD,
    Sampler,
    elapsed_ms,
    live_bytes,
    main,
    now,
    open_net,
    server_settings,
)

DATE = "Tue, 24 Nov 2026 10:00:00 +0000"
BOUNDARY = "=_0123456789abcdef0123456789abcdef"


def make_session(work, net):
    """Return a session that is not connected yet."""
    from mfpmail.session.smtp import SmtpSession

    return SmtpSession(net, server_settings(work), "mfpmail.local")


async def sign_in(work, session):
    """Connect and sign in."""
    await session.open()
    if "token" in work:
        await session.authenticate_xoauth2(work["account"], work["token"])
    else:
        await session.authenticate_password(work["account"], PASSWORD)


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


async def heap(work):
    """The live heap at rest without the code that sends, at rest with it, and the most of it in
    the midst of a mail, for each of `mails`."""
    net = open_net(work)
    most = [0] * len(work["mails"])
    result = {"bare_bytes": live_bytes()}
    work.update(work["mails"][0])
    make_session(work, net)
    spooled(work)
    for name in ("mfpmail.core.saslsmtp", "mfpmail.session.pump"):  # loaded when it comes to it
        __import__(name)
    result["idle_bytes"] = live_bytes()
    for index, mail in enumerate(work["mails"]):
        work.update(mail)
        sampler = Sampler(work["size_bytes"])
        session = make_session(work, net)
        await sign_in(work, session)
        await deliver(work, session, spooled(work), sampler.take)
        await session.quit()
        most[index] = sampler.most_bytes
    result["sending_bytes"] = most
    return result


main(scan, many, trips, heap)
