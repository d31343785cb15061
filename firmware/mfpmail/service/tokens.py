"""Keeps one token: renews it, stores it before it is used, deletes it.

Obtaining it is rare and has code of its own (`service.grants`), loaded for as long as it works.
"""

from mfpmail.core import errors, limits, renewal, settings, token
from mfpmail.core.errors import MailError, ProviderError
from mfpmail.service.patience import Patience

_VERSION = 2
_UPGRADES = {1: token.upgrade_1}
_REFRESH_MARGIN_S = 60
_NOTE_S = 3600


class TokenKeeper:
    """The token of one setting.

    `exchange` is the Exchange with the provider, `on_change(setting)` is called after every
    change of state. `record` is as in `core.token`, to read only. A running exchange whose token
    was deleted meanwhile finds another `generation` and drops what it brought.
    """

    def __init__(self, setting, configuration, store, exchange, clock, on_change):
        self.setting = setting
        self.configuration = configuration
        self.exchange = exchange
        self.clock = clock
        self.generation = 0
        self._store = store
        self._on_change = on_change
        self._path = "tokens/" + setting
        self._unstored = False
        self._untold = False
        self._noted_s = 0
        self._patience = Patience(clock, exchange.chance)
        self.record = self._load()
        # The last poll may have been just before the power went.
        self.wait(self.record["interval_s"])

    @property
    def state(self):
        return self.record["state"]

    @property
    def held(self):
        """Whether settings that belong to the token must stay as they are."""
        return self.state != token.NOT_ACQUIRED

    def public(self):
        """Return what may be shown, with the setting's name."""
        shown = token.public(self.record)
        shown["setting"] = self.setting
        shown["account"] = shown["account"] or self.configuration.get(self.setting)["account"]
        owner = shown["owner"].lower()
        shown["owner_differs"] = bool(owner) and owner != shown["account"].lower()
        return shown

    async def start(self):
        """Start the grant, or return the one that runs: the public record with the code.

        Raises SettingsError `settings_missing`, MailError `token_held`, or what the provider or
        the network answered.
        """
        async with self.exchange.starting:
            if self.state == token.NOT_ACQUIRED:
                await self._with_grants("start")
            elif self.state != token.AWAITING_AUTH:
                raise MailError("token_held", "There is a token already.")
            return self.public()

    async def take_redirect(self, pasted):
        """Finish the authorization code grant with what the administrator pasted.

        Raises MailError `no_sign_in` when none is under way; what else is wrong with the address
        leaves the state as it is, so that another can be pasted. What the provider refuses for
        good ends the grant.
        """
        await self._with_grants("take_redirect", pasted)

    async def poll(self):
        """Ask the provider once, if it is time: nothing else moves Awaiting Authentication on."""
        self._flush()
        if self.state == token.AWAITING_AUTH and self.clock.now_ms() >= self._poll_at_ms:
            await self._with_grants("poll")

    async def _with_grants(self, name, *arguments):
        async with self.exchange.turn:
            with self.exchange.overlays:
                from mfpmail.service import grants

                await getattr(grants, name)(self, *arguments)

    def next_poll_ms(self):
        """Return when `poll` wants to be called, on the monotonic clock; None for never."""
        return self._poll_at_ms if self.state == token.AWAITING_AUTH else None

    def wait(self, pause_s):
        """Poll again after a pause."""
        self.pause_s = pause_s
        self._poll_at_ms = self.clock.now_ms() + pause_s * 1000

    def delete(self):
        """Forget the token, whatever its state and whatever runs: Not Acquired. Return the
        secret by which the provider knows it, "" when it never gave one."""
        secret = self.record["refresh_token"] or self.record["access_token"]
        self.generation += 1
        self.ask_at_once()
        if self.state != token.NOT_ACQUIRED:
            self.take(token.DELETED)
        return secret

    async def revoke(self, secret):
        """Ask the provider to end what `delete` returned (RFC 7009). Raises MailError."""
        async with self.exchange.turn:
            await self.exchange.call("revoke", self, secret)

    def settings_changed(self):
        """Take note of another setting: what made the last renewal fail may be mended."""
        self.ask_at_once()
        dies_at = self._dies_at(self.record)
        if self.state == token.ACQUIRED and self.record["dies_at"] != dies_at:
            self.note({"dies_at": dies_at})

    def ask_at_once(self):
        """Forget the pause after a failure."""
        self._patience.reset()

    def _dies_at(self, record):
        """Return when a token dies if nothing happens (Unix time); None when nobody knows."""
        with self.exchange.overlays:
            from mfpmail.core.lifetime import dies_at

            secret_ends_at = self.configuration.secret_ends_at(self.setting)
            return dies_at(record, self.configuration.get(self.setting), secret_ends_at)

    async def access_token(self):
        """Return an access token that is good for a minute at least, renewed if need be.

        Raises MailError `token_missing` (kind invalid) when there is none, or as `refresh`.
        """
        self._require()
        now_s = self.clock.now_s()
        self.record["used_at"] = now_s
        remaining_s = (self.record["expires_at"] or 0) - now_s
        current = self.record["access_token"]
        # A clock that was set back makes the token look as if it lived for years.
        if not _REFRESH_MARGIN_S < remaining_s <= limits.MAX_TOKEN_LIFETIME_S:
            return await self.refresh(current)
        if now_s < (self.record["renew_at"] or 0) or self._patience.left_ms:
            return current
        try:
            return await self.refresh(current)
        except MailError:
            if self.state == token.ACQUIRED:
                return current  # it is still good; the provider is asked again later
            raise

    def succeeded(self):
        """Note that a mail server has accepted the token; on flash once an hour at most."""
        if self.state != token.ACQUIRED:
            return
        now_s = self.clock.now_s()
        self.record["succeeded_at"] = now_s
        if abs(now_s - self._noted_s) < _NOTE_S or self._unstored:
            return
        self._noted_s = now_s
        try:
            self._store.save(self._path, _VERSION, self.record)
        except MailError:
            pass  # the next renewal stores it as well

    async def renew_if_due(self):
        """Renew a token that nobody uses before the provider forgets it (see `core.renewal`); try
        again, too, one that became Invalid but may come back."""
        self._flush()  # what is not on flash yet must not be replaced once more
        waiting = self.state == token.ACQUIRED or self.record["retry"]
        if not waiting or self._patience.left_ms:
            return
        if not renewal.idle_due(self.clock.now_s(), self.record["idle_renew_at"] or 0):
            return
        stale = self.record["access_token"]
        async with self.exchange.turn, self.exchange.refreshing:
            if self.record["access_token"] != stale:
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
        async with self.exchange.refreshing:  # one flight for any number of callers
            self._require()
            if self.record["access_token"] != stale:
                return self.record["access_token"]
            return await self._renew()

    async def _renew(self):
        self._patience.check()
        generation = self.generation
        try:
            tokens = await self._renewed()
        except MailError as error:
            if generation == self.generation:
                self._note_failure(error)
            raise
        self.require_generation(generation)
        self._patience.reset()
        self.take(token.TOKEN_REFRESHED, self.fields(tokens))
        return tokens["access_token"]

    async def _renewed(self):
        if self.record["grant"] == "client_credentials":
            return await self.exchange.call("authorize_application", self)
        if not self.record["refresh_token"]:
            raise ProviderError(
                "no_refresh_token", "The provider gave no refresh token.", errors.INVALID
            )
        return await self.exchange.call("refresh", self, self.record["refresh_token"])

    def _note_failure(self, error):
        """Leave the provider alone for a while; a dead token becomes Invalid."""
        self._patience.note(error)
        if isinstance(error, ProviderError) and error.kind in errors.DEAD_TOKEN:
            self.reject(error, error.kind != errors.INVALID)

    def reject(self, error, retry):
        """The token has become Invalid; with `retry` it is tried again after some hours."""
        changes = error.cause()
        changes["retry"] = retry
        changes["dies_at"] = None
        times = renewal.times(self.clock.now_s(), 0, 0, 0, self.exchange.chance())
        changes["idle_renew_at"] = times[1]
        if self.state == token.ACQUIRED:
            self.take(token.REFRESH_REJECTED, changes)
        elif self.state == token.INVALID:  # it was before and still is
            self.note(changes)

    def note(self, changes):
        """Change and store fields that are no event."""
        record = dict(self.record)
        record.update(changes)
        self.record = record
        self._unstored = True
        self._flush()

    def require_generation(self, generation):
        """Raise MailError `token_missing` when the token was deleted meanwhile."""
        if generation != self.generation:
            raise _missing("The token was deleted.")

    def asking(self):
        """Return for what a token is asked: the setting's fields and its protocol."""
        return self.configuration.get(self.setting), settings.protocol(self.setting)

    def fields(self, tokens):
        """Return what an answer of the provider, as of `oauth.parse_token`, changes."""
        now_s = self.clock.now_s()
        changes = renewal.changes(self.record, tokens, now_s, self.exchange.chance())
        for name in ("refresh_token", "scope", "owner"):
            changes[name] = tokens[name] or self.record[name]
        changes["access_token"] = tokens["access_token"]
        changes["expires_at"] = now_s + tokens["expires_in"]
        after = dict(self.record)
        after.update(changes)
        changes["dies_at"] = self._dies_at(after)
        return changes

    def _require(self):
        self._flush()  # a token that is not on flash yet must not be used
        if self.state == token.INVALID:
            raise MailError(
                self.record["reason"], self.record["detail"], errors.INVALID, self.record["topic"]
            )
        if self.state != token.ACQUIRED:
            raise _missing("No token has been obtained yet.")

    def take(self, event, changes=None):
        """Let an event happen and store what has become of the token. Raises StorageError."""
        # Taken first even if the flash fails: the provider has already replaced the old token.
        self.record = token.apply(self.record, event, self.clock.now_s(), changes)
        self._unstored = self._untold = True
        self._flush()

    def _flush(self):
        """Store what could not be stored before. Raises StorageError while the flash fails."""
        if self._unstored:
            self._store.save(self._path, _VERSION, self.record)
            self._unstored = False
        if self._untold:
            self._untold = False
            self._on_change(self.setting)

    def _load(self):
        try:
            stored = self._store.load(self._path, _VERSION, _UPGRADES)
            return token.from_stored(stored) if stored else token.EMPTY
        except MailError as error:
            self._store.faults.append(error.message)
            return token.EMPTY


def _missing(sentence):
    return MailError("token_missing", sentence, errors.INVALID)
