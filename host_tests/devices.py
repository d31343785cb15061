"""Fixtures: the sandbox, and devices under both interpreters that talk to it."""

import pytest

from device import DeviceProcess
from sandbox.approve import approve
from sandbox.sandbox import Sandbox
from story import pop_fields, smtp_fields

PASSWORD = "correct horse"
RUNTIMES = ("micropython", "cpython")


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory):
    """The sandbox's servers, shared by all tests of a run."""
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(params=RUNTIMES)
def device(request, sandbox, tmp_path):
    """A fresh device that nobody has set up, once under each interpreter."""
    with started_device(request.param, sandbox, tmp_path / "device") as process:
        yield process


@pytest.fixture(scope="module", params=RUNTIMES)
def module_device(request, sandbox, tmp_path_factory):
    """A device pointed at the sandbox, kept for all tests of a module, under each interpreter."""
    with started_device(request.param, sandbox, tmp_path_factory.mktemp("device")) as process:
        yield process


@pytest.fixture(scope="module")
def browsed_device(sandbox, tmp_path_factory):
    """The same under MicroPython only, for the tests that look at it through a browser."""
    with started_device("micropython", sandbox, tmp_path_factory.mktemp("device")) as process:
        yield process


@pytest.fixture
def configured_device(browsed_device):
    """The browsed device with all four settings entered and no token."""
    client = browsed_device.client()
    for name in ("smtp", "ifax", "eprint", "estatus"):
        client.call("DELETE", "/api/tokens/" + name)
    enter_settings(client, browsed_device.endpoints)
    return browsed_device


def started_device(runtime, sandbox, folder):
    """Return a DeviceProcess, not started yet, that trusts the sandbox."""
    process = DeviceProcess(folder, PASSWORD, sandbox.endpoints["ca_pem"], runtime)
    process.endpoints = sandbox.endpoints
    return process


def enter_settings(client, endpoints):
    """Point all four settings at the sandbox."""
    client.put_setting("smtp", **smtp_fields(endpoints))
    for name in ("ifax", "eprint", "estatus"):
        client.put_setting(name, **pop_fields(endpoints))


def get_token(client, endpoints, name):
    """Obtain a token as a person would; return its display."""
    code = client.call("POST", "/api/tokens/%s/get" % name)
    approve(
        code["verification_uri_complete"],
        endpoints["account"],
        endpoints["account_password"],
        endpoints["ca_pem"],
    )
    return client.wait_for_state(name, "ACQUIRED")
