"""service/accounts.py: a connection waits for another mail for a while, then says goodbye."""

import asyncio

import support
from fakes.ports import FakePorts
from fakes.smtpserver import SmtpServer
from mfpmail.service.device import Device
from support import acquire, configure, run

IDLE_S = 5


class Waits:
    """Stands in for `asyncio.sleep` within the block: whoever sleeps waits for `end`.

    `seconds` lists how long they wanted to.
    """

    def __init__(self):
        self.seconds = []
        self._sleep = asyncio.sleep
        self._ended = None

    def __enter__(self):
        self._ended = asyncio.Event()
        asyncio.sleep = self._wait
        return self

    def __exit__(self, *_):
        asyncio.sleep = self._sleep

    def end(self):
        """Let the time pass for all that sleep."""
        self._ended.set()

    async def _wait(self, seconds):
        if not seconds:
            await self._sleep(0)
            return
        self.seconds.append(seconds)
        await self._ended.wait()


async def prepared(is_lean):
    ports = FakePorts()
    ports.net = server = SmtpServer()
    device = Device(ports)
    device.postman.is_lean = is_lean
    configure(device)
    await acquire(device, ports.http)
    return device, server


async def send(device, subject):
    with device.overlays:
        support.spool(device, subject=subject)
    await device.postman.send_due()
    await asyncio.sleep(0)  # what waits has begun to


def test_idle_connection_says_goodbye_after_a_while():
    async def scenario():
        device, server = await prepared(False)
        with Waits() as waits:
            await send(device, "One")
            (stream,) = server.streams
            assert not stream.closed and waits.seconds == [IDLE_S]
            waits.end()
            await device.postman.closer
        assert stream.closed and stream.last_command == b"QUIT"
        assert device.postman.idle_line is None

    run(scenario())


def test_idle_connection_takes_the_next_mail_and_waits_again():
    async def scenario():
        device, server = await prepared(False)
        with Waits() as waits:
            for subject in ("One", "Two", "Three"):
                await send(device, subject)
                assert not server.streams[0].closed
            assert [mail.subject for mail in server.mails] == ["One", "Two", "Three"]
            assert waits.seconds == [IDLE_S] * 3
            waits.end()
            await device.postman.closer
        (stream,) = server.streams
        assert stream.closed and stream.last_command == b"QUIT"

    run(scenario())


def test_mail_after_the_goodbye_goes_over_a_connection_of_its_own():
    async def scenario():
        device, server = await prepared(False)
        for subject in ("One", "Two"):
            with Waits() as waits:
                await send(device, subject)
                waits.end()
                await device.postman.closer
        assert [mail.subject for mail in server.mails] == ["One", "Two"]
        assert [stream.closed for stream in server.streams] == [True, True]

    run(scenario())


def test_connection_where_memory_is_short_says_goodbye_at_once():
    async def scenario():
        device, server = await prepared(True)
        with Waits() as waits:
            await send(device, "One")
        (stream,) = server.streams
        assert stream.closed and stream.last_command == b"QUIT"
        assert waits.seconds == [] and device.postman.idle_line is None

    run(scenario())
