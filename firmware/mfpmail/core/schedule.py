"""The times of a day, a week or a month at which something is to be done."""

from mfpmail.core.datetimes import format_iso

_DAY_S = 86400


def last_slot(now_s, every, hour, offset_min):
    """Return the Unix time at which it was due last: at `hour` of each day ("daily"), of each
    Monday ("weekly") or of the first of each month ("monthly").

    `offset_min`: minutes east of UTC of the place whose clock is meant.
    """
    local_s = now_s + 60 * offset_min
    day = local_s // _DAY_S
    if local_s % _DAY_S < 3600 * hour:
        day -= 1  # today it is still to come
    if every == "weekly":
        day -= (day + 3) % 7  # day 0 was a Thursday
    elif every == "monthly":
        day -= int(format_iso(day * _DAY_S)[8:10]) - 1
    return day * _DAY_S + 3600 * hour - 60 * offset_min
