"""When a refresh token will die if nothing happens, and when to warn of it.

Idle limits: https://learn.microsoft.com/entra/identity-platform/refresh-tokens (90 days),
https://developers.google.com/identity/protocols/oauth2#expiration (six months). What the provider
tells with its answer (`refresh_token_expires_in`; Google does for applications in "Testing")
counts as well. Client secrets end on a day that only the administrator knows.
"""

DAY_S = 86400
WARN_DAYS = (14, 7, 1)

_IDLE_S = {"microsoft": 90 * DAY_S, "outlook": 90 * DAY_S, "google": 180 * DAY_S}


def dies_at(record, setting, secret_ends_at):
    """Return the Unix time at which the token of a setting dies, None when nobody knows.

    `secret_ends_at` is the end of the client secret's last day as Unix time, or None.
    """
    return min([end[0] for end in _ends(record, setting, secret_ends_at)], default=None)


def next_end(now_s, record, setting, secret_ends_at):
    """Return `(days, dies_at)`, the lowest threshold that has been passed and the end that it
    warns of; None without one.

    Each end is held against its own lifetime: a secret is warned of in time even where the
    tokens themselves live for hours only.
    """
    if now_s < (record["renewed_at"] or 0):
        return None  # the clock was set back, or not set at all: it proves nothing
    found = []
    for end_at, lifetime_s in _ends(record, setting, secret_ends_at):
        days = warning(now_s, end_at, lifetime_s)
        if days:
            found.append((days, end_at))
    return min(found, default=None)


def warning(now_s, dies_at, lifetime_s):
    """Return the threshold in days that has been passed, None without one.

    A threshold counts when it is at most half of the lifetime: a token that is made for a week
    would warn from its first day otherwise. `lifetime_s` is 0 when it is unknown.
    """
    if dies_at is None:
        return None
    passed = None
    for days in WARN_DAYS:
        counts = not lifetime_s or days * DAY_S <= lifetime_s // 2
        if counts and dies_at - now_s <= days * DAY_S:
            passed = days
    return passed


def _ends(record, setting, secret_ends_at):
    """Return `(Unix time, lifetime in seconds)` of each end that is known."""
    ends = [(secret_ends_at, 0), (record["refresh_expires_at"], record["refresh_lifetime_s"])]
    idle_s = _IDLE_S.get(setting["provider"])
    if idle_s and record["refresh_token"] and record["renewed_at"]:
        ends.append((record["renewed_at"] + idle_s, idle_s))
    return [end for end in ends if end[0] is not None]
