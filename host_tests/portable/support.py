"""What the portable tests share; runs on both interpreters, so no pytest here."""

import asyncio

from mfpmail.core.errors import MailError


def failure(action, *arguments):
    """Return the MailError that a call raises; fail when it raises none."""
    try:
        action(*arguments)
    except MailError as error:
        return error
    raise AssertionError("no MailError was raised")


def run(coroutine):
    """Run a coroutine to its end, within ten seconds."""
    return asyncio.run(asyncio.wait_for(coroutine, 10))


def failure_of(coroutine):
    """Return the MailError that a coroutine raises; fail when it raises none."""
    return failure(run, coroutine)


OAUTH = {
    "auth_method": "oauth2",
    "provider": "custom",
    "account": "scan@mail.test",
    "client_id": "client-1",
    "scope": "mail offline_access",
    "device_authorization_endpoint": "https://provider.test/device_authorization",
    "token_endpoint": "https://provider.test/token",
}


def configure(device, name="smtp", **changes):
    """Enter a whole setting with OAuth 2.0 over implicit TLS."""
    entered = dict(OAUTH)
    entered.update({"server": "mail.test", "security": "tls"})
    entered.update(changes)
    device.configuration.put(name, entered, False)


async def acquire(device, http, name="smtp", answer=None):
    """Obtain a token by the device grant; `answer` is the provider's, `tokens()` unless given."""
    from fakes.provider import DEVICE_ANSWER, tokens

    http.answers = [(200, DEVICE_ANSWER), answer or tokens()]
    keeper = device.keepers[name]
    await keeper.start()
    device.clock.advance_s(5)
    await keeper.poll()
    assert keeper.state == "ACQUIRED", keeper.state
    return keeper


def spool(device, to="a@far.test", files=(), subject="Scan", text="See the file."):
    """Put a job into the queue as an upload does; `files` are `(name, content)`."""
    from mfpmail.service.draft import Draft

    draft = Draft(device.outbox, device.store.files, device.clock, device.random_bytes)
    for name, content in files:
        draft.open_file(name, "")
        draft.write(content)
        draft.close_file()
    if text:
        draft.write_text(text.encode())
    fields = {"to": to, "subject": subject, "mode": ""}
    return draft.commit(fields, ("Printer", "scan@mail.test"))


MAX_TURNS = 200000  # of the event loop; what is to happen needs some hundreds


async def supervised(device, reached):
    """Run the standing tasks until something is reached; they never end by themselves."""
    task = asyncio.create_task(device.supervisor.run())
    for _ in range(MAX_TURNS):
        if reached():
            break
        await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass


def device_with(*scripts, name="smtp", acquired=True, **changes):
    """Return a device with one setting, which talks to these servers, and its ports."""
    from fakes.ports import FakePorts
    from mfpmail.service.device import Device

    ports = FakePorts(*scripts)
    device = Device(ports)
    configure(device, name, **changes)
    if acquired:
        run(acquire(device, ports.http, name))
    return device, ports


async def ended_after(coroutine, seconds):
    """Let a task that never ends run for a moment."""
    try:
        await asyncio.wait_for(coroutine, seconds)
    except asyncio.TimeoutError:
        return
    raise AssertionError("the task ended")
