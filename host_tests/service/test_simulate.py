"""`tools/simulate.py`, started as a person would: by the system's Python, from any folder."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from devices import PASSWORD, RUNTIMES, enter_settings, get_token

from device import DeviceClient, free_port

SIMULATE = Path(__file__).resolve().parents[2] / "tools" / "simulate.py"
LIMIT_S = 30


def plain_python():
    """Return a Python that lacks the packages of the environment."""
    return shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin") or sys.executable


class Simulation:
    """The process; its standard output is in `lines`."""

    def __init__(self, folder, *arguments, runtime="micropython", port=None, python=None):
        self.port = port or free_port()
        (folder / "password").write_text(PASSWORD + "\n")
        command = [python or sys.executable, str(SIMULATE), "--state", "state"]
        command += ["--http-port", str(self.port), "--runtime", runtime, "--heap", "256K"]
        command += ["--admin-password-file", "password", *map(str, arguments)]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            restore_signals=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            start_new_session=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def client(self):
        assert self.process.stdout.readline() == "ready http://127.0.0.1:%d\n" % self.port
        client = DeviceClient("http://127.0.0.1:%d" % self.port)
        client.sign_in(PASSWORD)
        return client

    def end(self):
        """Return exit status, standard output and standard error."""
        output, errors = self.process.communicate(timeout=LIMIT_S)
        return self.process.returncode, output, errors


@pytest.fixture(params=RUNTIMES)
def runtime(request):
    return request.param


def assert_refused(simulation, *words):
    status, output, errors = simulation.end()
    assert status not in (0, None)
    assert "ready" not in output
    assert "Traceback" not in output + errors
    for word in words:
        assert word in output + errors


def test_simulate_by_plain_python_is_set_up_through_the_api_alone(tmp_path, sandbox, runtime):
    anchor = sandbox.endpoints["ca_pem"]
    with Simulation(
        tmp_path, "--trust-anchor", anchor, runtime=runtime, python=plain_python()
    ) as simulation:
        client = simulation.client()
        enter_settings(client, sandbox.endpoints)
        assert get_token(client, sandbox.endpoints, "smtp")["state"] == "ACQUIRED"
        assert client.call("POST", "/api/settings/smtp/test")["result"] == "ok"
        assert client.call("GET", "/api/status")["runtime"].startswith(runtime)
    assert (tmp_path / "state").is_dir()


def test_simulate_started_again_without_anchor_keeps_state_and_anchors(tmp_path, sandbox, runtime):
    foreign = tmp_path / "foreign.pem"
    foreign.write_bytes(_other_ca())
    anchors = ["--trust-anchor", foreign, "--trust-anchor", sandbox.endpoints["ca_pem"]]
    with Simulation(tmp_path, *anchors, runtime=runtime) as simulation:
        enter_settings(simulation.client(), sandbox.endpoints)
    with Simulation(tmp_path, runtime=runtime) as simulation:
        get_token(simulation.client(), sandbox.endpoints, "smtp")


def test_simulate_started_with_other_anchor_trusts_that_one_alone(tmp_path, sandbox, runtime):
    foreign = tmp_path / "foreign.pem"
    foreign.write_bytes(_other_ca())
    with Simulation(
        tmp_path, "--trust-anchor", sandbox.endpoints["ca_pem"], runtime=runtime
    ) as simulation:
        enter_settings(simulation.client(), sandbox.endpoints)
    with Simulation(tmp_path, "--trust-anchor", foreign, runtime=runtime) as simulation:
        client = simulation.client()
        with pytest.raises(Exception, match="certificate"):
            client.call("POST", "/api/tokens/smtp/get")
        assert client.token("smtp")["state"] == "NOT_ACQUIRED"


def _other_ca():
    import trustme

    return trustme.CA().cert_pem.bytes()


def test_simulate_port_in_use_is_a_clear_error(tmp_path, runtime):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with Simulation(tmp_path, runtime=runtime, port=port) as simulation:
            assert_refused(simulation, "Port %d" % port, "in use")


def test_simulate_state_of_running_device_is_refused(tmp_path, runtime):
    with Simulation(tmp_path, runtime=runtime) as first:
        client = first.client()
        with Simulation(tmp_path, runtime=runtime) as second:
            assert_refused(second, "state is in use")
        assert client.call("GET", "/api/status")["faults"] == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--http-port", "70000"], "--http-port"),
        (["--trust-anchor", "missing.pem"], "missing.pem"),
        (["--trust-anchor", "password"], "no certificate"),
        (["--admin-password-file", "missing"], "missing"),
        (["--runtime", "nonsense"], "nonsense"),
    ],
)
def test_simulate_bad_argument_is_a_clear_error(tmp_path, arguments, word):
    with Simulation(tmp_path, *arguments) as simulation:
        assert_refused(simulation, word)


@pytest.mark.parametrize(
    ("number", "expected"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 0)]
)
def test_simulate_signalled_ends_with_no_process_left(tmp_path, runtime, number, expected):
    with Simulation(tmp_path, runtime=runtime, python=plain_python()) as simulation:
        simulation.client()
        simulation.process.send_signal(number)
        assert simulation.end()[0] == expected
    assert _processes_of(simulation.process.pid) == []


def _processes_of(session):
    """Return the processes of a session; the fourth field after the name is its id."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(stat.parent.name)
    return found


def test_simulate_interrupted_while_making_its_image_starts_again(tmp_path):
    with Simulation(tmp_path) as simulation:
        while not list(tmp_path.glob("state/flash.*")):
            assert simulation.process.poll() is None
            os.sched_yield()
    with Simulation(tmp_path) as simulation:
        assert simulation.client().call("GET", "/api/status")["faults"] == []
