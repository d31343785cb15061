"""Keeps one token: obtains it, renews it, stores it before it is used, deletes it."""

import asyncio

from mfpmail.core import errors, limits, renewal, settings, token
from mfpmail.core.errors import MailError, ProviderError
from mfpmail.service.patience import Patience

_VERSION = 1
_REFRESH_MARGIN_S = 60
_MAX_PAUSE_S = 60
_OVER_KINDS = (errors.FLOW_OVER,) + errors.DEAD_TOKEN


class TokenKeeper:
    """The token of one setting.

    `exchange` is the Exchange with the provider, `on_change(setting)` is called after every
    change of state. A running exchange whose token was deleted meanwhile finds another
    `_generation` and drops what it brought.
    """

    def __init__(self, setting, configuration, store, exchange, clock, on_change):
        self.setting = setting
        self._configuration = configuration
        self._store = store
        self._exchange = exchange
        self._clock = clock
        self._on_change = on_change
        self._path = "tokens/" + setting
        self._refreshing = asyncio.Lock()
        self._starting = asyncio.Lock()
        self._generation = 0
        self._unstored = False
        self._patience = Patience(clock, exchange.chance)
        self._record = self._load()
        # The last poll may have been just before the power went.
        self._wait(self._record["interval_s"])

    @property
    def state(self):
        return self._record["state"]

    @property
    def held(self):
        """Whether settings that belong to the token must stay as they are."""
        return self.state != token.NOT_ACQUIRED

    def public(self):
        """Return what may be shown, with the setting's name."""
        shown = token.public(self._record)
        shown["setting"] = self.setting
        shown["account"] = shown["account"] or self._configuration.get(self.setting)["account"]
        return shown

    async def start(self):
        """Start the grant, or return the one that runs: the public record with the code.

        Raises SettingsError `settings_missing`, MailError `token_held`, or what the provider or
        the network answered.
        """
        async with self._starting:
            if self.state == token.NOT_ACQUIRED:
                await self._start_grant()
            elif self.state != token.AWAITING_AUTH:
                raise MailError("token_held", "There is a token already. Delete it first.")
            return self.public()

    def delete(self):
        """Forget the token, whatever its state and whatever runs: Not Acquired."""
        self._generation += 1
        self.ask_at_once()
        if self.state != token.NOT_ACQUIRED:
            self._take(token.DELETED)

    def ask_at_once(self):
        """Forget the pause after a failure: something that caused it has been changed."""
        self._patience.reset()

    async def take_redirect(self, pasted):
        """Finish the authorization code grant with what the administrator pasted.

        Raises MailError `no_sign_in` when none is under way; what else is wrong with the address
        leaves the state as it is, so that another can be pasted. What the provider refuses for
        good ends the grant.
        """
        if not self._record["code_verifier"]:
            raise MailError("no_sign_in", "No sign-in by redirect is under way.")
        generation = self._generation
        secrets = self._record["oauth_state"], self._record["code_verifier"]
        try:
            tokens = await self._exchange.finish_redirect(*self._asking(), pasted, *secrets)
        except ProviderError as error:
            if generation == self._generation and error.kind in _OVER_KINDS:
                self._take(token.GRANT_ENDED, error.cause())
            raise
        self._require_generation(generation)
        self._take(token.TOKEN_RECEIVED, self._fields(tokens))

    async def poll(self):
        """Ask the provider once, if it is time: nothing else moves Awaiting Authentication on."""
        self._flush()
        if self.state != token.AWAITING_AUTH or self._clock.now_ms() < self._poll_at_ms:
            return
        if not self._record["device_code"]:
            self._end_when_expired()
            return
        generation = self._generation
        try:
            tokens = await self._exchange.poll(*self._asking(), self._record["device_code"])
        except ProviderError as error:
            if generation == self._generation:
                self._poll_answered(error)
            return
        except MailError as error:  # the network: no event, ask less often (RFC 8628 section 3.5)
            if generation == self._generation:
                self._show(error)
                self._wait(min(self._pause_s * 2, _MAX_PAUSE_S))
                self._end_when_expired()
            return
        if generation == self._generation:
            self._take(token.TOKEN_RECEIVED, self._fields(tokens))

    def next_poll_ms(self):
        """Return when `poll` wants to be called, on the monotonic clock; None for never."""
        return self._poll_at_ms if self.state == token.AWAITING_AUTH else None

    async def access_token(self):
        """Return an access token that is good for a minute at least, renewed if need be.

        Raises MailError `token_missing` (kind invalid) when there is none, or as `refresh`.
        """
        self._require()
        remaining_s = (self._record["expires_at"] or 0) - self._clock.now_s()
        current = self._record["access_token"]
        # A clock that was set back makes the token look as if it lived for years.
        if not _REFRESH_MARGIN_S < remaining_s <= limits.MAX_TOKEN_LIFETIME_S:
            return await self.refresh(current)
        if self._clock.now_s() < (self._record["renew_at"] or 0) or self._patience.left_ms:
            return current
        try:
            return await self.refresh(current)
        except MailError:
            if self.state == token.ACQUIRED:
                return current  # it is still good; the provider is asked again later
            raise

    async def renew_if_due(self):
        """Renew a token that nobody uses before the provider forgets it (see `core.renewal`); try
        again, too, one that became Invalid because the provider wanted the person."""
        waiting = self.state == token.ACQUIRED or self._record["interaction"]
        if not waiting or self._patience.left_ms:
            return
        if not renewal.idle_due(self._clock.now_s(), self._record["idle_renew_at"] or 0):
            return
        stale = self._record["access_token"]
        async with self._exchange.turn, self._refreshing:
            if self._record["access_token"] != stale:
                return  # somebody was quicker
            try:
                await self._renew()
            except MailError:
                pass  # shown with the token or, if it is only the network, tried again later

    async def refresh(self, stale):
        """Renew the token unless somebody has done it since `stale` was given out; return it.

        The new refresh token is on flash before the new access token is returned. Raises
        ProviderError: a dead token becomes Invalid, any other fault leaves it as it is.
        """
        self._require()
        async with self._refreshing:  # one flight for any number of callers
            self._require()
            if self._record["access_token"] != stale:
                return self._record["access_token"]
            return await self._renew()

    async def _renew(self):
        self._patience.check()
        generation = self._generation
        try:
            tokens = await self._renewed()
        except MailError as error:
            if generation == self._generation:
                self._note_failure(error)
            raise
        self._require_generation(generation)
        self._patience.reset()
        self._take(token.TOKEN_REFRESHED, self._fields(tokens))
        return tokens["access_token"]

    def _note_failure(self, error):
        """Leave the provider alone for a while; a dead token becomes Invalid."""
        self._patience.note(error)
        if not isinstance(error, ProviderError) or error.kind not in errors.DEAD_TOKEN:
            return
        changes = error.cause()
        changes["interaction"] = error.kind == errors.INTERACTION
        changes["idle_renew_at"] = renewal.times(
            self._clock.now_s(), 0, 0, self._exchange.chance()
        )[1]
        if self.state == token.ACQUIRED:
            self._take(token.REFRESH_REJECTED, changes)
        else:  # it was Invalid before and still is
            self._record.update(changes)
            self._save()

    async def _start_grant(self):
        generation = self._generation
        setting = self._configuration.get(self.setting)
        try:
            event, changes = await self._begin(setting["grant"])
        except ProviderError as error:
            if generation == self._generation:
                self._take(token.GRANT_FAILED, error.cause())
            raise
        self._require_generation(generation)
        changes["account"] = setting["account"]
        changes["grant"] = setting["grant"]
        self._take(event, changes)
        self._wait(changes.get("interval_s", 0))

    async def _begin(self, grant):
        """Return the event that the first step of a grant is, and what it brings."""
        if grant == "client_credentials":
            tokens = await self._exchange.authorize_application(*self._asking())
            return token.TOKEN_RECEIVED, self._fields(tokens)
        if grant == "authorization_code":
            begun = self._exchange.authorize_redirect(*self._asking())
        else:
            begun = await self._exchange.authorize_device(*self._asking())
        lifetime_s = begun.pop("expires_in", limits.REDIRECT_LIFETIME_S)
        begun["code_expires_at"] = self._clock.now_s() + lifetime_s
        return token.GRANT_STARTED, begun

    def _require_generation(self, generation):
        if generation != self._generation:
            raise _missing("The token was deleted.")

    def _poll_answered(self, error):
        if error.kind in _OVER_KINDS:
            self._take(token.GRANT_ENDED, error.cause())
            return
        if error.kind == errors.PENDING:  # the provider answers: earlier trouble is over
            self._record.update({"reason": "", "message": "", "hint": ""})
        if error.code == "slow_down":
            self._slow_down()
        elif error.kind == errors.PENDING:
            self._wait(self._record["interval_s"])
        else:
            self._show(error)
            self._wait(min(self._pause_s * 2, _MAX_PAUSE_S))
        self._end_when_expired()

    def _slow_down(self):
        interval_s = self._record["interval_s"] + limits.SLOW_DOWN_STEP_S
        self._record["interval_s"] = min(interval_s, limits.MAX_POLL_INTERVAL_S)
        self._save()
        self._wait(self._record["interval_s"])

    def _end_when_expired(self):
        if self._clock.now_s() >= self._record["code_expires_at"]:
            self._take(token.GRANT_ENDED, self._exchange.error("expired_token").cause())

    async def _renewed(self):
        if self._record["grant"] == "client_credentials":
            return await self._exchange.renew_application(*self._asking())
        if not self._record["refresh_token"]:
            raise ProviderError(
                "no_refresh_token",
                "The provider gave no refresh token, so the token cannot be renewed.",
                errors.INVALID,
                "Add offline_access to the scope, delete the token and obtain it again.",
            )
        return await self._exchange.refresh(*self._asking(), self._record["refresh_token"])

    def _asking(self):
        """Return for what a token is asked: the setting's fields and its protocol."""
        return self._configuration.get(self.setting), settings.protocol(self.setting)

    def _fields(self, tokens):
        now_s = self._clock.now_s()
        chance = self._exchange.chance()
        expires_in, refresh_in = tokens["expires_in"], tokens["refresh_in"]
        renew_at, idle_renew_at = renewal.times(now_s, expires_in, refresh_in, chance)
        return {
            "renew_at": renew_at,
            "idle_renew_at": idle_renew_at,
            "interaction": False,
            "access_token": tokens["access_token"],
            "refresh_token": tokens["refresh_token"] or self._record["refresh_token"],
            "expires_at": now_s + expires_in,
            "scope": tokens["scope"] or self._record["scope"],
        }

    def _require(self):
        self._flush()  # a token that is not on flash yet must not be used
        if self.state == token.INVALID:
            raise MailError(
                self._record["reason"],
                self._record["message"],
                errors.INVALID,
                self._record["hint"],
            )
        if self.state != token.ACQUIRED:
            raise _missing("No token has been obtained yet.")

    def _take(self, event, changes=None):
        # Taken first even if the flash fails: the provider has already replaced the old token.
        self._record = token.apply(self._record, event, self._clock.now_s(), changes)
        self._unstored = True
        self._flush()

    def _flush(self):
        """Store what could not be stored before. Raises StorageError while the flash fails."""
        if self._unstored:
            self._save()
            self._unstored = False
            self._on_change(self.setting)

    def _show(self, error):
        """Show the trouble beside a state that it does not change."""
        self._record.update(error.cause())

    def _wait(self, pause_s):
        self._pause_s = pause_s
        self._poll_at_ms = self._clock.now_ms() + pause_s * 1000

    def _save(self):
        self._store.save(self._path, _VERSION, self._record)

    def _load(self):
        try:
            return token.from_stored(self._store.load(self._path, _VERSION) or {})
        except MailError as error:
            self._store.faults.append(error.message)
            return dict(token.EMPTY)


def _missing(sentence):
    return MailError(
        "token_missing", sentence, errors.INVALID, "Press [Get Token] and sign in at the provider."
    )
