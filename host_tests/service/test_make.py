"""`make run`, `make demo` and `make help` as a person uses them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from devices import RUNTIMES

from device import DeviceClient
from sandbox.approve import approve

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 60
END_LIMIT_S = 5


def make(*arguments):
    """Run make to its end; return the exit status and all output."""
    done = subprocess.run(
        ["make", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120, env=plain()
    )
    return done.returncode, done.stdout + done.stderr


def plain():
    """Return the environment without what an outer make hands down."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}


class Run:
    """`make run` in a process group of its own, as a terminal would start it."""

    def __init__(self, state, runtime):
        self.process = subprocess.Popen(
            ["make", "run", "RUNTIME=" + runtime, "STATE=%s" % state],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=plain(),
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        self.shown = {}

    def __enter__(self):
        """Read what is announced, up to the last line of it."""
        for line in self.process.stdout:
            words = line.strip().split("  ", 1)
            if len(words) == 2:
                self.shown[words[0]] = words[1].strip()
            if line.strip().startswith("Ctrl-C"):
                return self
        raise AssertionError("make run ended: %s" % self.shown)

    def __exit__(self, *_):
        self.interrupt()

    def client(self):
        client = DeviceClient(self.shown["the device"])
        client.sign_in(self.shown["administrator"])
        return client

    def interrupt(self):
        """Press Ctrl-C; return the seconds until everything has ended."""
        started_s = time.monotonic()
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        try:
            self.process.communicate(timeout=END_LIMIT_S * 4)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise
        return time.monotonic() - started_s


def processes_naming(text):
    """Return the command lines of the processes that name `text`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in command:
            found.append(command)
    return found


def get_token(client, run, state):
    """Obtain the token of `smtp` with what `make run` prints; return its display."""
    code = client.call("POST", "/api/tokens/smtp/get")
    approve(
        code["verification_uri_complete"],
        run.shown["provider's account"],
        run.shown["its password"],
        state / "sandbox" / "ca" / "ca.pem",
    )
    return client.wait_for_state("smtp", "ACQUIRED")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_make_run_keeps_its_token_over_ctrl_c(tmp_path, runtime):
    state = tmp_path / "state"
    with Run(state, runtime) as run:
        token = get_token(run.client(), run, state)
        assert len(processes_naming(str(state))) >= 2
        assert run.interrupt() < END_LIMIT_S
        assert processes_naming(str(state)) == []
    with Run(state, runtime) as again:
        assert again.shown["administrator"] == run.shown["administrator"]
        client = again.client()
        assert client.token("smtp") == token
        assert client.call("POST", "/api/settings/smtp/test")["result"] == "ok"
    assert processes_naming(str(state)) == []


def test_make_run_hung_up_leaves_no_process(tmp_path):
    state = tmp_path / "state"
    with Run(state, "cpython") as run:
        os.killpg(run.process.pid, signal.SIGHUP)
        run.process.communicate(timeout=END_LIMIT_S)
        end_s = time.monotonic() + END_LIMIT_S
        while processes_naming(str(state)) and time.monotonic() < end_s:
            time.sleep(0.05)
        assert processes_naming(str(state)) == []


def test_make_run_of_running_state_is_a_clear_error(tmp_path):
    state = tmp_path / "state"
    with Run(state, "cpython") as run:
        status, output = make("run", "RUNTIME=cpython", "STATE=%s" % state)
        assert status != 0
        assert "in use" in output
        assert "Traceback" not in output
        assert run.client().token("smtp")["state"] == "NOT_ACQUIRED"


@pytest.mark.parametrize("target", ["run", "demo"])
def test_make_unknown_runtime_is_a_clear_error(target, tmp_path):
    status, output = make(target, "RUNTIME=nonsense", "STATE=%s" % tmp_path)
    assert status != 0
    assert "nonsense" in output
    assert "micropython" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_make_demo_ends_with_ok(runtime):
    status, output = make("demo", "RUNTIME=" + runtime)
    assert status == 0, output
    assert output.splitlines()[-1].startswith("demo: ok (")


def test_demo_of_device_that_cannot_start_fails():
    command = [sys.executable, ROOT / "tools" / "demo.py", "--heap", "32K"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "demo: failed: The device did not start" in done.stdout
    assert "demo: ok" not in done.stdout
    assert done.stderr == ""


def test_make_help_lists_every_target():
    status, output = make("help")
    assert status == 0
    for target in ("setup", "run", "demo", "test", "interop", "lint", "clean"):
        assert "make " + target in output
    assert "RUNTIME=" in output
