"""Fixtures for the tests of the network adapters."""

import asyncio
import gc
import json
import ssl
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from hal import authority, driver

from mfpmail.core.errors import MailError
from mfpmail.hal.cpython import http, net

ROOT = Path(__file__).resolve().parents[2]
MICROPYTHON = Path(sys.executable).with_name("micropython")


@pytest.fixture(scope="session")
def issuer():
    """The authority that the device trusts."""
    return authority.Authority("trusted")


@pytest.fixture(scope="session")
def contexts(issuer, tmp_path_factory):
    """TLS contexts of servers: one good, the others to be refused."""
    folder = tmp_path_factory.mktemp("tls")

    def context(pair, minimum=ssl.TLSVersion.TLSv1_2):
        return authority.server_context(folder, pair, minimum)

    return {
        "good": context(issuer.issue()),
        "expired": context(issuer.issue(from_day=-30, to_day=-2)),
        "not_yet_valid": context(issuer.issue(from_day=2, to_day=30)),
        "wrong_host": context(issuer.issue(host="other.example")),
        "unknown_issuer": context(authority.Authority("unknown").issue()),
        "expired_of_unknown": context(authority.Authority("unknown").issue("localhost", -30, -2)),
        "self_signed": context(authority.self_signed()),
        "tls13_only": context(issuer.issue(), ssl.TLSVersion.TLSv1_3),
    }


@pytest.fixture(params=["cpython", "micropython"])
def run(request, issuer, tmp_path):
    """`run(case, …, anchors=None, heap="256K")`: the outcomes of the cases on one interpreter.

    No case may leave a descriptor open.
    """
    run_cases = _run_here if request.param == "cpython" else _run_on_micropython

    def run(*cases, anchors=None, heap="256K"):
        anchors = [issuer.anchor] if anchors is None else anchors
        outcomes = run_cases(tmp_path, anchors, cases, heap)
        assert [outcome.pop("leaked") for outcome in outcomes] == [0] * len(cases)
        return outcomes

    run.is_micropython = request.param == "micropython"
    return run


def _run_here(_folder, anchors, cases, _heap):
    async def run_all():
        return [await runner.run(case) for case in cases]

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        runner = driver.Driver(net, http, MailError, anchors)
        outcomes = asyncio.run(run_all())
        gc.collect()
    assert [str(warning.message) for warning in caught] == []
    return outcomes


def _run_on_micropython(folder, anchors, cases, heap):
    paths = []
    for index, anchor in enumerate(anchors):
        path = folder / ("%d.der" % index)
        path.write_bytes(anchor)
        paths.append(str(path))
    work = folder / "work.json"
    work.write_text(json.dumps({"anchors": paths, "cases": cases}))
    script = Path(driver.__file__)
    command = [MICROPYTHON, "-X", "heapsize=" + heap, script, ROOT / "firmware", work]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stderr == "", done.stderr
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(outcomes) == len(cases), done.stdout
    return outcomes
