"""Which account signed in: ID token, userinfo, and what is shown when it is another."""

import binascii
import json

from fakes.keeper import NO_NETWORK, Bench
from fakes.provider import refused, tokens
from mfpmail.core.identity import owner_in, owner_of_id_token, owner_of_userinfo
from mfpmail.core.token import ACQUIRED
from support import run

USERINFO = "https://provider.test/userinfo"


def id_token(**claims):
    body = binascii.b2a_base64(json.dumps(claims).encode()).decode().strip()
    return "e30." + body.replace("+", "-").replace("/", "_").rstrip("=") + ".c2ln"


def acquired(*answers, **changes):
    bench = Bench()
    bench.configuration.put("smtp", changes, False)
    bench.started().http.answers = list(answers)
    assert bench.poll_after(5) == ACQUIRED
    return bench


def test_id_token_names_the_account_in_the_claims_of_each_vendor():
    for claim in ("preferred_username", "email", "upn", "unique_name"):
        assert owner_of_id_token(id_token(**{claim: "a@b.test", "sub": "x"})) == "a@b.test"
    both = id_token(email="mail@b.test", preferred_username="sign-in@b.test")
    assert owner_of_id_token(both) == "sign-in@b.test"
    assert owner_of_id_token(id_token(preferred_username="alice", email="a@b.test")) == "a@b.test"


def test_id_token_of_any_length_is_decoded():
    for padding in range(6):
        assert owner_of_id_token(id_token(email="a@b.test", x="ÿ?>" * padding)) == "a@b.test"


def test_id_token_that_is_none_names_nobody():
    for text in ("", "a.b", "a.b.c", "a..c", "....", "a.!!!!.c", id_token(email=7), id_token()):
        assert owner_of_id_token(text) == "", text
    for bad in ("a b@c.test", "a\n@b.test", "x" * 300 + "@b.test"):
        assert owner_in({"email": bad}) == ""
    assert owner_in([1]) == ""


def test_userinfo_names_the_account_only_when_it_is_an_answer():
    assert owner_of_userinfo(200, b'{"email": "a@b.test"}') == "a@b.test"
    for status, body in ((401, b'{"email": "a@b.test"}'), (200, b"<html>"), (200, b"\xff")):
        assert owner_of_userinfo(status, body) == ""


def test_token_of_the_account_entered_is_shown_without_a_warning():
    bench = acquired(tokens(id_token=id_token(email="SCAN@mail.test")))
    shown = bench.keeper.public()
    assert (shown["owner"], shown["owner_differs"]) == ("SCAN@mail.test", False)


def test_token_of_another_account_is_shown_as_such_and_stays_over_restart_and_renewal():
    bench = acquired(tokens(id_token=id_token(email="other@mail.test")))
    for _ in range(2):
        shown = bench.keeper.public()
        assert (shown["state"], shown["owner"]) == (ACQUIRED, "other@mail.test")
        assert (shown["account"], shown["owner_differs"]) == ("scan@mail.test", True)
        bench.restart()
        bench.http.answers = [tokens(2)]
        run(bench.keeper.refresh("access-1"))


def test_token_without_a_name_is_shown_without_a_warning():
    shown = acquired(tokens()).keeper.public()
    assert (shown["owner"], shown["owner_differs"]) == ("", False)


def test_userinfo_is_asked_once_with_the_token_where_the_answer_names_nobody():
    bench = acquired(tokens(), (200, {"email": "o@mail.test"}), userinfo_endpoint=USERINFO)
    assert bench.keeper.public()["owner"] == "o@mail.test"
    assert bench.http.requests[-1][0] == USERINFO
    assert bench.http.sent_headers["Authorization"] == "Bearer access-1"
    named = acquired(tokens(id_token=id_token(email="a@b.test")), userinfo_endpoint=USERINFO)
    assert named.http.requests[-1][0] != USERINFO


def test_userinfo_that_fails_does_not_lose_the_token():
    for answer in (NO_NETWORK, refused("invalid_token", 401), (200, b"<html>")):
        bench = acquired(tokens(), answer, userinfo_endpoint=USERINFO)
        assert (bench.keeper.state, bench.keeper.public()["owner"]) == (ACQUIRED, "")


def test_deleted_token_takes_the_name_with_it():
    bench = acquired(tokens(id_token=id_token(email="other@mail.test")))
    bench.keeper.delete()
    assert bench.keeper.public()["owner"] == ""
