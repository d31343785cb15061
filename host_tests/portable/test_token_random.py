"""service/tokens.py: random events, in any order and at the same time, never lose the token."""

import asyncio
import gc
import sys

from fakes.files import PowerCutError
from fakes.keeper import Bench
from fakes.rotating import CLIENT_SECRET, ENDPOINTS, TROUBLES, RotatingProvider
from mfpmail.core import record
from mfpmail.core.errors import MailError, StorageError
from mfpmail.core.token import (
    ACQUIRED,
    AWAITING_AUTH,
    INVALID,
    NOT_ACQUIRED,
    STATES,
    TRANSITIONS,
)

if sys.implementation.name == "micropython":
    gc.threshold(8192)  # as on the board, see boot.py

SEQUENCES = 300
EVENTS = 40
LIMIT_S = 20

GRANTS = ("device_code", "authorization_code") * 2 + ("client_credentials",)
FIELDS = ("state", "access_token", "refresh_token", "device_code")
SECRETS = ("access-", "refresh-", "device-code-", CLIENT_SECRET)
EDGES = {(before, after) for (before, _), after in TRANSITIONS.items()}
NEWER_THAN_ANY = 1000  # a version, to read records of every version as they are
PATH = "tokens/smtp"

LOST = "lost"
UNROTATED = "unrotated"
REFUSALS = ("invalid_grant", "interaction_required", "interaction_required", "invalid_client")
FAILURES = TROUBLES + (LOST,)  # none of them says anything about the token
WEATHERS = ("fine",) * 12 + FAILURES + (UNROTATED,) + REFUSALS
PAUSES_S = (0, 1, 5, 5, 5, 60, 900, 3600, 9 * 3600, 12 * 3600)
JUMPS_S = (-30 * 86400, -3600, -600, 600, 3 * 3600, 400 * 86400)
DECISIONS = ("", "", "approved", "approved", "approved", "declined")
ANYTHING = ("start", "poll", "paste", "use", "refresh", "idle", "together")
OUTSIDE = ("restart", "restart", "delete", "jump", "storage", "revoke")
FITTING = {  # what comes most often
    NOT_ACQUIRED: ("start",) * 20,
    AWAITING_AUTH: ("poll", "paste") * 10,
    ACQUIRED: ("use", "refresh", "idle", "together") * 6,
    INVALID: ("idle",) * 10 + ("delete",) * 4,
}


class Dice:
    """The linear congruential generator of POSIX, the same on both interpreters."""

    def __init__(self, seed):
        self._value = seed

    def below(self, count):
        self._value = (self._value * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._value >> 12) % count

    def choice(self, values):
        return values[self.below(len(values))]

    def happens(self, one_in):
        return self.below(one_in) == 0


class Walk:
    """One sequence of events; `told` are the events so far, `seen` the pairs of states."""

    def __init__(self, seed):
        self.told = []
        self.seen = set()
        self.cuts = 0
        self._dice = Dice(seed)
        self._bench = Bench()
        self._clock, self._files = self._bench.clock, self._bench.files
        self._bench.http = self._provider = RotatingProvider(self._clock)
        fields = {"client_secret": CLIENT_SECRET}
        fields.update(ENDPOINTS)
        self._bench.configuration.put("smtp", fields, False)
        self._state = NOT_ACQUIRED
        self._late = False  # what on_change tells may be a change that could not be stored before
        self._checked = None
        self._missed = False  # the newest token may be one that never arrived on flash
        self._deleted = False

    @property
    def _keeper(self):
        return self._bench.keeper

    async def run(self):
        for _ in range(EVENTS):
            await self._event()

    async def _event(self):
        """Let one thing happen, then see that all is well."""
        dice = self._dice
        action = dice.choice(FITTING[self._keeper.state] + ANYTHING + OUTSIDE)
        weather = dice.choice(WEATHERS)
        cut_after = dice.below(2) if dice.happens(6) else None
        deleted = dice.happens(20)
        pause_s = dice.choice(PAUSES_S)
        self.told.append("%s %s %s" % (pause_s, action, weather))
        self._clock.advance_s(pause_s)
        self._make_weather(weather)
        if deleted:
            self.told.append("(delete meanwhile)")
            self._provider.meanwhile = self._delete_meanwhile
        self._deleted = False
        before = self._keeper.state
        if await self._powered(getattr(self, "_" + action), cut_after):
            return
        self._missed = self._missed or weather == LOST
        self._check()
        assert not self._deleted or self._keeper.state == NOT_ACQUIRED
        if weather in FAILURES and action not in ("delete", "restart") and not deleted:
            self._check_unmoved(before)

    def _make_weather(self, weather):
        self._provider.calm()
        if weather in TROUBLES:
            self._provider.trouble = weather
        elif weather in REFUSALS:
            self._provider.refusal = weather
        self._provider.lost_answers = 2 if weather == LOST else 0
        self._provider.rotates = weather != UNROTATED

    async def _powered(self, action, cut_after):
        """Do it, with the power going at a change of the flash; say whether it went."""
        self._files.changes_left = cut_after
        try:
            await action()
        except StorageError:
            assert self._files.fail_writes
        except MailError as error:
            assert error.code != "token_event", error.message
        except PowerCutError:
            self.told.append("(power cut)")
            self.cuts += 1
            self._files.changes_left = None
            self._start_again()
            return True
        self._files.changes_left = None
        return False

    def _start_again(self):
        """Start on what is on flash, whatever that is."""
        self._bench.restart()
        self._bench.changes.clear()
        self._missed, self._late = True, False
        self._state = self._keeper.state
        self._checked = None
        self._check()
        self._check_stored()

    # The events.

    async def _start(self):
        grant = self._dice.choice(GRANTS)
        self.told.append(grant)
        self._files.changes_left, cut_after = None, self._files.changes_left
        if not self._keeper.held:
            self._bench.configuration.put("smtp", {"grant": grant}, False)
        self._files.changes_left = cut_after
        await self._keeper.start()

    async def _poll(self):
        decision = self._dice.choice(DECISIONS)
        self.told.append(decision)
        if decision:
            self._provider.decide(decision)
        elif self._dice.happens(2):
            self._provider.slow_down()
        await self._keeper.poll()

    async def _paste(self):
        uri = self._keeper.public()["authorization_uri"]
        good = self._provider.sign_in(uri) if uri else "code-1"
        state = good.rpartition("&state=")[2]
        foreign, denied = (
            "http://127.0.0.1/?code=x&state=y",
            "http://127.0.0.1/?error=access_denied",
        )
        pasted = self._dice.choice((good, good, good, foreign, denied + "&state=" + state, "x", ""))
        self.told.append("'%s'" % pasted)
        await self._keeper.take_redirect(pasted)

    async def _use(self):
        self._check_given(await self._keeper.access_token())

    async def _refresh(self):
        token = await self._keeper.refresh(self._keeper.record["access_token"])
        self._check_given(token)
        assert self._provider.accepts_access(token)

    async def _idle(self):
        """As the Supervisor does it."""
        await self._keeper.poll()
        await self._keeper.renew_if_due()

    async def _together(self):
        """While the Supervisor renews, two mails want the token."""
        keeper = self._keeper
        calls = (keeper.access_token(), keeper.renew_if_due(), keeper.access_token())
        results = await asyncio.gather(*calls, return_exceptions=True)
        errors = [result for result in results if isinstance(result, Exception)]
        for error in errors:
            if not isinstance(error, MailError):  # above all, a power cut
                raise error
        for result in results:
            if result and result not in errors:
                self._check_given(result)
        if errors:
            raise errors[0]

    async def _restart(self):
        before = self._fields_shown()
        self._start_again()
        assert self._files.fail_writes or self._fields_shown() == before

    async def _delete(self):
        self._keeper.delete()

    def _delete_meanwhile(self):
        self._deleted = True
        self._keeper.delete()

    async def _jump(self):
        self._clock.set_s(max(self._clock.now_s() + self._dice.choice(JUMPS_S), 0))

    async def _storage(self):
        """Let the storage fail, or work again; then the Supervisor comes along."""
        self._files.fail_writes = not self._files.fail_writes
        await self._keeper.poll()

    async def _revoke(self):
        if self._dice.happens(2):
            self._provider.revoke_all()

    # What must hold.

    def _check(self):
        """What holds after every event."""
        for state in self._bench.changes:
            assert (self._state, state) in EDGES or (self._late and self._state == state), state
            self._check_edge(state)
            self._late = False
        self._bench.changes.clear()
        self._check_edge(self._keeper.state)
        self._late = self._late or self._files.fail_writes
        shown = str(self._keeper.public())
        for secret in SECRETS:
            assert secret not in shown, shown
        self._check_good(self._keeper.record)
        if not self._files.fail_writes:
            self._check_stored()

    def _check_edge(self, state):
        assert state in STATES
        edge = (self._state, state)
        if state != self._state:
            assert edge in EDGES, edge
            self.seen.add(edge)
            self._state = state

    def _check_good(self, kept):
        """The refresh token of an Acquired token is the newest, or the one before while the newest
        never arrived; unless the provider ended it."""
        refresh_token = kept["refresh_token"]
        if kept["state"] != ACQUIRED or not refresh_token or self._provider.revoked(refresh_token):
            return
        assert self._provider.accepts_refresh(refresh_token), refresh_token
        newest = self._provider.is_newest(refresh_token)
        assert newest or self._missed, refresh_token
        self._missed = not newest

    def _check_stored(self):
        """What is on flash is what the keeper shows."""
        data, kept = self._files.content.get(PATH), self._keeper.record
        if self._checked == (id(data), id(kept)):
            return
        stored = self._stored()
        shown = self._fields_shown()
        assert shown == [stored[name] for name in FIELDS], (shown, stored)
        self._check_good(stored)
        self._checked = (id(data), id(kept))

    def _check_given(self, token):
        """An access token that is given out is on flash, with its refresh token."""
        assert token and token == self._stored()["access_token"]

    def _check_unmoved(self, before):
        """A failure on the way is no event. Without the provider, too, a redirect is begun, and a
        sign-in ends by the clock or by what the person pasted."""
        shown = self._keeper.public()
        if before == AWAITING_AUTH and shown["reason"] in ("expired_token", "access_denied"):
            before = NOT_ACQUIRED
        elif before == NOT_ACQUIRED and shown["authorization_uri"]:
            before = AWAITING_AUTH
        assert shown["state"] == before, before

    def _stored(self):
        data = self._files.content.get(PATH)
        if data is None:
            return {
                "state": NOT_ACQUIRED,
                "access_token": "",
                "refresh_token": "",
                "device_code": "",
            }
        return record.load(NEWER_THAN_ANY, data)

    def _fields_shown(self):
        return [self._keeper.record[name] for name in FIELDS]


def walked(seed):
    """Return the walk from this seed; fail with the seed and the events."""
    walk = Walk(seed)
    try:
        asyncio.run(asyncio.wait_for(walk.run(), LIMIT_S))
    except Exception as error:
        raise AssertionError("seed %d: %s: %s" % (seed, ", ".join(walk.told), repr(error)))
    return walk


def test_random_events_never_lose_the_token():
    seen, cuts = set(), 0
    for seed in range(SEQUENCES):
        walk = walked(seed)
        seen |= walk.seen
        cuts += walk.cuts
    changes = {(before, after) for before, after in EDGES if before != after}
    assert seen == changes, changes - seen
    assert cuts > 200, cuts
