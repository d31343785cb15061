"""The keeper of one token over fakes, with its answers, its clock and its restarts."""

from fakes.clock import FakeClock
from fakes.files import FakeFiles
from fakes.provider import DEVICE_ANSWER, FakeHttp, tokens
from mfpmail.core.errors import NetworkError
from mfpmail.service.configuration import Configuration
from mfpmail.service.exchange import Exchange
from mfpmail.service.overlay import Overlays
from mfpmail.service.store import Store
from mfpmail.service.tokens import TokenKeeper
from support import OAUTH, run

HTML = (200, b"<html>Sign in to the Wi-Fi</html>")
NO_NETWORK = NetworkError("connect", "No connection to provider.test could be made.")


class Bench:
    """A keeper over fakes; `restart` makes a new one over the same files."""

    def __init__(self, *answers):
        self.files = FakeFiles()
        self.clock = FakeClock()
        self.http = FakeHttp(answers)
        self.changes = []
        self.restart()
        self.configuration.put("smtp", OAUTH, False)

    def restart(self):
        overlays = Overlays(True)
        self.store = Store(self.files, lambda sentence: None)
        self.configuration = Configuration(self.store, overlays)
        exchange = Exchange(overlays, lambda: self.http, bytes)
        self.keeper = TokenKeeper(
            "smtp", self.configuration, self.store, exchange, self.clock, self._changed
        )

    def _changed(self, setting):
        self.changes.append(self.keeper.state)

    def poll_after(self, seconds):
        self.clock.advance_s(seconds)
        run(self.keeper.poll())
        return self.keeper.state

    def started(self):
        self.http.answers.insert(0, (200, DEVICE_ANSWER))
        run(self.keeper.start())
        return self


def acquired(*answers, **changes):
    """Return a bench that holds a token, `changes` in its answer; `answers` come next."""
    bench = Bench(tokens(1, **changes)).started()
    bench.poll_after(5)
    bench.http.answers = list(answers)
    bench.http.requests.clear()
    return bench
