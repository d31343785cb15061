"""What is sent comes back byte by byte through Postfix and Dovecot, under both interpreters."""

import pytest
from devices import PASSWORD, RUNTIMES
from interop.oidc import approve_oidc
from service.roundtrips import (
    EMPTY,
    LARGE,
    SMALL,
    enter_and_get_tokens,
    round_trip,
    timed_five_mb_trip,
)

from device import DeviceProcess


@pytest.fixture(scope="module", params=RUNTIMES)
def interop_device(request, rig, tmp_path_factory):
    folder = tmp_path_factory.mktemp("device")
    with DeviceProcess(folder, PASSWORD, rig.endpoints["ca_pem"], request.param) as device:
        enter_and_get_tokens(device.client(), rig.endpoints, approve_oidc)
        yield device


@pytest.mark.parametrize("name", ["one byte.bin", "57 bytes.bin", "1 MB.pdf"])
def test_roundtrip_of_one_file_is_identical(interop_device, rig, name):
    files = {name: {**SMALL, **LARGE}[name]}
    client = interop_device.client()
    assert round_trip(client, rig.endpoints["account"], "one: " + name, files) == files


def test_roundtrip_of_many_files_is_identical(interop_device, rig):
    client = interop_device.client()
    files = {**EMPTY, **SMALL}
    assert round_trip(client, rig.endpoints["account"], "many", files, "A text.\n") == SMALL


def test_roundtrip_of_5_mb_is_identical(interop_device, rig):
    def say(line):
        print(interop_device.runtime, line)

    client = interop_device.client()
    assert timed_five_mb_trip(client, rig.endpoints["account"], say)
    assert client.call("GET", "/api/status")["faults"] == []
