"""service/tokens.py: renewing, and never losing, what the provider has given."""

import asyncio

from fakes.files import PowerCutError
from fakes.keeper import HTML, NO_NETWORK, Bench, acquired
from fakes.provider import refused, tokens
from mfpmail.core.token import ACQUIRED, INVALID, NOT_ACQUIRED
from support import failure_of, run


def expired(*answers, **changes):
    bench = acquired(*answers, **changes)
    bench.clock.advance_s(3600)
    return bench


def test_access_token_that_is_good_is_returned_without_asking():
    bench = acquired()
    bench.clock.advance_s(2519)  # the earliest is 70 % of the lifetime
    assert run(bench.keeper.access_token()) == "access-1"
    assert bench.http.requests == []


def test_access_token_that_lives_a_minute_at_most_is_renewed():
    bench = acquired(tokens(2))
    bench.clock.advance_s(3600 - 60)
    assert run(bench.keeper.access_token()) == "access-2"
    assert "refresh_token=refresh-1" in bench.http.requests[0][1]
    assert bench.changes[-1] == ACQUIRED


def test_access_token_with_the_clock_set_back_is_renewed():
    bench = acquired(tokens(2))
    bench.clock.set_s(bench.clock.now_s() - 86400 * 365)
    assert run(bench.keeper.access_token()) == "access-2"


def test_access_token_without_a_token_is_missing():
    error = failure_of(Bench().keeper.access_token())
    assert (error.code, error.kind) == ("token_missing", "invalid")
    assert failure_of(Bench().started().keeper.access_token()).code == "token_missing"


def test_refresh_rotated_token_is_stored_before_the_access_token_is_returned():
    bench = expired(tokens(2))
    bench.files.fail_writes = True
    assert failure_of(bench.keeper.access_token()).code == "storage_failed"
    assert failure_of(bench.keeper.access_token()).code == "storage_failed"
    bench.files.fail_writes = False
    assert run(bench.keeper.access_token()) == "access-2"
    bench.restart()
    bench.http.answers = [tokens(3)]
    bench.clock.advance_s(3600)
    assert run(bench.keeper.access_token()) == "access-3"
    assert "refresh_token=refresh-2" in bench.http.requests[-1][1]


def test_refresh_power_cut_while_storing_leaves_the_old_token_whole():
    bench = expired(tokens(2))
    bench.files.changes_left = 0
    try:
        run(bench.keeper.access_token())
        raise AssertionError("a token was returned before it was stored")
    except PowerCutError:
        pass
    bench.files.changes_left = None
    bench.restart()
    assert bench.keeper.state == ACQUIRED
    assert bench.store.faults == []


def test_refresh_without_a_new_refresh_token_keeps_the_old_one():
    bench = expired(tokens(2, refresh_token=None), tokens(3))
    assert run(bench.keeper.access_token()) == "access-2"
    bench.clock.advance_s(3600)
    assert run(bench.keeper.access_token()) == "access-3"
    assert "refresh_token=refresh-1" in bench.http.requests[1][1]


def test_refresh_two_callers_at_once_make_one_request():
    bench = expired(tokens(2))

    async def both():
        return await asyncio.gather(bench.keeper.access_token(), bench.keeper.access_token())

    assert list(run(both())) == ["access-2", "access-2"]
    assert len(bench.http.requests) == 1


def test_refresh_two_callers_with_a_dead_token_make_one_request():
    bench = expired(refused("invalid_grant"))

    async def attempt():
        try:
            return await bench.keeper.access_token()
        except Exception as error:
            return error.code

    async def both():
        return await asyncio.gather(attempt(), attempt())

    assert list(run(both())) == ["invalid_grant", "invalid_grant"]
    assert len(bench.http.requests) == 1


def test_refresh_of_a_stale_token_that_was_renewed_asks_nothing():
    bench = acquired(tokens(2))
    assert run(bench.keeper.refresh("access-1")) == "access-2"
    assert run(bench.keeper.refresh("access-1")) == "access-2"
    assert len(bench.http.requests) == 1


def test_refresh_rejected_becomes_invalid_with_the_reason():
    for code in ("invalid_grant", "interaction_required", "admin_policy_enforced"):
        bench = expired(refused(code))
        assert failure_of(bench.keeper.access_token()).code == code
        shown = bench.keeper.public()
        assert (shown["state"], shown["reason"]) == (INVALID, code)
        assert shown["topic"] == code
        assert failure_of(bench.keeper.access_token()).code == code
        assert len(bench.http.requests) == 1
        bench.restart()
        assert bench.keeper.public()["reason"] == code


def test_refresh_trouble_on_the_way_leaves_the_token_acquired():
    answers = (NO_NETWORK, (503, b""), (503, {"error": "temporarily_unavailable"}), HTML)
    for answer in answers + ((429, {"error": "busy"}), refused("invalid_client", 401)):
        bench = expired(answer, tokens(2))
        failure_of(bench.keeper.access_token())
        assert bench.keeper.state == ACQUIRED
        assert failure_of(bench.keeper.access_token()).code == "provider_pause"
        bench.clock.advance_s(75)
        assert run(bench.keeper.access_token()) == "access-2"
        assert "refresh_token=refresh-1" in bench.http.requests[1][1]


def test_refresh_without_a_refresh_token_is_invalid():
    bench = expired(refresh_token=None)
    assert failure_of(bench.keeper.access_token()).code == "no_refresh_token"
    assert bench.keeper.state == INVALID
    assert bench.http.requests == []


def test_delete_from_every_state_leaves_nothing_and_survives_a_restart():
    dead = expired(refused("invalid_grant"))
    failure_of(dead.keeper.access_token())
    for bench in (Bench(), Bench().started(), acquired(), dead):
        bench.keeper.delete()
        for _ in range(2):
            shown = bench.keeper.public()
            assert (shown["state"], shown["reason"]) == (NOT_ACQUIRED, "")
            assert not bench.keeper.held
            bench.restart()
        stored = bench.files.content.get("tokens/smtp", b"")
        assert b"refresh-1" not in stored and b"device-code-1" not in stored


def test_delete_while_a_refresh_runs_drops_its_answer():
    for answer, code in (
        (tokens(2), "token_missing"),
        (refused("invalid_grant"), "invalid_grant"),
        (NO_NETWORK, "connect"),
    ):
        bench = expired()

        def deleted(bench=bench, answer=answer):
            bench.keeper.delete()
            return answer

        bench.http.answers = [deleted]
        assert failure_of(bench.keeper.access_token()).code == code
        assert bench.keeper.public()["reason"] == ""
        bench.restart()
        assert bench.keeper.state == NOT_ACQUIRED


def test_delete_that_could_not_be_stored_is_stored_later():
    bench = acquired()
    bench.files.fail_writes = True
    try:
        bench.keeper.delete()
    except Exception as error:
        assert error.code == "storage_failed"
    bench.files.fail_writes = False
    run(bench.keeper.poll())
    bench.restart()
    assert bench.keeper.state == NOT_ACQUIRED


def test_get_token_again_after_invalid_and_delete():
    bench = expired(refused("invalid_grant"))
    failure_of(bench.keeper.access_token())
    assert failure_of(bench.keeper.start()).code == "token_held"
    bench.keeper.delete()
    bench.http.answers = [tokens(4)]
    bench.started()
    assert bench.poll_after(5) == ACQUIRED
    assert run(bench.keeper.access_token()) == "access-4"
