"""core/datetimes.py."""

from mfpmail.core.datetimes import format_date, format_iso


def test_format_date_epoch_is_a_thursday():
    assert format_date(0) == "Thu, 01 Jan 1970 00:00:00 +0000"


def test_format_date_utc_has_zone_zero():
    assert format_date(1795464000) == "Mon, 23 Nov 2026 20:00:00 +0000"


def test_format_date_offset_shifts_the_shown_time():
    assert format_date(1795464000, 120) == "Mon, 23 Nov 2026 22:00:00 +0200"
    assert format_date(1795464000, 345) == "Tue, 24 Nov 2026 01:45:00 +0545"
    assert format_date(1795464000, -210) == "Mon, 23 Nov 2026 16:30:00 -0330"


def test_format_date_widest_zones_reach_other_days():
    assert format_date(1798754399, -720) == "Thu, 31 Dec 2026 09:59:59 -1200"
    assert format_date(1798754400, 840) == "Fri, 01 Jan 2027 12:00:00 +1400"
    assert format_date(0, -1) == "Wed, 31 Dec 1969 23:59:00 -0001"


def test_format_date_leap_years_follow_the_gregorian_calendar():
    assert format_iso(951782399) == "2000-02-28T23:59:59Z"
    assert format_iso(951782400) == "2000-02-29T00:00:00Z"
    assert format_iso(1709251199) == "2024-02-29T23:59:59Z"
    assert format_iso(1709251200) == "2024-03-01T00:00:00Z"
    assert format_iso(4107542400) == "2100-03-01T00:00:00Z"


def test_format_iso_year_ends_and_begins():
    assert format_iso(1798761599) == "2026-12-31T23:59:59Z"
    assert format_iso(1798761600) == "2027-01-01T00:00:00Z"


def test_format_iso_beyond_32_bits_is_right():
    assert format_iso(2147483648) == "2038-01-19T03:14:08Z"
    assert format_iso(4294967296) == "2106-02-07T06:28:16Z"
