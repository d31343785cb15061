"""A far-away server: passes TCP connections on, each way 50 ms late.

Started as `proxy.py PORT...`; prints one line of JSON, `{PORT: its own port}`, and ends with
standard input. The connection itself costs one round trip: the server hears of it 100 ms after
the client began (the client is told at once that it is connected, and what it writes waits).
"""

import asyncio
import json
import os
import sys

DELAY_S = 0.05


async def relay(reader, writer):
    """Pass on what comes, in order, each piece late by the same time."""
    loop = asyncio.get_running_loop()
    pieces = asyncio.Queue()

    async def deliver():
        while True:
            due_at, data = await pieces.get()
            await asyncio.sleep(due_at - loop.time())
            if not data:
                writer.close()
                return
            writer.write(data)

    delivery = asyncio.create_task(deliver())
    try:
        while data := await reader.read(65536):
            pieces.put_nowait((loop.time() + DELAY_S, data))
    except OSError:
        pass  # the same as its end
    pieces.put_nowait((loop.time() + DELAY_S, b""))
    await delivery


def forwarder(port):
    """Return what serves one connection to `port`."""

    async def forward(reader, writer):
        await asyncio.sleep(2 * DELAY_S)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(relay(reader, far_writer), relay(far_reader, writer))

    return forward


async def main():
    """Serve until standard input ends."""
    ports = {}
    for port in sys.argv[1:]:
        server = await asyncio.start_server(forwarder(int(port)), "127.0.0.1", 0)
        ports[port] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)  # connections that are open still do not matter


if __name__ == "__main__":
    asyncio.run(main())
