"""Starts the sandbox: `python tools/sandbox/run.py --state DIR`. Ends on SIGINT and SIGTERM.

The first line of output is `sandbox ` and the endpoints as JSON, then comes one line an event.
"""

import argparse
import json
import signal
import sys
import threading
import time
from pathlib import Path

# Run as a script, this folder would hide the package of the same name.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from sandbox.sandbox import Sandbox  # noqa: E402 - the path comes first


def main():
    options = _arguments()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with Sandbox(
        options.state,
        interval_s=options.interval_s,
        access_token_expires_in_s=options.access_token_expires_in_s,
        on_event=_print_event,
    ) as sandbox:
        print("sandbox " + json.dumps(sandbox.endpoints), flush=True)
        ended.wait()


def _arguments():
    parser = argparse.ArgumentParser(description="OAuth 2.0, SMTP and POP3 servers on loopback")
    parser.add_argument("--state", required=True, help="folder for CA, ports, tokens and mail")
    parser.add_argument("--interval-s", type=int, default=1, help="between polls for a token")
    parser.add_argument("--access-token-expires-in-s", type=int, default=3600)
    return parser.parse_args()


def _print_event(line):
    print(time.strftime("%H:%M:%S"), line, flush=True)


if __name__ == "__main__":
    main()
