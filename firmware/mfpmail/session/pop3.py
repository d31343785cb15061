"""Drives one POP3 connection: connect, TLS, sign in, list, fetch, delete, quit."""

from mfpmail.core import limits, sasl
from mfpmail.core.errors import TlsError
from mfpmail.core.pop3 import LineSplitter, Pop3Connection, capabilities
from mfpmail.core.replies import pop3_error
from mfpmail.session.link import ServerLink

_BUFFER_BYTES = 1024


class Pop3Session:
    """One connection to one maildrop.

    `step` names what was being done: connect, tls, capa, auth, list, fetch, delete, quit. Every
    method raises MailError; after one, only `abort` is of use.
    """

    def __init__(self, net, settings):
        self.step = "connect"
        self._security = settings["security"]
        self._link = ServerLink(net, settings)
        self._connection = Pop3Connection(_BUFFER_BYTES)

    async def open(self):
        """Connect, with TLS as the setting wants it."""
        try:
            self._connection.tls = await self._link.connect()
        except TlsError:
            self.step = "tls"
            raise
        self._expect(await self._status())
        if self._security == "starttls":
            await self._start_tls()

    async def authenticate_xoauth2(self, user, access_token):
        """Sign in with a token, always in two steps: Exchange closes the connection on one
        (getmail6/getmail6#256). Raises ReplyError `auth_rejected`."""
        self._begin_auth()
        ok, text = await self._command("AUTH", "XOAUTH2")
        if ok is None:
            ok, text = await self._respond(sasl.xoauth2(user, access_token))
            if ok is None:  # the error challenge: an empty line asks for the final answer
                ok, text = await self._respond(b"")
        self._expect((ok, text))

    async def authenticate_password(self, user, password):
        """Sign in with USER and PASS, inside TLS only."""
        self._begin_auth()
        self._expect(await self._command("USER", user))
        self._expect(await self._command("PASS", password))

    async def list_mails(self, take):
        """Call `take(number, unique_id)` for each mail, in the server's order.

        A server without UIDL (RFC 1939 makes it optional) gives "" as the unique id.
        """
        self.step = "list"
        unique, text = await self._command("UIDL")
        if not unique:
            error = pop3_error(self.step, text)
            if error.code == "pop3_busy":  # it knows UIDL: the ids must not be lost
                raise error
            self._expect(await self._command("LIST"))
        splitter = LineSplitter()

        def take_lines(data):
            for line in splitter.feed(data):
                words = line.split()
                if len(words) > 1 and words[0].isdigit():
                    unique_id = words[1][: limits.MAX_UNIQUE_ID_BYTES] if unique else ""
                    take(int(words[0]), unique_id)

        await self._multi_line(take_lines)

    async def retrieve(self, number, sink):
        """Fetch a mail; `sink(memoryview)` gets it piece by piece, dots removed. Each piece is
        valid only during the call."""
        self.step = "fetch"
        self._expect(await self._command("RETR", str(number)))
        await self._multi_line(sink)

    async def delete(self, number):
        """Mark a mail; the server removes it when `quit` is answered."""
        self.step = "delete"
        self._expect(await self._command("DELE", str(number)))

    async def quit(self):
        """Commit the deletions and close. Raises when they were not confirmed."""
        self.step = "quit"
        self._expect(await self._command("QUIT"))
        await self.abort()

    async def abort(self):
        """Close at once; nothing that was marked is deleted (RFC 1939 section 6)."""
        await self._link.close()

    async def _start_tls(self):
        self.step = "capa"
        lines = []
        splitter = LineSplitter()
        ok, _ = await self._command("CAPA")
        if ok:
            await self._multi_line(lambda data: lines.extend(splitter.feed(data)))
        self.step = "tls"
        if "STLS" not in capabilities(lines):
            raise TlsError("tls_not_offered", "%s does not offer STLS." % self._link.server)
        ok, text = await self._command("STLS")
        if not ok:
            raise TlsError("tls_refused", "%s refuses STLS: %s" % (self._link.server, text[:200]))
        self._connection.tls_started()
        await self._link.start_tls()

    def _begin_auth(self):
        self.step = "auth"
        if not self._connection.tls:
            raise TlsError("tls_not_offered", "Signing in needs TLS.")

    async def _command(self, verb, argument=""):
        await self._link.write(self._connection.send(verb, argument))
        return await self._status()

    async def _respond(self, response):
        await self._link.write(self._connection.respond(response))
        return await self._status()

    async def _status(self):
        event = await self._next_event()
        return event[1], event[2]

    async def _multi_line(self, sink):
        while True:
            event = await self._next_event()
            if event[0] == "end":
                return
            sink(event[1])

    async def _next_event(self):
        while True:
            event = self._connection.next_event()
            if event:
                return event
            count = await self._link.receive(self._connection.free_space())
            self._connection.received(count)

    def _expect(self, status):
        ok, text = status
        if not ok:
            raise pop3_error(self.step, text)
