"""When a token is renewed, and how long to wait after a failure.

A token in use is renewed ahead of its end, at a moment that differs from device to device, so
that a fleet that was switched on together does not call together. A token that nobody uses is
renewed every 8 to 11 hours: some organisations end a refresh token that was idle for 12.
"""

IDLE_S = 8 * 3600
IDLE_SPREAD_S = 3 * 3600
FIRST_PAUSE_S = 60
MAX_PAUSE_S = 3600
MAX_RETRY_AFTER_S = 86400


def times(now_s, expires_in, refresh_in, refresh_expires_in, chance):
    """Return `(renew_at, idle_renew_at)`, Unix times in seconds.

    `refresh_in` is the provider's advice (Microsoft sends it), 0 when there is none: then the
    token is renewed after 70 to 85 % of `expires_in`. `refresh_expires_in` is what the provider
    tells of the refresh token, 0 when it does not: a token that dies sooner than an idle device
    would renew it is renewed sooner. `chance` is a random byte.
    """
    ahead_s = refresh_in or _most_of(expires_in, chance)
    idle_s = IDLE_S + IDLE_SPREAD_S * chance // 256
    if refresh_expires_in:
        idle_s = min(idle_s, _most_of(refresh_expires_in, chance))
    return now_s + min(ahead_s, expires_in), now_s + idle_s


def _most_of(lifetime_s, chance):
    """Return 70 to 85 % of it."""
    return lifetime_s * (70 * 256 + 15 * chance) // 25600


def changes(record, tokens, now_s, chance):
    """Return the times that an answer (`oauth.parse_token`) changes in the record of a token."""
    told_s = tokens["refresh_expires_in"]
    renew_at, idle_renew_at = times(
        now_s, tokens["expires_in"], tokens["refresh_in"], told_s, chance
    )
    after = {
        "renew_at": renew_at,
        "idle_renew_at": idle_renew_at,
        "renewed_at": now_s,
        "retry": False,
        # Where every answer tells what is left, the first has told the whole.
        "refresh_lifetime_s": max(told_s, record["refresh_lifetime_s"]),
    }
    if told_s:
        after["refresh_expires_at"] = now_s + told_s
    elif tokens["refresh_token"]:  # another one, of which nothing is known
        after["refresh_expires_at"] = None
    return after


def idle_due(now_s, idle_renew_at):
    """Say whether an unused token wants to be renewed; after the clock was set back, too."""
    return now_s >= idle_renew_at or idle_renew_at - now_s > IDLE_S + IDLE_SPREAD_S


def pause_s(failures, retry_after_s, chance):
    """Return how long the provider is left alone after the n-th failure in a row.

    Doubles from a minute to an hour, with up to a quarter more; never shorter than what the
    provider asked for in Retry-After (RFC 9110 section 10.2.3), which counts for a day at most.
    """
    pause = min(FIRST_PAUSE_S << min(failures - 1, 10), MAX_PAUSE_S)
    pause += pause * chance // 1024
    return max(pause, min(retry_after_s, MAX_RETRY_AFTER_S))
