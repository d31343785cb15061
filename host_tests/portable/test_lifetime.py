"""core/lifetime.py: when a token dies, and when that is worth a warning."""

from mfpmail.core.datetimes import parse_day
from mfpmail.core.lifetime import DAY_S, dies_at, next_end, warning
from mfpmail.core.token import EMPTY

NOW_S = 1800000000


def record(**changes):
    """Return the record of a token that was renewed just now."""
    held = dict(EMPTY)
    held.update({"refresh_token": "refresh-1", "renewed_at": NOW_S})
    held.update(changes)
    return held


def told(left_s, lifetime_s):
    """Return a record whose refresh token has so many seconds left, as the provider told."""
    return record(refresh_expires_at=NOW_S + left_s, refresh_lifetime_s=lifetime_s)


def thresholds(lifetime_s):
    """Return the thresholds that are passed one after the other while a token dies."""
    passed = []
    for hour in range(20 * 24, -25, -1):
        days = warning(NOW_S, NOW_S + hour * 3600, lifetime_s)
        if days not in passed:
            passed.append(days)
    return passed


def test_warning_passes_14_7_and_1_days_to_the_second():
    for days, before in ((14, None), (7, 14), (1, 7)):
        end_at = NOW_S + days * DAY_S
        assert warning(NOW_S - 1, end_at, 0) == before
        assert warning(NOW_S, end_at, 0) == days
    assert warning(NOW_S, NOW_S, 0) == warning(NOW_S, NOW_S - 100 * DAY_S, 0) == 1


def test_warning_counts_only_thresholds_of_at_most_half_the_lifetime():
    assert thresholds(0) == [None, 14, 7, 1]
    assert thresholds(90 * DAY_S) == [None, 14, 7, 1]
    assert thresholds(28 * DAY_S) == [None, 14, 7, 1]
    assert thresholds(28 * DAY_S - 1) == [None, 7, 1]
    assert thresholds(7 * DAY_S - 1) == [None, 1]  # Google tells a second less
    assert thresholds(2 * DAY_S) == [None, 1]
    assert thresholds(2 * DAY_S - 1) == thresholds(3600) == [None]


def test_warning_without_a_known_end_is_none():
    assert warning(NOW_S, None, 0) is None
    assert warning(NOW_S, None, 90 * DAY_S) is None


def test_dies_at_is_the_idle_limit_of_the_provider():
    for provider, days in (("microsoft", 90), ("outlook", 90), ("google", 180)):
        assert dies_at(record(), {"provider": provider}, None) == NOW_S + days * DAY_S
    assert dies_at(record(), {"provider": "custom"}, None) is None


def test_dies_at_without_a_refresh_token_knows_no_idle_limit():
    assert dies_at(record(refresh_token=""), {"provider": "microsoft"}, None) is None
    assert dies_at(record(renewed_at=None), {"provider": "microsoft"}, None) is None


def test_dies_at_is_the_first_of_all_ends():
    secret_ends_at = parse_day("2027-01-31")
    assert NOW_S < secret_ends_at < NOW_S + 90 * DAY_S
    setting = {"provider": "microsoft"}
    assert dies_at(record(), setting, secret_ends_at) == secret_ends_at
    assert dies_at(told(60, 3600), setting, secret_ends_at) == NOW_S + 60
    assert dies_at(record(), setting, NOW_S + 91 * DAY_S) == NOW_S + 90 * DAY_S


def test_next_end_of_a_token_nobody_renews_is_warned_of_three_times():
    setting = {"provider": "microsoft"}
    end_at = NOW_S + 90 * DAY_S
    assert next_end(end_at - 14 * DAY_S - 1, record(), setting, None) is None
    for days in (14, 7, 1):
        assert next_end(end_at - days * DAY_S, record(), setting, None) == (days, end_at)
    assert next_end(end_at + DAY_S, record(), setting, None) == (1, end_at)


def test_next_end_of_a_week_long_token_is_warned_of_on_its_last_day_only():
    setting = {"provider": "google"}
    week_s = 7 * DAY_S - 1
    for left_s in (week_s, 3 * DAY_S, DAY_S + 1):
        assert next_end(NOW_S, told(left_s, week_s), setting, None) is None
    assert next_end(NOW_S, told(DAY_S, week_s), setting, None) == (1, NOW_S + DAY_S)


def test_next_end_of_a_short_sliding_token_is_never_warned_of():
    for lifetime_s in (3600, DAY_S, 2 * DAY_S - 1):
        for left_s in (lifetime_s, lifetime_s // 2, 0):
            assert next_end(NOW_S, told(left_s, lifetime_s), {"provider": "custom"}, None) is None


def test_next_end_of_a_secret_is_warned_of_behind_short_tokens_as_well():
    short = told(3600, 3600)
    for days in (14, 7, 1):
        end_at = NOW_S + days * DAY_S
        assert next_end(NOW_S, short, {"provider": "custom"}, end_at) == (days, end_at)
    assert next_end(NOW_S, short, {"provider": "custom"}, NOW_S + 15 * DAY_S) is None


def test_next_end_names_the_lowest_threshold_and_the_end_it_belongs_to():
    dying = told(6 * DAY_S, 90 * DAY_S)
    setting = {"provider": "custom"}
    assert next_end(NOW_S, dying, setting, NOW_S + 12 * DAY_S) == (7, NOW_S + 6 * DAY_S)
    assert next_end(NOW_S, dying, setting, NOW_S + DAY_S) == (1, NOW_S + DAY_S)


def test_next_end_of_a_secret_day_is_its_last_second():
    secret_ends_at = parse_day("2027-01-31")
    after = record(refresh_token="", renewed_at=None)
    setting = {"provider": "custom"}
    fourteen_days_before = parse_day("2027-01-17")
    assert next_end(fourteen_days_before - 1, after, setting, secret_ends_at) is None
    assert next_end(fourteen_days_before, after, setting, secret_ends_at) == (14, secret_ends_at)


def test_next_end_with_a_clock_that_was_set_back_says_nothing():
    dying = told(DAY_S, 90 * DAY_S)
    assert next_end(NOW_S, dying, {"provider": "custom"}, None) == (1, NOW_S + DAY_S)
    for now_s in (0, 946684800, NOW_S - 1):
        assert next_end(now_s, dying, {"provider": "custom"}, None) is None
        assert next_end(now_s, dying, {"provider": "custom"}, now_s) is None
