"""Listens to all that the devices of a test run say, and searches it for all that they know.

Heard are the console, every answer of the API and every error that a client was given, and what
the tests under MicroPython print. Known as secrets are all tokens and codes that the sandboxes
issue and all that lies on a device's flash when it ends.
"""

import json
import re

from devices import PASSWORD
from web.hostile_flash import names, stored

from device import DeviceClient, DeviceProcess
from sandbox.store import Store

SECRET_FIELDS = ("access_token", "refresh_token", "device_code", "code_verifier")
FIXED = (PASSWORD,)
SHORTEST_CHARS = 12  # of a secret that was cut off

_words = re.compile(r"[A-Za-z0-9._~+/=-]{%d,}" % SHORTEST_CHARS)


class Overheard:
    """`secrets` is a set of texts; `words` maps what was heard to where it was heard first."""

    def __init__(self):
        self.secrets = set()
        self.words = {}
        self.found = []

    def know(self, *secrets):
        """Remember secrets; what is too short to be told from other words is left out."""
        self.secrets.update(s for s in secrets if s and len(s) >= SHORTEST_CHARS)

    def hear(self, where, text):
        """Remember every long word of a text."""
        self.found += [(fixed, where) for fixed in FIXED if fixed in text]
        for word in _words.findall(text):
            self.words.setdefault(word, where)

    def leaks(self):
        """Return `[(beginning of the secret, where it was heard)]`."""
        beginnings = {secret[:SHORTEST_CHARS] for secret in self.secrets}
        leaks = list(self.found)
        for word, where in self.words.items():
            for start in range(len(word) - SHORTEST_CHARS + 1):
                if word[start : start + SHORTEST_CHARS] in beginnings:
                    leaks.append((word[start : start + SHORTEST_CHARS], where))
        return leaks


overheard = Overheard()


def listen():
    """Listen to every device, client and sandbox that is made from now on."""
    _listen_to_answers()
    _listen_to_consoles()
    _learn_from_sandboxes()


def _listen_to_answers():
    call = DeviceClient.call

    def heard_call(self, method, path, **arguments):
        try:
            value = call(self, method, path, **arguments)
        except Exception as error:
            overheard.hear("error of %s %s" % (method, path), str(error))
            raise
        overheard.hear("answer to %s %s" % (method, path), json.dumps(value, ensure_ascii=False))
        return value

    DeviceClient.call = heard_call


def _listen_to_consoles():
    kill = DeviceProcess.kill

    def heard_kill(self):
        kill(self)
        overheard.hear("console", "\n".join(self.lines))
        overheard.know(*_secrets_on_flash(self))

    DeviceProcess.kill = heard_kill


def _secrets_on_flash(device):
    found = []
    try:
        for name in names(device, "tokens"):
            record = stored(device, "tokens/" + name)
            found += [record[field] for field in SECRET_FIELDS]
    except Exception:  # cut off while it wrote: others of the same device were read before
        return found
    return found


def _learn_from_sandboxes():
    add_tokens, add_device_code = Store.add_tokens, Store.add_device_code

    def learnt_tokens(self, grant_id, client_id, account, scope, token, **more):
        overheard.know(token["access_token"], token.get("refresh_token"), token.get("id_token"))
        return add_tokens(self, grant_id, client_id, account, scope, token, **more)

    def learnt_device_code(self, device_code, *more):
        overheard.know(device_code)
        return add_device_code(self, device_code, *more)

    Store.add_tokens, Store.add_device_code = learnt_tokens, learnt_device_code
