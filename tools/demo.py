"""The whole story without a person, against the sandbox; the last line says how it went."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools")]

from device import DeviceError, DeviceProcess  # noqa: E402
from sandbox.approve import ApprovalError, approve  # noqa: E402
from sandbox.sandbox import Sandbox  # noqa: E402
from story import Story  # noqa: E402


def tell(runtime, heap, folder):
    """Start sandbox and device, tell the story; return the number of steps."""
    with Sandbox(folder / "sandbox") as sandbox:
        print("sandbox: authorization server %s" % sandbox.endpoints["issuer"])
        ca_pem = sandbox.endpoints["ca_pem"]
        with DeviceProcess(folder / "device", "demo-password", ca_pem, runtime, heap) as device:
            print("device:  %s on %s" % (device.url, runtime))
            story = Story(device, sandbox.endpoints, approve, lambda text: print(text, flush=True))
            try:
                story.tell()
            except (DeviceError, ApprovalError, OSError):
                print("the device's last lines:\n  " + "\n  ".join(device.lines[-20:]))
                raise
            return story.steps


def main():
    """Run the demo as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runtime", choices=("micropython", "cpython"), default="micropython")
    parser.add_argument("--heap", default="256K", help="heap of MicroPython, default 256K")
    options = parser.parse_args()
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mfpmail-demo-") as folder:
        try:
            steps = tell(options.runtime, options.heap, Path(folder))
        except (DeviceError, ApprovalError, OSError) as error:
            print("demo: failed: %s" % error)
            return 1
    print("demo: ok (%d steps, %.1f s)" % (steps, time.monotonic() - started_s))
    return 0


if __name__ == "__main__":
    sys.exit(main())
