"""The device: all services put together over the ports they are handed."""

from mfpmail.core import settings, token
from mfpmail.service.admin import Admin
from mfpmail.service.alerts import Alerts
from mfpmail.service.configuration import Configuration
from mfpmail.service.exchange import Exchange
from mfpmail.service.inbox import Inbox
from mfpmail.service.journal import Journal
from mfpmail.service.maildrops import Maildrops
from mfpmail.service.outbox import Outbox
from mfpmail.service.overlay import Overlays
from mfpmail.service.postman import Postman
from mfpmail.service.store import Store
from mfpmail.service.supervisor import Supervisor
from mfpmail.service.texts import Texts
from mfpmail.service.tokens import TokenKeeper


class Device:
    """Everything the administrator's pages and the standing tasks work on.

    `ports` has `open_net()` and `open_http()` (adapters, loaded when called), `files`, `clock`,
    `random_bytes(count)`, `hello_name` (for EHLO), `keep_loaded` (see Overlays),
    `open_locale(language)` (see Texts), `print_line(text)` (the console) and `show_led(state)`
    (see `status.led_of`; called when it changes, it starts as "off").
    """

    def __init__(self, ports):
        self.clock = ports.clock
        self.random_bytes = ports.random_bytes
        self.hello_name = ports.hello_name
        self.show_led = ports.show_led
        self.overlays = Overlays(ports.keep_loaded)
        self.texts = Texts(ports.open_locale)
        self.journal = Journal(ports.clock, ports.print_line)
        self.store = Store(ports.files, self.journal.write)
        self.admin = Admin(self.store, ports.clock, ports.random_bytes)
        self.configuration = Configuration(self.store, self.overlays)
        self.keepers = self._make_keepers(
            Exchange(self.overlays, ports.open_http, ports.random_bytes)
        )
        self.outbox = Outbox(self.store, ports.random_bytes, self._wake)
        self.inbox = Inbox(self.store, ports.random_bytes)
        self.postman = Postman(
            self, self.overlays, ports.open_net, ports.hello_name, ports.random_bytes
        )
        self.maildrops = Maildrops(
            settings.POP_SETTINGS, self.postman, ports.clock, self.journal.write
        )
        self.alerts = Alerts(self)
        self.supervisor = Supervisor(self, self.postman)

    def _make_keepers(self, exchange):
        self.store.files.make_folder("tokens")
        return {
            name: TokenKeeper(
                name, self.configuration, self.store, exchange, self.clock, self._token_changed
            )
            for name in settings.SETTINGS
        }

    def _token_changed(self, setting):
        state = self.keepers[setting].state
        self.journal.write("token %s: %s" % (setting, state))
        if settings.protocol(setting) == "smtp" and state == token.ACQUIRED:
            self.outbox.release_held()
        self.supervisor.look()

    def _wake(self):
        self.supervisor.wake()
