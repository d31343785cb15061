"""What is sent comes back byte by byte, whatever its size and content, through the sandbox."""

import pytest
from service.roundtrips import (
    EMPTY,
    LARGE,
    SMALL,
    enter_and_get_tokens,
    round_trip,
    timed_five_mb_trip,
)

from sandbox.approve import approve


@pytest.fixture(scope="module")
def client(module_device):
    client = module_device.client()
    enter_and_get_tokens(client, module_device.endpoints, approve)
    return client


@pytest.fixture
def account(sandbox):
    return sandbox.endpoints["account"]


@pytest.mark.parametrize("name", [*SMALL, *LARGE])
def test_roundtrip_of_one_file_is_identical(client, account, name):
    files = {name: {**SMALL, **LARGE}[name]}
    assert round_trip(client, account, "one: " + name, files) == files


def test_roundtrip_of_many_files_is_identical(client, account):
    files = {**SMALL, **LARGE}
    assert round_trip(client, account, "many", {**EMPTY, **files}, "With a text.\n") == files


def test_roundtrip_of_text_with_dots_is_identical(client, account):
    text = ".\n..\n.x\n\n.\nΤέλος.\n"
    found = round_trip(client, account, "text", {}, text)
    assert found == {"message.txt": text.replace("\n", "\r\n").encode()}


def test_roundtrip_of_5_mb_is_identical(client, account, module_device):
    def say(line):
        print(module_device.runtime, line)

    assert timed_five_mb_trip(client, account, say)
    assert client.call("GET", "/api/status")["faults"] == []
