"""core/discovery.py and its use: endpoints that are found from the issuer, and kept."""

import json

from fakes.keeper import NO_NETWORK, Bench
from fakes.provider import DEVICE_ANSWER, tokens
from mfpmail.core import errors
from mfpmail.core.discovery import metadata_urls, parse_metadata
from mfpmail.core.providers import ENDPOINTS
from mfpmail.core.token import ACQUIRED, AWAITING_AUTH, NOT_ACQUIRED
from support import failure, failure_of, run

ISSUER = "https://login.test/tenant"
METADATA = {
    "issuer": ISSUER,
    "device_authorization_endpoint": ISSUER + "/device",
    "authorization_endpoint": ISSUER + "/authorize",
    "token_endpoint": ISSUER + "/token",
    "revocation_endpoint": ISSUER + "/revoke",
}
FIRST = "https://login.test/.well-known/oauth-authorization-server/tenant"
SECOND = ISSUER + "/.well-known/openid-configuration"
BLANK = {"device_authorization_endpoint": "", "token_endpoint": "", "issuer": ISSUER}


def metadata(**changes):
    found = dict(METADATA)
    found.update(changes)
    return found


def parsed(issuer=ISSUER, changes=None):
    """Return what the metadata say for somebody who asked this issuer."""
    return parse_metadata(issuer, 200, json.dumps(metadata(**changes or {})).encode())


def undiscovered(*answers):
    bench = Bench(*answers)
    bench.configuration.put("smtp", BLANK, False)
    return bench


def test_metadata_urls_put_the_well_known_part_where_each_standard_wants_it():
    assert metadata_urls(ISSUER) == (FIRST, SECOND)
    assert metadata_urls(ISSUER + "/") == (FIRST, SECOND)
    assert metadata_urls("https://login.test") == (
        "https://login.test/.well-known/oauth-authorization-server",
        "https://login.test/.well-known/openid-configuration",
    )


def test_metadata_gives_every_endpoint_or_nothing_in_its_place():
    found = parsed()
    assert sorted(found) == sorted(ENDPOINTS)
    assert found["token_endpoint"] == ISSUER + "/token"
    assert found["userinfo_endpoint"] == ""


def test_metadata_of_another_issuer_is_refused():
    assert failure(parsed, "https://other.test").code == "issuer_differs"
    assert failure(parsed, ISSUER + "/x").code == "issuer_differs"
    assert failure(parsed, ISSUER, {"issuer": 7}).code == "issuer_differs"
    assert parsed(ISSUER + "/")["token_endpoint"]


def test_metadata_that_is_none_is_refused():
    for status, body, kind in (
        (404, b"{}", errors.CONFIGURATION),
        (200, b"<html>", errors.CONFIGURATION),
        (200, b"[1]", errors.CONFIGURATION),
        (200, b"\xff", errors.CONFIGURATION),
        (503, b"{}", errors.TRANSIENT),
        (429, b"", errors.TRANSIENT),
    ):
        error = failure(parse_metadata, ISSUER, status, body)
        assert (error.code, error.kind) == ("no_metadata", kind), body
    assert failure(parsed, ISSUER, {"token_endpoint": ""}).code == "no_metadata"


def test_metadata_address_that_could_not_be_entered_is_as_if_it_were_not_there():
    for bad in ("http://login.test/r", "https://a@b/r", "https://l/ r", "x" * 600, 7, None):
        found = parsed(ISSUER, {"revocation_endpoint": bad})
        assert found["revocation_endpoint"] == "", bad


def test_start_with_an_issuer_alone_finds_the_endpoints_and_keeps_them():
    bench = undiscovered((200, METADATA), (200, DEVICE_ANSWER), tokens())
    assert run(bench.keeper.start())["state"] == AWAITING_AUTH
    assert [url for url, _ in bench.http.requests] == [FIRST, ISSUER + "/device"]
    bench.restart()
    assert bench.configuration.get("smtp")["revocation_endpoint"] == ISSUER + "/revoke"
    bench.http.answers = [tokens()]
    bench.clock.advance_s(5)
    run(bench.keeper.poll())
    assert bench.keeper.state == ACQUIRED
    assert bench.http.requests[-1][0] == ISSUER + "/token"


def test_start_asks_where_openid_connect_has_it_when_there_is_no_other():
    elsewhere = metadata(issuer="https://login.test")
    for first in ((404, {}), (400, b""), (200, b"<html>Home"), (200, elsewhere)):
        bench = undiscovered(first, (200, METADATA), (200, DEVICE_ANSWER))
        run(bench.keeper.start())
        assert [url for url, _ in bench.http.requests][:2] == [FIRST, SECOND]
    bench = undiscovered((503, {}))
    assert failure_of(bench.keeper.start()).kind == errors.TRANSIENT


def test_start_with_endpoints_entered_asks_for_no_metadata():
    bench = Bench((200, DEVICE_ANSWER))
    bench.configuration.put("smtp", {"issuer": ISSUER}, False)
    endpoint = "https://provider.test/device_authorization"
    by_hand = {"device_authorization_endpoint": endpoint, "token_endpoint": endpoint}
    bench.configuration.put("smtp", by_hand, False)
    run(bench.keeper.start())
    assert [url for url, _ in bench.http.requests] == [endpoint]


def test_start_without_metadata_stays_not_acquired_with_the_reason():
    bench = undiscovered((404, {}), (404, {}))
    assert failure_of(bench.keeper.start()).code == "no_metadata"
    shown = bench.keeper.public()
    assert (shown["state"], shown["reason"]) == (NOT_ACQUIRED, "no_metadata")


def test_start_while_the_issuer_cannot_be_reached_is_no_event():
    bench = undiscovered(NO_NETWORK)
    assert failure_of(bench.keeper.start()).code == "connect"
    assert (bench.keeper.state, bench.changes) == (NOT_ACQUIRED, [])


def test_delete_while_the_metadata_comes_ends_the_start():
    bench = undiscovered()

    def deleted():
        bench.keeper.delete()
        return 200, METADATA

    bench.http.answers = [deleted, (200, DEVICE_ANSWER)]
    assert failure_of(bench.keeper.start()).code == "token_missing"
    assert bench.keeper.state == NOT_ACQUIRED


def test_another_issuer_forgets_the_endpoints_of_the_last():
    bench = undiscovered((200, METADATA), (200, DEVICE_ANSWER))
    run(bench.keeper.start())
    bench.keeper.delete()
    merged = bench.configuration.put("smtp", {"issuer": "https://other.test"}, False)
    assert [merged[name] for name in ENDPOINTS] == [""] * len(ENDPOINTS)
    merged = bench.configuration.put(
        "smtp", {"issuer": "", "token_endpoint": "https://a.test/t"}, False
    )
    assert merged["token_endpoint"] == "https://a.test/t"
