"""Drives one POP3 connection: connect, TLS, sign in, list, fetch, delete, quit."""

from mfpmail.core.errors import TRANSIENT, MailError, TlsError
from mfpmail.core.pop3 import (
    MAX_MAIL_BYTES,
    Pop3Connection,
    parse_listing,
    parse_number,
    unique_id,
)
from mfpmail.core.replies import pop3_error
from mfpmail.session.link import ServerLink

_BUFFER_BYTES = 1024  # twice of it would gain a fifth of the speed, which is not short


class Pop3Session:
    """One connection to one maildrop.

    `step` names what was being done: connect, tls, capa, auth, list, fetch, delete, quit. Every
    method but `quit` and `abort` raises MailError; after one, only `abort` is of use. So it is
    when one of the functions that are handed in has raised.
    """

    def __init__(self, net, settings):
        self.step = "connect"
        self._security = settings["security"]
        self._address = (settings["server"], settings["port"])
        self._link = ServerLink(net, settings)
        self._connection = Pop3Connection(_BUFFER_BYTES)
        self._greeting = ""

    async def open(self):
        """Connect, with TLS as the setting wants it."""
        try:
            self._connection.tls = await self._link.connect()
        except TlsError:
            self.step = "tls"
            raise
        self._greeting = self._expect(await self._status())
        if self._security == "starttls":
            await self._start_tls()

    async def authenticate_xoauth2(self, user, access_token):
        """Sign in with a token; a server that only has OAUTHBEARER gets it that way. Raises
        ReplyError `auth_rejected`."""
        self._begin_auth()
        from mfpmail.core.saslpop import with_xoauth2

        await self._sign_in(with_xoauth2(user, access_token, *self._address))

    async def authenticate_oauthbearer(self, user, access_token):
        """Sign in with a token by RFC 7628. Raises ReplyError `auth_rejected`."""
        self._begin_auth()
        from mfpmail.core.saslpop import with_oauthbearer

        await self._sign_in(with_oauthbearer(user, access_token, *self._address))

    async def authenticate_password(self, user, password):
        """Sign in with PLAIN, APOP, or USER and PASS, as the server offers it; inside TLS only.
        Raises ReplyError `auth_rejected`."""
        self._begin_auth()
        from mfpmail.core.saslpop import with_password

        await self._sign_in(with_password(user, password, self._greeting))

    async def list_mails(self, take):
        """Call `take(number, unique_id, size_bytes)` for each mail, in the server's order.

        Nothing is kept, however many there are. `size_bytes` is None where the server gives
        unique ids; one without UIDL (RFC 1939 makes it optional) gives "" as the unique id. What
        is no number from 1 to MAX_MAILS is left out.
        """
        self.step = "list"
        ok, text = await self._command("UIDL")
        if ok:
            await self._list(lambda number, word: take(number, unique_id(word), None))
            return
        error = pop3_error(self.step, text)
        if error.code == "pop3_busy" or error.kind != TRANSIENT:
            raise error  # it knows UIDL: the ids must not be lost
        await self.list_sizes(lambda number, size_bytes: take(number, "", size_bytes))

    async def list_sizes(self, take):
        """Call `take(number, size_bytes)` for each mail; None for a size that is no number."""
        self.step = "list"
        self._expect(await self._command("LIST"))
        await self._list(lambda number, word: take(number, parse_number(word, MAX_MAIL_BYTES)))

    async def size_of(self, number):
        """Return the size of one mail in bytes, as the server counts it, or None."""
        self.step = "list"
        text = self._expect(await self._command("LIST", str(number)))
        listing = parse_listing(text.encode())
        if not listing or listing[0] != number:
            return None
        return parse_number(listing[1], MAX_MAIL_BYTES)

    async def top(self, number, lines, take_data):
        """Fetch the header and the first lines of the body; `take_data` as for `retrieve`.

        Raises ReplyError `pop3_refused` where the server has no TOP (it is optional).
        """
        self.step = "fetch"
        self._expect(await self._command("TOP", "%d %d" % (number, lines)))
        await self._mail(take_data, None)

    async def retrieve(self, number, take_data, progress=None):
        """Fetch a mail; it is complete when this returns, and only then.

        `take_data(memoryview)` gets it piece by piece, dots removed; each piece is valid only
        during the call. `progress(bytes_done)` is called for every block that came.
        """
        self.step = "fetch"
        self._expect(await self._command("RETR", str(number)))
        await self._mail(take_data, progress)

    async def delete(self, number):
        """Mark a mail; the server removes it when `quit` is answered."""
        self.step = "delete"
        self._expect(await self._command("DELE", str(number)))

    async def quit(self):
        """Ask for the deletions and close; return whether the server has confirmed them.

        Without that they may have happened or not. Raises nothing.
        """
        self.step = "quit"
        try:
            ok, _ = await self._command("QUIT")
        except MailError:
            ok = False
        finally:
            await self.abort()
        return bool(ok)

    async def abort(self):
        """Close at once; nothing that was marked is deleted (RFC 1939 section 6)."""
        await self._link.close()

    async def _start_tls(self):
        self.step = "capa"
        offered = await self._capabilities()
        self.step = "tls"
        if "STLS" not in offered:
            raise TlsError("tls_not_offered", "%s does not offer STLS." % self._link.server)
        ok, text = await self._command("STLS")
        if not ok:
            self._raise_if_busy(text)
            raise TlsError("tls_refused", "%s refuses STLS: %s" % (self._link.server, text[:200]))
        self._connection.tls_started()
        await self._link.start_tls()

    async def _capabilities(self):
        """Return what the server offers, nothing when it does not know CAPA."""
        from mfpmail.core.saslpop import add_capability

        found = {}
        ok, text = await self._command("CAPA")
        if ok:
            await self._lines(lambda line: add_capability(found, line))
        else:
            self._raise_if_busy(text)
        return found

    def _begin_auth(self):
        self.step = "auth"
        if not self._connection.tls:
            raise TlsError("tls_not_offered", "Signing in needs TLS.")

    async def _sign_in(self, steps):
        """Say what the steps of `core.saslpop` want said, to their end."""
        answer, error = None, None
        while True:
            try:
                step = steps.throw(error) if error else steps.send(answer)
            except StopIteration:
                return
            try:
                answer, error = await self._say(step), None
            except MailError as failure:
                error = failure

    async def _say(self, step):
        if isinstance(step, bytes):
            return await self._respond(step)
        if isinstance(step, str):
            return await self._capabilities()
        return await self._command(*step)

    async def _list(self, take):
        def take_line(line):
            listing = parse_listing(line)
            if listing:
                take(*listing)

        await self._lines(take_line)

    async def _lines(self, take_line):
        while True:
            event = await self._next_event()
            if event[0] == "end":
                return
            take_line(event[1])

    async def _mail(self, take_data, progress):
        # Not over `_next_event`: a coroutine for each piece would cost more than the piece.
        connection, receive = self._connection, self._link.receive
        done_bytes = 0
        while True:
            event = connection.next_event()
            if event is None:
                if progress:
                    progress(done_bytes)
                connection.received(await receive(connection.free_space()))
            elif event[0] == "end":
                break
            else:
                take_data(event[1])
                done_bytes += len(event[1])
        if progress:
            progress(done_bytes)

    async def _command(self, verb, argument=""):
        await self._link.write(self._connection.send(verb, argument))
        return await self._status()

    async def _respond(self, response):
        await self._link.write(self._connection.respond(response))
        return await self._status()

    async def _status(self):
        event = await self._next_event()
        return event[1], event[2]

    async def _next_event(self):
        while True:
            event = self._connection.next_event()
            if event:
                return event
            count = await self._link.receive(self._connection.free_space())
            self._connection.received(count)

    def _expect(self, status):
        """Return the text of a good status. Raises ReplyError for any other."""
        ok, text = status
        if not ok:
            raise pop3_error(self.step, text)
        return text

    def _raise_if_busy(self, text):
        error = pop3_error(self.step, text)
        if error.code == "pop3_busy":
            raise error
