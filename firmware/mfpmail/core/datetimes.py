"""Dates as text, from epoch seconds by whole numbers only: no clock, no time zone data."""

_DAY_NAMES = ("Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed")  # day 0 was a Thursday
_MONTH_NAMES = "JanFebMarAprMayJunJulAugSepOctNovDec"
_DAYS_TO_ERA = 719468  # from 0000-03-01 to 1970-01-01
_DAYS_PER_ERA = 146097  # 400 Gregorian years


def _civil(days):
    """Return (year, month, day) of a day number since 1970-01-01.

    Years are counted from March, so that the leap day is the last one and each block of five
    months has 153 days.
    """
    days += _DAYS_TO_ERA
    era, day = divmod(days, _DAYS_PER_ERA)
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    month = month + 3 if month < 10 else month - 9
    return era * 400 + year + (month <= 2), month, day + 1


def _split(now_s):
    """Return (day number, year, month, day, hour, minute, second)."""
    days, second = divmod(now_s, 86400)
    return (days,) + _civil(days) + (second // 3600, second // 60 % 60, second % 60)


def parse_day(text):
    """Return the Unix time at the end of a day ("2027-01-31", UTC), None for no such day."""
    parts = text.split("-")
    if [len(part) for part in parts] != [4, 2, 2] or not all(part.isdigit() for part in parts):
        return None
    year, month, day = [int(part) for part in parts]
    march_year, march_month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    era, year_of_era = divmod(march_year, 400)
    days = 365 * year_of_era + year_of_era // 4 - year_of_era // 100
    days += (153 * march_month + 2) // 5 + day - 1 + era * _DAYS_PER_ERA - _DAYS_TO_ERA
    return (days + 1) * 86400 if _civil(days) == (year, month, day) else None


def format_date(now_s, offset_min=0):
    """Return the date-time of RFC 5322 section 3.3 ("Mon, 23 Nov 2026 20:00:00 +0000").

    `now_s`: Unix epoch. `offset_min`: minutes east of UTC, in which the time is shown.
    """
    days, year, month, day, hour, minute, second = _split(now_s + 60 * offset_min)
    sign = "-" if offset_min < 0 else "+"
    zone = abs(offset_min)
    month_name = _MONTH_NAMES[3 * month - 3 : 3 * month]
    return "%s, %02d %s %04d %02d:%02d:%02d %s%02d%02d" % (
        (_DAY_NAMES[days % 7], day, month_name, year, hour, minute, second)
        + (sign, zone // 60, zone % 60)
    )


def format_iso(now_s):
    """Return the UTC time of RFC 3339 section 5.6 ("2026-11-23T20:00:00Z")."""
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % _split(now_s)[1:]
