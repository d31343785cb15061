"""The session's rig of real servers; without them the tests are left out, under CI they fail."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from interop.rig import InteropRig

INSTALLER = Path(__file__).resolve().parents[2] / "tools" / "install_interop.sh"


def require_servers():
    """Fail under CI, leave the test out elsewhere, when a server is not installed."""
    check = subprocess.run([str(INSTALLER), "--check"], capture_output=True, text=True, timeout=60)
    if check.returncode == 0:
        return
    leave_out = pytest.fail if os.environ.get("CI") else pytest.skip
    missing = ", ".join((check.stdout + check.stderr).splitlines())
    leave_out("%s; tools/install_interop.sh adds the servers as root on Debian" % missing)


@pytest.fixture(scope="session")
def rig():
    """Postfix, Dovecot and oidc-provider, running; see InteropRig.endpoints."""
    require_servers()
    # Not pytest's own temporary folder: that is closed to the users which the servers run as.
    with (
        tempfile.TemporaryDirectory(prefix="mfpmail-interop-") as folder,
        InteropRig(folder) as running,
    ):
        yield running
