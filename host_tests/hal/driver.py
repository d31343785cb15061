"""Runs the cases of a test through the adapters, on CPython and on MicroPython alike.

MicroPython runs it as a script: `driver.py FIRMWARE_FOLDER CASES_FILE`; one line of JSON a case.
A case is a dict: `do` names a function of this file, the rest are its arguments.
"""

import asyncio
import hashlib
import json
import os
import sys
import time
from binascii import hexlify

IS_MICROPYTHON = sys.implementation.name == "micropython"
CLOCK_MS = getattr(time, "ticks_ms", None) or (lambda: int(time.monotonic() * 1000))


class Driver:
    """`adapters`: the modules with `Net` and `Http`. `anchors`: a list of DER bytes."""

    def __init__(self, net, http, error, anchors):
        self._net = net.Net(anchors)
        self._http = http.Http(anchors)
        self._error = error

    async def run(self, case):
        """The outcome of one case: what its function returns, or the error it ended with."""
        case = dict(case)
        started = CLOCK_MS()
        open_before = count_descriptors()
        try:
            outcome = await getattr(self, case.pop("do"))(**case)
        except self._error as error:
            outcome = {"error": error.code, "type": type(error).__name__, "message": str(error)}
            outcome["kind"] = error.kind
        outcome["elapsed_ms"] = CLOCK_MS() - started
        outcome["leaked"] = count_descriptors() - open_before
        return outcome

    async def post(self, url, headers=None, body="", deadline_ms=5000):
        return await self._answer(self._http.post(url, headers or {}, body, deadline_ms))

    async def get(self, url, headers=None, deadline_ms=5000):
        return await self._answer(self._http.get(url, headers or {}, deadline_ms))

    async def _answer(self, call):
        module = sys.modules.get("tls")
        try:
            answer = await call
        finally:
            assert sys.modules.get("tls") is module
        assert isinstance(answer[2], bytes)
        if len(answer[2]) > 4096:  # JSON would need several times the memory of the body
            return {"status": answer[0], "sha1": hexlify(hashlib.sha1(answer[2]).digest()).decode()}
        return {"status": answer[0], "headers": answer[1], "body": str(answer[2], "utf-8")}

    async def beside_module(self, method, url):
        """A request while `tls` is already in `sys.modules`, as after some other import of it."""
        sys.modules["tls"] = self
        try:
            outcome = await getattr(self, method)(url)
            assert sys.modules["tls"] is self
        finally:
            del sys.modules["tls"]
        return outcome

    async def cancel_request(self, method, url):
        """Cancels a call that waits for its answer."""
        task = asyncio.create_task(getattr(self, method)(url))
        await asyncio.sleep(0.1)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return {"outcome": "cancelled", "registered": count_registered()}

    async def connect(self, port, host="localhost", tls=True, timeout_ms=5000, say="", until=0):
        """Connects, says something, and reads `until` bytes (or to the end)."""
        stream = await self._net.connect(host, port, tls, timeout_ms)
        try:
            await stream.write(say.encode())
            return {"heard": str(await read(stream, until), "utf-8")}
        finally:
            await stream.close()

    async def flood(self, port, tls, timeout_ms):
        """Writes until that fails."""
        stream = await self._net.connect("localhost", port, tls, timeout_ms)
        await flood(stream)

    async def start_tls(self, port, greeting, command, reply, after):
        """A conversation in clear, then one over TLS."""
        stream = await self._net.connect("localhost", port, False, 5000)
        try:
            heard = [str(await read(stream, greeting), "utf-8")]
            await stream.write(command.encode())
            heard.append(str(await read(stream, reply), "utf-8"))
            await stream.start_tls()
            await stream.write(b"secret\r\n")
            heard.append(str(await read(stream, after), "utf-8"))
            return {"heard": heard}
        finally:
            await stream.close()

    async def transfer(self, port, size, tls, block=4096):
        """Sends `size` bytes, then reads as many; both are checked against the pattern."""
        stream = await self._net.connect("localhost", port, tls, 5000)
        try:
            data = pattern(block)
            started = CLOCK_MS()
            for _ in range(size // block):
                await stream.write(data)
            heard = bytearray(1)
            assert await stream.readinto(heard) == 1
            written = CLOCK_MS()
            buf = bytearray(block)
            view = memoryview(buf)
            wrong, left = 0, size
            while left:
                have = 0
                while have < block:
                    have += await stream.readinto(view[have:])
                wrong += buf != data
                left -= block
            return {
                "wrong": wrong,
                "write_ms": written - started,
                "read_ms": CLOCK_MS() - written,
            }
        finally:
            await stream.close()

    async def cancel(self, port, tls, write=False):
        """Cancels a task that waits; counts what it leaves in the event loop."""
        stream = await self._net.connect("localhost", port, tls, 5000)
        task = asyncio.create_task(flood(stream) if write else read(stream, 1))
        await asyncio.sleep(0.1)
        task.cancel()
        try:
            await task
            outcome = "ended"
        except asyncio.CancelledError:
            outcome = "cancelled"
        return {"outcome": outcome, "registered": count_registered()}

    async def close_while_waiting(self, port, tls):
        """Closes a stream on which another task waits."""
        stream = await self._net.connect("localhost", port, tls, 5000)
        task = asyncio.create_task(read(stream, 1))
        await asyncio.sleep(0.1)
        await stream.close()
        await stream.close()
        try:
            await task
        finally:
            assert count_registered() == 0

    async def share(self, port, tls):
        """How often another task gets its turn while a stream writes without pause."""
        turns = [0]
        stream = await self._net.connect("localhost", port, tls, 5000)
        other = asyncio.create_task(take_turns(turns))
        for _ in range(1000):
            await stream.write(pattern(4096))
        other.cancel()
        await stream.close()
        return {"turns": turns[0]}

    async def wait_twice(self, port, tls):
        """A wait that ends in time, then a shorter one that does not; then the stream is dead."""
        stream = await self._net.connect("localhost", port, tls, 5000)
        await stream.write(b"ping")
        await read(stream, 4)
        stream.timeout_ms = 200
        try:
            await read(stream, 1)
        except self._error as error:
            first = error.code
        try:
            await stream.write(b"pong")
        finally:
            assert first == "timeout"


async def read(stream, size):
    """`size` bytes; to the end of the stream when `size` is 0 or more than there is."""
    heard = b""
    while not size or len(heard) < size:
        buf = bytearray(size - len(heard) if size else 64)
        count = await stream.readinto(buf)
        if not count:
            break
        heard += buf[:count]
    return heard


async def flood(stream):
    while True:
        await stream.write(pattern(4096))


async def take_turns(turns):
    while True:
        turns[0] += 1
        await asyncio.sleep(0)


def pattern(size):
    return bytes(bytearray((i * 7 + i // 256) & 0xFF for i in range(size)))


def count_descriptors():
    """Descriptors open in this process; 0 on CPython, where the servers live in it as well."""
    return len(os.listdir("/proc/self/fd")) if IS_MICROPYTHON else 0


def count_registered():
    """Sockets that the event loop still watches, and tasks still queued."""
    if IS_MICROPYTHON:
        from asyncio import core

        return len(core._io_queue.map) + (core._task_queue.peek() is not None)
    loop = asyncio.get_running_loop()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    watched = [key for key in loop._selector.get_map().values() if key.fd != loop._ssock.fileno()]
    return len(watched) + len(others)


def main():
    sys.path.insert(0, sys.argv[1])
    from mfpmail.core.errors import MailError
    from mfpmail.hal.micropython import http, net

    with open(sys.argv[2]) as file:
        work = json.load(file)
    anchors = []
    for path in work["anchors"]:
        with open(path, "rb") as file:
            anchors.append(file.read())
    driver = Driver(net, http, MailError, anchors)
    for case in work["cases"]:
        print(json.dumps(asyncio.run(driver.run(case))))


if __name__ == "__main__":
    main()
