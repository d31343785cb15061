"""Composition root: takes the board's ports, builds the device and its web server, runs both."""

import asyncio
import sys

import board
from mfpmail.core.errors import MailError
from mfpmail.service.device import Device
from mfpmail.web.app import make_app, serve


async def run(ports):
    """Run the device until it is stopped."""
    device = Device(ports)
    with device.overlays:
        first_password = device.admin.ensure_password()
    if first_password:
        ports.print_line("administrator password: " + first_password)
    app = make_app(device, ports.file_exists)
    address = "http://%s:%d" % (ports.http_host, ports.http_port)
    await asyncio.gather(
        serve(app, ports.http_host, ports.http_port, lambda: ports.print_line("ready " + address)),
        device.supervisor.run(),
    )


def main():
    """Run on this board; returns when somebody presses Ctrl-C, exits with 1 when it cannot run."""
    ports = board.open_ports()
    try:
        asyncio.run(run(ports))
    except KeyboardInterrupt:
        pass
    except MailError as error:
        ports.print_line(error.message)
        sys.exit(1)


if __name__ == "__main__":
    main()
