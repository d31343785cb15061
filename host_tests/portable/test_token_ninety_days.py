"""Ninety days in the life of two tokens, at a provider that fails as providers do.

Time goes in steps of five minutes; in each, the tokens are looked at as the Supervisor does it.
"""

import asyncio
import gc
import sys

from fakes.clock import FakeClock
from fakes.files import FakeFiles
from fakes.rotating import ENDPOINTS, HTML, OFFLINE, THROTTLED, UNAVAILABLE, RotatingProvider
from mfpmail.core import errors
from mfpmail.core.errors import MailError
from mfpmail.core.token import ACQUIRED, AWAITING_AUTH, INVALID, NOT_ACQUIRED
from mfpmail.service.configuration import Configuration
from mfpmail.service.exchange import Exchange
from mfpmail.service.overlay import Overlays
from mfpmail.service.store import Store
from mfpmail.service.tokens import TokenKeeper
from support import OAUTH

ON_MICROPYTHON = sys.implementation.name == "micropython"
if ON_MICROPYTHON:
    gc.threshold(8192)  # as on the board, see boot.py

DAYS = 90
STEP_S = 300
STEPS_AN_HOUR = 3600 // STEP_S
NAMES = ("smtp", "ifax")

# (day, hour, hours that it lasts, trouble)
TROUBLES = (
    (7, 13, 5, OFFLINE),
    (12, 2, 5, UNAVAILABLE),
    (19, 6, 6, HTML),
    (25, 18, 5, OFFLINE),
    (30, 9, 30, UNAVAILABLE),
    (43, 10, 5, UNAVAILABLE),
    (64, 6, 6, HTML),
    (71, 13, 5, OFFLINE),
    (79, 4, 5, OFFLINE),
) + tuple((day, day % 24, 1, THROTTLED) for day in range(2, DAYS, 4))
LOST_DAYS = (38, 52)  # two answers do not arrive, of whichever setting
RESTARTS = ((30, 20), (33, 4))  # (day, hour); the first is within the long outage
REVOKED_DAY = 60
NOTICED_HOURS = 12
RENEWED_DAY, RENEWED_HOUR = 61, 8
MAIL_HOURS = (8, 10, 12, 14, 16, 18)

# How often the provider may be asked for a setting on one day. Unused, a token is renewed after 8
# to 11 hours. A failure is followed by pauses of 1, 2, 4, 8, 16, 32 and then 60 minutes: seven
# calls until the pause is an hour, one in every hour after that; a restart begins again.
QUIET_CALLS = 3
FAILING_CALLS = 7
LOST_CALLS = 2
SIGN_IN_CALLS = 3  # a code, a poll, and one before the person was ready


class TokenPart:
    """What of the device has to do with tokens; `restart` makes it anew on the same flash."""

    def __init__(self):
        self.clock = FakeClock()
        self.provider = RotatingProvider(self.clock)
        self._files = FakeFiles()
        self._random = 0
        self.restart()
        for name in NAMES:
            fields = dict(OAUTH)
            fields.update(ENDPOINTS)
            fields["client_id"] = name
            self._configuration.put(name, fields, False)

    def restart(self):
        overlays = Overlays(not ON_MICROPYTHON)  # as boards/HOST does
        store = Store(self._files, lambda sentence: None)
        self._configuration = Configuration(store, overlays)
        exchange = Exchange(overlays, lambda: self.provider, self._random_bytes)
        self.keepers = {
            name: TokenKeeper(
                name, self._configuration, store, exchange, self.clock, lambda setting: None
            )
            for name in NAMES
        }

    async def look(self):
        """What the Supervisor does."""
        for keeper in self.keepers.values():
            await keeper.poll()
            await keeper.renew_if_due()

    async def start(self):
        for keeper in self.keepers.values():
            await keeper.start()

    def _random_bytes(self, count):
        self._random += 1
        return bytes((self._random * 37 + index) % 256 for index in range(count))


class Quarter:
    """The ninety days; `mailing` lets a mail be sent every two hours on working days.

    `met` are the troubles in which the provider was really asked.
    """

    def __init__(self, mailing):
        self.met = set()
        self._mailing = mailing
        self._part = TokenPart()
        self._provider = self._part.provider
        self._allowed = (ACQUIRED,)
        self._missing = False  # an answer was lost today

    def run(self):
        asyncio.run(self._sign_in())
        for day in range(DAYS):
            self._provider.calls.clear()
            asyncio.run(self._day(day))
            self._check_calls(day)

    async def _sign_in(self):
        await self._part.start()
        self._check((AWAITING_AUTH,), "sign-in")
        self._provider.decide("approved")
        self._part.clock.advance_s(STEP_S)
        await self._part.look()
        self._check((ACQUIRED,), "sign-in")

    async def _day(self, day):
        self._missing = day in LOST_DAYS
        if self._missing:
            self._provider.lost_answers = LOST_CALLS
        if day == REVOKED_DAY:
            self._provider.revoke_all()
            self._allowed = (ACQUIRED, INVALID)
        for step in range(24 * STEPS_AN_HOUR):
            hour = step / STEPS_AN_HOUR
            where = "day %d, %.1f h" % (day, hour)
            await self._step(day, hour)
            self._check(self._allowed, where)
        assert not self._provider.lost_answers

    async def _step(self, day, hour):
        self._provider.trouble = trouble = trouble_at(day, hour)
        before = sum(self._provider.calls.values())
        if (day, hour) in RESTARTS:
            self._part.restart()
        if (day, hour) == (RENEWED_DAY, RENEWED_HOUR):
            await self._obtain_again()
        await self._part.look()
        if self._mails(day) and hour in MAIL_HOURS:
            await self._send()
        if trouble and sum(self._provider.calls.values()) > before:
            self.met.add(trouble)
        self._part.clock.advance_s(STEP_S)
        if (day, hour) == (REVOKED_DAY, NOTICED_HOURS):
            self._allowed = (INVALID,)

    async def _obtain_again(self):
        for keeper in self._part.keepers.values():
            assert keeper.public()["reason"] == "invalid_grant"
            keeper.delete()
            assert keeper.state == NOT_ACQUIRED
        await self._sign_in()
        self._allowed = (ACQUIRED,)

    def _mails(self, day):
        return self._mailing and day % 7 < 5

    async def _send(self):
        """Want an access token, as a mail does; it works, or the fault says that it will."""
        keeper = self._part.keepers["smtp"]
        try:
            token = await keeper.access_token()
        except MailError as error:
            in_trouble = self._provider.trouble or error.code in ("timeout", "provider_pause")
            expected = errors.TRANSIENT if in_trouble else errors.INVALID
            assert error.kind == expected, error.code
            return
        assert self._provider.accepts_access(token)

    def _check(self, allowed, where):
        for name, keeper in self._part.keepers.items():
            assert keeper.state in allowed, "%s, %s: %s" % (where, name, keeper.public())
            if allowed == (ACQUIRED,):
                self._check_held(keeper, "%s, %s" % (where, name))

    def _check_held(self, keeper, where):
        """The newest refresh token is held, or the one before while an answer is missing."""
        refresh_token = keeper.record["refresh_token"]
        assert self._provider.accepts_refresh(refresh_token), where + ": the token is lost"
        assert self._missing or self._provider.is_newest(refresh_token), where

    def _check_calls(self, day):
        for name in NAMES:
            calls = self._provider.calls.get(name, 0)
            most = most_calls(day)
            quiet = most == QUIET_CALLS and self._allowed == (ACQUIRED,)
            if self._mails(day) and name == "smtp":
                most += len(MAIL_HOURS)
            assert calls <= most, "day %d, %s: %d calls, not %d" % (day, name, calls, most)
            assert calls >= 2 or not quiet, "day %d, %s: %d calls" % (day, name, calls)


def trouble_at(day, hour):
    """Return what is wrong with the provider, "" for nothing."""
    now = day * 24 + hour
    for from_day, from_hour, hours, trouble in TROUBLES:
        if 0 <= now - from_day * 24 - from_hour < hours:
            return trouble
    return ""


def most_calls(day):
    """Return how often the provider may be asked for one setting that nobody uses."""
    most = QUIET_CALLS
    for from_day, from_hour, hours, _ in TROUBLES:
        start = max(from_day * 24 + from_hour, day * 24)
        end = min(from_day * 24 + from_hour + hours, day * 24 + 24)
        if start < end:
            most += FAILING_CALLS + end - start
            most += FAILING_CALLS * len([1 for restart, _ in RESTARTS if restart == day])
    if day in LOST_DAYS:
        most += LOST_CALLS
    if day == RENEWED_DAY:
        most += SIGN_IN_CALLS
    return most


def test_ninety_days_without_a_mail_keep_the_token():
    quarter = Quarter(mailing=False)
    quarter.run()
    assert quarter.met == {THROTTLED, UNAVAILABLE, HTML, OFFLINE}


def test_ninety_days_with_mails_on_working_days_keep_the_token():
    quarter = Quarter(mailing=True)
    quarter.run()
    assert quarter.met == {THROTTLED, UNAVAILABLE, HTML, OFFLINE}
