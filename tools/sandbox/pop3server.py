"""POP3 with XOAUTH2, on Twisted's protocol. As Exchange, it takes two-step AUTH only."""
# ruff: noqa: N802 - Twisted finds its commands and hooks by these names

import asyncio
import base64
import binascii
from types import SimpleNamespace

from twisted.internet import defer
from twisted.mail import pop3
from zope.interface import implementer

from .accounts import SCOPE_POP
from .tokencheck import CheckUnavailable, error_challenge, parse_xoauth2
from .twistedlink import Timer

MECHANISM = b"XOAUTH2"


class Pop3Server(pop3.POP3):
    """One connection. `starttls_context` is given on the listener that begins in plain text."""

    AUTH_CMDS = [*pop3.POP3.AUTH_CMDS, b"STLS"]
    magic = b"mfpmail sandbox POP3 server ready"  # no APOP challenge: there is no APOP
    factory = SimpleNamespace(noisy=False)

    def __init__(self, checker, maildrops, journal, loop, starttls_context=None):
        self._checker = checker
        self._maildrops = maildrops
        self._journal = journal
        self._loop = loop
        self._starttls_context = starttls_context
        self._stls_begun = False

    # Twisted's machinery without a reactor

    @staticmethod
    def schedule(iterator):
        for _ in iterator:
            pass
        return defer.succeed(None)

    def callLater(self, period, func):
        return Timer(self._loop, period, func)

    def lineReceived(self, line):
        # What came with STLS in one packet was not protected: it is dropped (RFC 2595 section 4).
        if self.transport.tls or not self._stls_begun:
            super().lineReceived(line)

    def processCommand(self, command, *args):
        try:
            return super().processCommand(command, *args)
        except pop3.POP3Error as error:
            self.failResponse(error.args[0])
        except (TypeError, ValueError):
            self.failResponse(b"bad command or argument")

    # Capabilities and TLS

    def listCapabilities(self):
        offer = b"SASL " + MECHANISM if self.transport.tls else b"STLS"
        return [b"TOP", b"UIDL", b"PIPELINING", b"RESP-CODES", b"AUTH-RESP-CODE", offer]

    def do_STLS(self):
        if self.transport.tls or self.mbox:
            self.failResponse(b"TLS is active already")
            return
        self.successResponse(b"begin TLS")
        self._stls_begun = True
        self._buffer = b""
        self.transport.start_tls(self._starttls_context)

    # Authentication

    def do_AUTH(self, mechanism=b"", initial_response=None):
        if self.mbox:
            self.failResponse(b"already authenticated")
        elif not self.transport.tls:
            self.failResponse(b"[AUTH] TLS is required first")
        elif initial_response is not None:
            self.failResponse(b"Protocol error. Connection is closed. 10")
            self.transport.loseConnection()
        elif mechanism.upper() != MECHANISM:
            self.failResponse(b"unsupported SASL mechanism")
        else:
            self.sendLine(b"+ ")
            self.state = "AUTH"

    def state_AUTH(self, line):
        self.state = "COMMAND"
        try:
            user, token = parse_xoauth2(base64.b64decode(line, validate=True))
        except (binascii.Error, ValueError):
            self.failResponse(b"malformed XOAUTH2 response")
            return
        check = self._loop.create_task(self._check(user, token))
        self._longOperation(defer.Deferred.fromFuture(check))

    async def _check(self, user, token):
        try:
            refusal = await asyncio.to_thread(self._checker.refusal, user, token, SCOPE_POP)
        except CheckUnavailable:
            self._journal.note("pop3: no answer from the authorization server")
            self.failResponse(b"[SYS/TEMP] temporary authentication failure")
            return
        if refusal:
            self._journal.note(f"pop3: {user} refused: {refusal}")
            self.sendLine(b"+ " + base64.b64encode(error_challenge(SCOPE_POP)))
            self.state = "REFUSED"
            return
        self._journal.note(f"pop3: {user} signed in")
        self.mbox = Maildrop(self._maildrops, user, self._journal)
        self.successResponse(b"maildrop open")

    def state_REFUSED(self, line):
        """The client's empty line after the JSON challenge."""
        self.state = "COMMAND"
        self.failResponse(b"[AUTH] authentication failed")

    # Transfer

    def do_UIDL(self, i=None):
        if i is None:
            return super().do_UIDL()
        # Twisted leaves out the message number that RFC 1939 section 7 wants in this reply.
        uid = self.mbox.getUidl(int(i) - 1)
        return self.successResponse(b"%d %s" % (int(i), uid))

    def do_TOP(self, i, size):
        body_lines = int(size)
        if body_lines < 0:
            raise ValueError("TOP wants a count of lines")
        return self._sendMessageContent(
            i, lambda message: message.top(body_lines), lambda _: b"top of message follows"
        )

    def transformChunk(self, chunk):
        return chunk  # OutgoingMail has done it, also where a dot begins a chunk


class OutgoingMail:
    """A message file as POP3 sends it: with transparency dots, piece by piece.

    `on_end` is called when all of it has been read.
    """

    def __init__(self, path, on_end):
        self._file = path.open("rb")
        self._left_bytes = path.stat().st_size
        self._on_end = on_end
        self._at_line_start = True

    def top(self, body_lines):
        """Restricts this message to its header and so many lines of the body."""
        for line in self._file:
            if line == b"\r\n":
                break
        for _ in range(body_lines):
            self._file.readline()
        self._left_bytes = self._file.tell()
        self._file.seek(0)
        self._on_end = None
        return self

    def read(self, size_bytes):
        chunk = self._file.read(min(size_bytes, self._left_bytes))
        self._left_bytes -= len(chunk)
        if not chunk:
            self._file.close()
            if self._on_end:
                self._on_end()
            return b""
        dot = b"." if self._at_line_start and chunk.startswith(b".") else b""
        self._at_line_start = chunk.endswith(b"\n")
        return dot + chunk.replace(b"\n.", b"\n..")


@implementer(pop3.IMailbox)
class Maildrop:
    """What one session sees: the messages that were there at sign-in (RFC 1939 section 4)."""

    def __init__(self, store, account, journal):
        self._store = store
        self._account = account
        self._journal = journal
        self._mails = store.messages(account)
        self._deleted = set()

    def listMessages(self, index=None):
        if index is not None:
            return self._mail(index).size_bytes if index not in self._deleted else 0
        return [self.listMessages(i) for i in range(len(self._mails))]

    def getMessage(self, index):
        mail = self._mail(index)
        try:
            return OutgoingMail(mail.path, lambda: self._report(mail))
        except FileNotFoundError:
            raise ValueError("another session deleted this message") from None

    def getUidl(self, index):
        if index in self._deleted:
            raise ValueError("message deleted")
        return self._mail(index).uid.encode()

    def deleteMessage(self, index):
        self._mail(index)
        if index in self._deleted:
            raise ValueError("message deleted already")
        self._deleted.add(index)

    def undeleteMessages(self):
        self._deleted.clear()

    def sync(self):
        """QUIT: only now are the marked messages deleted (RFC 1939 section 6)."""
        for index in self._deleted:
            self._store.delete(self._mails[index])
        if self._deleted:
            self._journal.note(f"pop3: {len(self._deleted)} deleted for {self._account}")
        self._deleted.clear()

    def _mail(self, index):
        if not 0 <= index < len(self._mails):
            raise ValueError("no such message")
        return self._mails[index]

    def _report(self, mail):
        self._journal.count("pop3_retrievals")
        self._journal.note(f"pop3: mail fetched by {self._account}, {mail.size_bytes} bytes")
