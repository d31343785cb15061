"""Runs under MicroPython: a check that stores mails, cut at every write to the flash.

micropython storage_mails.py COMPILED_FIRMWARE; prints `cuts NAME PROGRAMS ERASES AGAIN` for each
operation: AGAIN counts the mails that were fetched once more, as the record of the receiver was
not written yet.

The whole device works on a littlefs in RAM whose power goes at the first program or erase operation
of a check, at the second, and so on. After each cut the device starts on what is left and checks
until nothing more is to be done. No mail may be deleted at the server before it is stored.
"""

import binascii
import json
import sys

HOST_TESTS = __file__.rsplit("/", 2)[0]
sys.path[:0] = [sys.argv[1], HOST_TESTS, HOST_TESTS + "/portable"]

from storage_flash import Flash, Mounted  # noqa: E402
from storage_tokens import CODE, enter, poll_approved, start  # noqa: E402
from storage_whole import Device as WholeDevice  # noqa: E402
from storage_whole import PoweredWorld, Trial  # noqa: E402

from fakes.popserver import PDF, PopServer, mail_of  # noqa: E402
from mfpmail.core.token import ACQUIRED  # noqa: E402
from support import run  # noqa: E402

SETTING = "eprint"
MAX_CHECKS = 4
PAGES = PDF + bytes(range(256)) * 3
USELESS = b"PK\x03\x04" + bytes(700)
# name: the files that are to be stored of that mail
CONTENTS = {
    "text": (b"Good morning.\r\n.\r\nEnd\r\n",),
    "scan": (PAGES,),
    "scans": (PDF + b"one", PAGES, PDF + b"three"),
    "useless": (),
    "twin": (PDF + b"twin",),
}
MAILS = {
    "text": mail_of(subject="text"),
    "scan": mail_of((PAGES,), None, "scan"),
    "scans": mail_of(CONTENTS["scans"] + (USELESS,), b"See the files.\r\n", "scans"),
    "useless": mail_of((USELESS,), None, "useless"),
    "twin": mail_of(CONTENTS["twin"], None, "twin"),
}


class MailWorld(PoweredWorld):
    """Also the maildrop: `arrived` has the names of all mails that ever came, `waiting` of those
    that lay in it at first."""

    def __init__(self, kept=None, flash=None):
        kept, self.arrived, at_server, uidl = json.loads(kept) if kept else (None, [], [], True)
        super().__init__(PopServer(), kept, flash)
        self.server.mails = [(unique_id, MAILS[name]) for unique_id, name in at_server]
        self.server.uidl = uidl
        self.waiting = [name for _, name in at_server]

    def snapshot(self):
        """Return it as text, for another one like this."""
        server = self.server
        at_server = [(unique_id, name_of(mail)) for unique_id, mail in server.mails]
        return json.dumps((super().snapshot(), self.arrived, at_server, server.uidl))

    def put(self, *names):
        for name in names:
            self.arrived.append(name)
            unique_id = binascii.hexlify(self.random_bytes(4)).decode() if self.server.uidl else ""
            self.server.mails.append((unique_id, MAILS[name]))

    def calm(self):
        super().calm()
        self.server.goodbye = "ok"


def name_of(mail):
    return mail[mail.index(b"Subject: ") + 9 :].split(b"\r\n", 1)[0].decode()


class Device(WholeDevice):
    """The whole device, with one maildrop."""

    def __init__(self, world):
        super().__init__(world, SETTING)
        world.server.on_delete = lambda mail: check_deleted(self, world, name_of(mail[1]))
        world.deleted = []

    def check_maildrop(self):
        return run(self.maildrops.check(SETTING))


def check_deleted(device, world, name):
    """What is deleted at the server must be stored, and as often."""
    world.deleted.append(name)
    stored = [found[0] for found in stored_on(device)]
    if CONTENTS[name] and name in world.arrived:
        assert stored.count(name) >= world.deleted.count(name), name


def stored_on(device):
    """Return `(name, contents of its files)` of each mail of the inbox."""
    found, order = {}, []
    for item in device.inbox.items():
        file = device.inbox.open(item["id"])
        content = file.read()
        file.close()
        assert len(content) == item["size"]
        mail_id = item["id"].split(".")[0]
        if mail_id not in found:
            found[mail_id] = []
            order.append((item["subject"], found[mail_id]))
        found[mail_id].append(content)
    return order


# Steps: `step(device, world)`.


def enter_server(device, world):
    fields = {"server": "mail.test", "security": "tls", "unsupported": "delete"}
    device.configuration.put(SETTING, fields, False)


def keep_useless(device, world):
    device.configuration.put(SETTING, {"unsupported": "keep"}, False)


def judge_senders(device, world):
    device.configuration.put(SETTING, {"deny_from": "@spam.test"}, False)


def no_unique_ids(device, world):
    world.server.uidl = False


def put(*names):
    return lambda device, world: world.put(*names)


def check(device, world):
    device.check_maildrop()


def check_without_goodbye(device, world):
    """Whatever was marked stays at the server."""
    world.server.goodbye = "cut"
    device.check_maildrop()


def check_with_lost_goodbye(device, world):
    world.server.goodbye = "lost"
    device.check_maildrop()


def note_as_older_firmware(device, world):
    """The unique ids of the maildrop as version 1 has noted them; what it stored is printed."""
    device.store.save("seen/" + SETTING, 1, [unique_id for unique_id, _ in world.server.mails])
    for _, mail in world.server.mails:
        world.arrived.remove(name_of(mail))


TOKEN = (enter(CODE, SETTING), enter_server, start, poll_approved)
THREE = put("text", "scan", "scans")
TWO = put("text", "scans")
TWINS = put("twin", "scan", "twin")

# (operation, steps before it, step that is cut)
OPERATIONS = (
    ("store a text", TOKEN + (put("text"),), check),
    ("store files", TOKEN + (put("scans"),), check),
    ("store three mails", TOKEN + (THREE,), check),
    ("store beside others", TOKEN + (THREE, check, put("scan", "text")), check),
    ("turn away and delete", TOKEN + (put("useless", "text", "useless"),), check),
    ("turn away and keep", TOKEN + (keep_useless, put("useless", "scan", "useless")), check),
    ("know what is kept", TOKEN + (keep_useless, put("useless", "scan"), check, TWO), check),
    ("store, goodbye not said", TOKEN + (TWO,), check_without_goodbye),
    ("store, goodbye not heard", TOKEN + (TWO,), check_with_lost_goodbye),
    ("delete after that", TOKEN + (THREE, check_without_goodbye, put("text")), check),
    ("store without unique ids", TOKEN + (no_unique_ids, TWINS), check),
    (
        "delete without unique ids",
        TOKEN + (no_unique_ids, TWINS, check_without_goodbye, put("text", "twin")),
        check,
    ),
    ("judge senders", TOKEN + (judge_senders, put("scan", "useless", "text")), check),
    ("take over an older record", TOKEN + (TWO, note_as_older_firmware, put("scan")), check),
)


class MailTrial(Trial):
    """An operation on mails that arrive."""

    def __init__(self, name, steps, step):
        super().__init__(name, steps, step, MailWorld, Device)

    def check(self, flash, world, where):
        """Start on what is left, and again; check until all is done; return how many mails were
        fetched more than once."""
        flash = world.flash = Flash(flash.memory)
        world.calm()
        with Mounted(flash):
            left = mails_on(Device(world), where)
        with Mounted(flash):
            device = Device(world)
            assert mails_on(device, where) == left, where + ": not stable"
            finish(device, world, where)
        with Mounted(flash):
            found = mails_on(Device(world), where)
        wanted = [(name, list(CONTENTS[name])) for name in world.arrived if CONTENTS[name]]
        assert sorted(found) == sorted(wanted), "%s: %s" % (where, [name for name, _ in found])
        fetched = [name_of(mail) for mail in world.server.fetched]
        return sum([max(fetched.count(n) - world.waiting.count(n), 0) for n in set(fetched)])


def mails_on(device, where):
    """Return what is in the inbox; nothing else may be there."""
    assert not device.store.faults, "%s: %s" % (where, device.store.faults)
    found = stored_on(device)
    folders = device.store.files.names("inbox")
    assert len(folders) == len(found) == device.inbox.count, "%s: %s" % (where, folders)
    for folder in folders:
        names = device.store.files.names("inbox/" + folder)
        items = [i for i in device.inbox.items() if i["id"].startswith(folder)]
        assert len(names) == 1 + len(items), "%s: %s" % (where, names)
    return found


def finish(device, world, where):
    """Check as the device does when it is on, until nothing is left but what is to stay."""
    keeps = device.configuration.get(SETTING)["unsupported"] == "keep"
    for _ in range(MAX_CHECKS):
        world.clock.advance_s(60)
        assert device.keeper.state == ACQUIRED, where
        answer = device.check_maildrop()
        names = [name_of(mail) for _, mail in world.server.mails]
        if not answer["more"] and names == [n for n in names if keeps and not CONTENTS[n]]:
            return
    raise AssertionError("%s: %s stay" % (where, names))


def main():
    for name, steps, step in OPERATIONS:
        MailTrial(name, steps, step).run()


main()
