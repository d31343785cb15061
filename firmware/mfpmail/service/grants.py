"""Obtains a token: the first steps of the three grants, and what comes between them and its end.

Every function takes the TokenKeeper whose token it is, within the turn of the exchange.
"""

from mfpmail.core import errors, limits, token
from mfpmail.core.errors import NO_CAUSE, MailError, ProviderError

_MAX_PAUSE_S = 60
_OVER_KINDS = (errors.FLOW_OVER,) + errors.DEAD_TOKEN


async def start(keeper):
    """Take the first step of the grant that the setting names. Raises MailError."""
    if keeper.state != token.NOT_ACQUIRED:
        return
    generation = keeper.generation
    try:
        await _discover(keeper)
        setting = keeper.configuration.get(keeper.setting)
        event, changes = await _begin(keeper, setting["grant"])
    except ProviderError as error:
        if generation == keeper.generation:
            keeper.take(token.GRANT_FAILED, error.cause())
        raise
    keeper.require_generation(generation)
    changes["account"] = setting["account"]
    changes["grant"] = setting["grant"]
    keeper.wait(changes.get("interval_s", _MAX_PAUSE_S))
    keeper.take(event, changes)


async def _discover(keeper):
    """Find the endpoints of a provider of which only the issuer was entered, and keep them."""
    found = await keeper.exchange.call("discover", keeper)
    if found:
        keeper.configuration.put(keeper.setting, found, False)


async def _begin(keeper, grant):
    """Return the event that the first step of a grant is, and what it brings."""
    call = keeper.exchange.call
    if grant == "client_credentials":
        tokens = await call("authorize_application", keeper)
        return token.TOKEN_RECEIVED, keeper.fields(tokens)
    if grant == "authorization_code":
        begun = await call("authorize_redirect", keeper)
    else:
        begun = await call("authorize_device", keeper)
    lifetime_s = begun.pop("expires_in", limits.REDIRECT_LIFETIME_S)
    begun["code_expires_at"] = keeper.clock.now_s() + lifetime_s
    return token.GRANT_STARTED, begun


async def take_redirect(keeper, pasted):
    """See `TokenKeeper.take_redirect`."""
    record = keeper.record
    if not record["code_verifier"]:
        raise MailError("no_sign_in", "No sign-in by redirect is under way.")
    generation = keeper.generation
    secrets = record["oauth_state"], record["code_verifier"]
    try:
        tokens = await keeper.exchange.call("finish_redirect", keeper, pasted, *secrets)
    except ProviderError as error:
        keeper.require_generation(generation)
        if keeper.state != token.AWAITING_AUTH:
            return  # the same was pasted twice, and the other was quicker
        if error.kind in _OVER_KINDS:
            keeper.take(token.GRANT_ENDED, error.cause())
        raise
    keeper.require_generation(generation)
    if keeper.state == token.AWAITING_AUTH:
        keeper.take(token.TOKEN_RECEIVED, keeper.fields(tokens))


async def poll(keeper):
    """See `TokenKeeper.poll`."""
    if keeper.state != token.AWAITING_AUTH:
        return  # deleted while this waited for its turn
    record = keeper.record
    if not record["device_code"]:
        left_s = record["code_expires_at"] - keeper.clock.now_s()
        keeper.wait(max(min(left_s, _MAX_PAUSE_S), 1))
        _end_when_expired(keeper)
        return
    generation = keeper.generation
    try:
        tokens = await keeper.exchange.call("poll", keeper, record["device_code"])
    except ProviderError as error:
        if generation == keeper.generation:
            _answered(keeper, error)
        return
    except MailError as error:  # the network: no event, ask less often (RFC 8628 section 3.5)
        if generation == keeper.generation:
            keeper.record.update(error.cause())
            keeper.wait(min(keeper.pause_s * 2, _MAX_PAUSE_S))
            _end_when_expired(keeper)
        return
    if generation == keeper.generation:
        keeper.take(token.TOKEN_RECEIVED, keeper.fields(tokens))


def _answered(keeper, error):
    """Go on after an answer that brought no token."""
    if error.kind in _OVER_KINDS:
        keeper.take(token.GRANT_ENDED, error.cause())
        return
    if error.kind == errors.PENDING:  # the provider answers: earlier trouble is over
        keeper.record.update(NO_CAUSE)
    if error.code == "slow_down":
        _slow_down(keeper)
    elif error.kind == errors.PENDING:
        keeper.wait(keeper.record["interval_s"])
    else:
        keeper.record.update(error.cause())
        keeper.wait(max(min(keeper.pause_s * 2, _MAX_PAUSE_S), error.retry_after_s))
    _end_when_expired(keeper)


def _slow_down(keeper):
    interval_s = keeper.record["interval_s"] + limits.SLOW_DOWN_STEP_S
    interval_s = min(interval_s, limits.MAX_POLL_INTERVAL_S)
    keeper.wait(interval_s)
    keeper.note({"interval_s": interval_s})


def _end_when_expired(keeper):
    if keeper.clock.now_s() >= keeper.record["code_expires_at"]:
        error = ProviderError("expired_token", "Nobody signed in before the code expired.")
        keeper.take(token.GRANT_ENDED, error.cause())
