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


def times(now_s, expires_in, refresh_in, chance):
    """Return `(renew_at, idle_renew_at)`, Unix times in seconds.

    `refresh_in` is the provider's advice (Microsoft sends it), 0 when there is none: then the
    token is renewed after 70 to 85 % of `expires_in`. `chance` is a random byte.
    """
    ahead_s = refresh_in or expires_in * (70 * 256 + 15 * chance) // 25600
    idle_s = IDLE_S + IDLE_SPREAD_S * chance // 256
    return now_s + min(ahead_s, expires_in), now_s + idle_s


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
