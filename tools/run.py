"""Starts the sandbox and the device for a person at the browser; Ctrl-C ends both.

What was entered and obtained stays in build/run, or in the folder that `--state` names, and is
there again the next time.
"""

import argparse
import contextlib
import secrets
import signal
import socket
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools")]

from lock import lock_folder  # noqa: E402

from device import DeviceError, DeviceProcess  # noqa: E402
from story import pop_fields, smtp_fields  # noqa: E402

STATE = ROOT / "build" / "run"
USUAL_PORT = 8080


def password(state):
    """Return the administrator's password, made at the first run."""
    path = state / "password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(9))
    return path.read_text()


def provider_roots_file(state):
    """Return a PEM file with the public roots of the real providers."""
    from truststore import provider_roots

    path = state / "providers.pem"
    path.write_text(provider_roots())
    return path


def enter_settings(device, endpoints):
    """Point all settings that are new, or that point at this sandbox already, at its ports."""
    client = device.client()
    for name in ("smtp", "ifax", "eprint", "estatus"):
        fields = (smtp_fields if name == "smtp" else pop_fields)(endpoints)
        found = client.call("GET", "/api/settings/" + name)
        ours = found["server"] == fields["server"] and found["client_id"] == fields["client_id"]
        if ours:
            moving = ("port", "device_authorization_endpoint", "token_endpoint")
            client.put_setting(name, **{field: fields[field] for field in moving})
        elif not found["server"]:
            client.put_setting(name, **fields)


def usual_port():
    """Return 8080, where a person's bookmark points; 0 for any other when that is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", USUAL_PORT))
        except OSError:
            return 0
    return USUAL_PORT


def announce(device, endpoints):
    """Tell the person where to go."""
    print()
    print("  the device          %s" % device.url)
    print("  administrator       %s" % device.password)
    if endpoints:
        print("  provider's account  %s" % endpoints["account"])
        print("  its password        %s" % endpoints["account_password"])
        print("  (the browser will warn of the provider's page: its certificate is the sandbox's)")
    print("  Ctrl-C ends everything.")
    print(flush=True)


def serve(state, runtime, sandbox):
    """Run until the device ends."""
    endpoints = sandbox.endpoints if sandbox else None
    ca_pem = endpoints["ca_pem"] if sandbox else provider_roots_file(state)
    device = DeviceProcess(
        state / "device", password(state), ca_pem, runtime, log=lambda text: print(text, flush=True)
    )
    device.port = usual_port()
    with device:
        if sandbox:
            enter_settings(device, endpoints)
        announce(device, endpoints)
        while device.running:
            time.sleep(0.2)
    print("the device has ended")


def main():
    """Run as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runtime", choices=("micropython", "cpython"), default="micropython")
    parser.add_argument("--no-sandbox", action="store_true", help="for real providers")
    parser.add_argument("--state", type=Path, default=STATE, help="folder for all that is kept")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    lock_folder(options.state)
    try:
        run(options)
    except DeviceError as error:
        print(error)
        return 1
    except KeyboardInterrupt:
        print("\nended")
    return 0


def run(options):
    """Start what the command line asks for; all of it ends with this."""
    with contextlib.ExitStack() as stack:
        sandbox = None
        if not options.no_sandbox:
            from sandbox.sandbox import Sandbox

            sandbox = stack.enter_context(Sandbox(options.state / "sandbox"))
        serve(options.state, options.runtime, sandbox)


if __name__ == "__main__":
    sys.exit(main())
