"""service/receiver.py: the connection is cut at every byte, both ways: no mail is lost, none is
stored twice, and nothing is deleted at the server that is not stored."""

import sys

from fakes.popserver import PDF, PopServer, mail_of
from fakes.ports import FakePorts
from fakes.smtpserver import HEARD, RESET, SAID
from mfpmail.core.errors import MailError
from mfpmail.service.device import Device
from support import acquire, configure, run

SCANS = (PDF + b"one\r\n.\r\ntwo", PDF + b"three")
USELESS = b"PK\x03\x04\0"
MAX_CHECKS = 4
NAME = "eprint"
# A board loads its code for each check: there a whole test takes a minute, and one must do.
STEP = 5 if sys.implementation.name == "micropython" else 1


class Drop:
    """A device that gets the same maildrop of `mails` each time, as `(unique id, mail)`, and the
    server of `receive`. `entered` are fields of the setting."""

    def __init__(self, mails, uidl=True, top=True, **entered):
        self._mails = mails
        self._uidl, self._top = uidl, top
        self._keeps = entered.get("unsupported") != "delete"
        self._ports = FakePorts()
        device = Device(self._ports)
        configure(device, NAME, **entered)
        run(acquire(device, self._ports.http, NAME))
        files = self._ports.files
        self._content, self._folders = dict(files.content), set(files.folders)
        self._start_s = self._ports.clock.now_s()
        self._device = None

    def receive(self, cut=None):
        """Check over a connection that is cut, and again until all is done; return the server."""
        ports = self._ports
        ports.files.content, ports.files.folders = dict(self._content), set(self._folders)
        ports.clock.set_s(self._start_s)
        del ports.lines[:]
        ports.net = server = PopServer(*self._mails)
        server.uidl, server.top, server.cut = self._uidl, self._top, cut
        deleted = []

        def on_delete(mail):
            deleted.append(_subject_of(mail[1]))
            assert is_within(deleted, self._stored()), (cut, deleted)

        server.on_delete = on_delete
        self._restart()
        left = self._left()
        for number in range(MAX_CHECKS):
            is_complete = self._check()
            assert number or cut or is_complete
            if is_complete and number >= bool(cut) and server.mails == left:
                break
            ports.clock.advance_s(60)
            if cut and cut[1] % 2:  # what is to be done stands on flash
                self._restart()
        assert server.mails == left, (cut, ports.lines)
        assert all(stream.closed for stream in server.streams), cut
        return server

    def length(self, how):
        """Return how many bytes go in that direction over a connection that is not cut."""
        (stream,) = self.receive().streams
        assert self.is_stored_once()
        return stream.said_bytes if how == SAID else stream.heard_bytes

    def cut_all(self, how, step=1):
        """Cut at each byte, or each of so many; return how many there are."""
        length = self.length(how)
        for at in range(0, length, step):
            self.receive((how, at))
            assert self.is_stored_once(), (how, at, self._stored(), self._ports.lines)
        return length

    def is_stored_once(self):
        """Say whether of every mail that can be printed all files are in the inbox, as often as
        the mail was sent."""
        wanted = []
        for _, mail in self._mails:
            wanted += [(_subject_of(mail), content) for content in contents_of(mail)]
        found = []
        self._restart()
        for item in self._device.inbox.items():
            found.append((item["subject"], self._ports.files.content[path_of(item)]))
        return sorted(found) == sorted(wanted)

    def _restart(self):
        self._device = Device(self._ports)

    def _check(self):
        try:
            return not run(self._device.maildrops.check(NAME))["more"]
        except MailError:
            return False

    def _left(self):
        """Return what is to be at the server in the end."""
        return [mail for mail in self._mails if self._keeps and not contents_of(mail[1])]

    def _stored(self):
        """Return the subjects of the mails all of whose files are on flash, and of those that
        were turned away: once for each mail."""
        subjects = [_subject_of(mail) for _, mail in self._mails if not contents_of(mail)]
        files = {}
        for item in self._device.inbox.items():
            size_bytes = self._ports.files.size(path_of(item))
            assert size_bytes == item["size"]
            files[item["id"].split(".")[0]] = item["subject"]
        return subjects + list(files.values())


def is_within(some, all_of_them):
    """Say whether a list has nothing more often than another one."""
    return all(some.count(entry) <= all_of_them.count(entry) for entry in some)


def path_of(item):
    return "inbox/" + item["id"].replace(".", "/")


def _subject_of(mail):
    at = mail.index(b"Subject: ") + 9
    return mail[at : mail.index(b"\r\n", at)].decode()


def contents_of(mail):
    """Return what is to be stored of one of the mails below."""
    if b"files" in mail:
        return SCANS
    return () if b"useless" in mail else (b"Text.\r\n.\r\nEnd\r\n",)


def text(subject):
    return mail_of(text=b"Text.\r\n.\r\nEnd\r\n", subject=subject)


FILES = mail_of(SCANS, None, "files")
KEPT = mail_of((USELESS,), None, "useless")


def cut_both_ways(drop, step=STEP):
    lengths = [drop.cut_all(how, step) for how in (RESET, HEARD, SAID)]
    assert lengths[0] == lengths[1] > 150 and lengths[2] > 800, lengths


def test_check_cut_at_any_byte_stores_each_mail_once():
    drop = Drop((("a", FILES), ("b", text("One")), ("c", KEPT)), unsupported="delete")
    cut_both_ways(drop, 1)


def test_check_cut_at_any_byte_with_starttls_stores_each_mail_once():
    mails = (("a", text("One")), ("c", KEPT), ("b", FILES))
    cut_both_ways(Drop(mails, security="starttls"))


def test_check_cut_at_any_byte_without_unique_ids_stores_each_mail_once():
    """Two of the mails cannot be told apart: each of them is stored."""
    mails = (("", text("Twin")), ("", FILES), ("", KEPT), ("", text("Twin")))
    cut_both_ways(Drop(mails, uidl=False))


def test_check_cut_at_any_byte_with_one_id_for_all_stores_each_mail_once():
    mails = (("x", FILES), ("x", text("One")), ("x", text("Two")))
    cut_both_ways(Drop(mails, deny_from="@spam.test", top=False))
