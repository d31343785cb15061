"""core/renewal.py and its use: ahead of expiry, when idle, and with patience after failures."""

from fakes.keeper import NO_NETWORK, acquired
from fakes.provider import refused, tokens
from mfpmail.core import renewal
from mfpmail.core.oauth import retry_after_s
from mfpmail.core.token import ACQUIRED, INVALID
from support import failure_of, run

DAY_S = 86400


def idle(bench, seconds):
    """Let time pass in steps of five minutes, as the supervisor would look in between."""
    for _ in range(seconds // 300):
        bench.clock.advance_s(300)
        run(bench.keeper.renew_if_due())


def test_times_differ_from_device_to_device_within_their_bounds():
    ahead = sorted({renewal.times(0, 3600, 0, 0, chance)[0] for chance in range(256)})
    idle_s = sorted({renewal.times(0, 3600, 0, 0, chance)[1] for chance in range(256)})
    assert (ahead[0], ahead[-1] <= 3600 * 85 // 100) == (2520, True)
    assert (idle_s[0], idle_s[-1] < 11 * 3600) == (8 * 3600, True)
    assert len(ahead) > 200
    assert len(idle_s) == 256


def test_times_advice_of_the_provider_counts_but_not_beyond_the_end():
    assert renewal.times(100, 3600, 1200, 0, 0)[0] == 1300
    assert renewal.times(100, 3600, 99999, 0, 0)[0] == 3700


def test_pause_doubles_to_an_hour_and_obeys_retry_after():
    assert [renewal.pause_s(n, 0, 0) for n in (1, 2, 3, 7, 50)] == [60, 120, 240, 3600, 3600]
    assert renewal.pause_s(1, 0, 255) == 74
    assert renewal.pause_s(1, 900, 0) == 900
    assert renewal.pause_s(9, 900, 0) == 3600
    assert renewal.pause_s(1, 10**9, 0) == DAY_S


def test_retry_after_of_any_shape_becomes_seconds():
    for given, seconds in (("120", 120), (" 7 ", 7), ("-5", 0), ("soon", 0), ("", 0)):
        assert retry_after_s({"retry-after": given}) == seconds
    assert retry_after_s({}) == 0


def test_access_token_in_use_is_renewed_ahead_of_its_end():
    bench = acquired(tokens(2))
    bench.clock.advance_s(3600 * 85 // 100)
    assert run(bench.keeper.access_token()) == "access-2"


def test_access_token_that_cannot_be_renewed_ahead_is_used_to_its_end():
    bench = acquired(NO_NETWORK, refused("temporarily_unavailable", 503), tokens(2))
    bench.clock.advance_s(3600 * 85 // 100)
    assert run(bench.keeper.access_token()) == "access-1"
    assert run(bench.keeper.access_token()) == "access-1"
    assert len(bench.http.requests) == 1
    bench.clock.advance_s(75)
    assert run(bench.keeper.access_token()) == "access-1"
    assert len(bench.http.requests) == 2
    bench.clock.advance_s(150)
    assert run(bench.keeper.access_token()) == "access-2"


def test_idle_token_is_renewed_within_eleven_hours_and_not_before_eight():
    bench = acquired(tokens(2))
    idle(bench, 8 * 3600 - 300)
    assert bench.http.requests == []
    idle(bench, 3 * 3600 + 300)
    assert len(bench.http.requests) == 1
    bench.clock.advance_s(60)
    assert bench.keeper.state == ACQUIRED


def test_idle_ninety_days_ask_three_times_a_day_at_most_and_keep_the_token():
    bench = acquired()
    asked = 0
    for day in range(90):
        bench.http.answers = [tokens(100 * day + n) for n in range(2, 9)]
        idle(bench, DAY_S)
        assert len(bench.http.requests) <= 3
        asked += len(bench.http.requests)
        bench.http.requests.clear()
    assert asked >= 180
    assert bench.keeper.state == ACQUIRED


def test_idle_outage_of_a_day_is_asked_seldom_and_outlived():
    bench = acquired(*[refused("temporarily_unavailable", 503)] * 40)
    idle(bench, 11 * 3600 + DAY_S)
    assert 20 <= len(bench.http.requests) <= 35
    assert bench.keeper.state == ACQUIRED
    bench.http.answers = [tokens(2), tokens(3)]
    bench.http.requests.clear()
    idle(bench, 2 * 3600)
    assert len(bench.http.requests) == 1
    assert run(bench.keeper.access_token()) == "access-3"
    assert "refresh_token=refresh-2" in bench.http.requests[-1][1]


def test_idle_after_a_restart_the_time_goes_on():
    bench = acquired()
    bench.clock.advance_s(11 * 3600)
    bench.restart()
    bench.http.answers = [tokens(2)]
    run(bench.keeper.renew_if_due())
    assert len(bench.http.requests) == 1


def test_idle_clock_that_was_far_ahead_does_not_postpone_the_renewal():
    bench = acquired(tokens(2))
    bench.clock.set_s(bench.clock.now_s() - 30 * DAY_S)
    run(bench.keeper.renew_if_due())
    assert len(bench.http.requests) == 1


def test_interaction_required_is_tried_again_and_comes_back_by_itself():
    bench = acquired(refused("interaction_required"), refused("interaction_required"), tokens(2))
    bench.clock.advance_s(3600)
    assert failure_of(bench.keeper.access_token()).code == "interaction_required"
    assert bench.keeper.state == INVALID
    idle(bench, 11 * 3600)
    assert (bench.keeper.state, len(bench.http.requests)) == (INVALID, 2)
    bench.restart()
    bench.http.answers = [tokens(2)]
    idle(bench, 6 * 3600)
    assert bench.keeper.state == ACQUIRED
    assert bench.keeper.public()["reason"] == ""


def test_invalid_grant_is_not_tried_again():
    bench = acquired(refused("invalid_grant"))
    bench.clock.advance_s(3600)
    failure_of(bench.keeper.access_token())
    idle(bench, 2 * DAY_S)
    assert (bench.keeper.state, len(bench.http.requests)) == (INVALID, 1)


def test_pause_that_the_provider_asks_for_is_kept():
    bench = acquired(refused("busy", 429), tokens(2))
    bench.http.headers = {"retry-after": "900"}
    bench.clock.advance_s(3600)
    assert failure_of(bench.keeper.access_token()).kind == "transient"
    bench.clock.advance_s(899)
    assert failure_of(bench.keeper.access_token()).code == "provider_pause"
    bench.clock.advance_s(1)
    assert run(bench.keeper.access_token()) == "access-2"


def test_pause_ends_when_a_setting_is_changed_or_the_token_deleted():
    bench = acquired(refused("invalid_client", 401), tokens(2))
    bench.clock.advance_s(3600)
    assert failure_of(bench.keeper.access_token()).code == "invalid_client"
    assert failure_of(bench.keeper.access_token()).code == "provider_pause"
    bench.keeper.ask_at_once()
    assert run(bench.keeper.access_token()) == "access-2"
