"""Drives one SMTP connection: connect, TLS, hello, sign in, send messages, quit."""

from mfpmail.core.errors import MESSAGE, MailError, TlsError
from mfpmail.core.replies import smtp_error
from mfpmail.core.smtp import BODY, READY, SERVICE_CLOSING, SmtpConnection
from mfpmail.session.link import ServerLink

_READ_BYTES = 512
_MAX_FLIGHT_BYTES = 2048  # of commands; what the peer answers to them must fit its buffers too
_MAX_CHUNK_BYTES = 16384


class SmtpSession:
    """One connection to one server, for any number of messages.

    `net` is the network port. `step` names what was being done, for the connection test and for
    error messages: connect, tls, hello, auth, mail, rcpt, data. `sent_count` messages were taken.
    Every method raises MailError; after one, only `abort` is of use, unless `usable` says that
    the connection is as good as before.

    What we send is 7bit or base64, and a header with SMTPUTF8 needs no more than that parameter
    (RFC 6531 section 3.6): so 8BITMIME is never asked for.
    """

    def __init__(self, net, settings, hello_name):
        self.step = "connect"
        self.sent_count = 0
        self._security = settings["security"]
        self._link = ServerLink(net, settings)
        self._hello_name = hello_name.encode()
        self._connection = SmtpConnection()
        self._view = memoryview(bytearray(_READ_BYTES))
        self._replies = []  # to MAIL, RCPTs and DATA or BDAT
        self._body = None  # its buffers are made for the first message

    @property
    def usable(self):
        """Whether another message can be sent on this connection, as far as one can know: also
        after one that was refused."""
        idle = not self._connection.awaited and self._connection.takes("RSET")
        return idle and self._link.is_open

    async def open(self):
        """Connect and say hello; with TLS before anything else is said, as the setting wants."""
        try:
            self._connection.tls = await self._link.connect()
        except TlsError:
            self.step = "tls"
            raise
        self._expect(await self._reply())
        await self._hello()
        if self._security == "starttls":
            await self._start_tls()

    async def authenticate_xoauth2(self, user, access_token):
        """Sign in with a token; a server that only offers OAUTHBEARER gets it that way.

        Raises ReplyError `auth_rejected`, `auth_not_offered`.
        """
        offered = self._begin_auth()
        from mfpmail.core.saslsmtp import with_xoauth2

        await self._sign_in(with_xoauth2(offered, self._link.server, user, access_token))

    async def authenticate_oauthbearer(self, user, access_token):
        """Sign in with a token by RFC 7628; raises as `authenticate_xoauth2` does."""
        offered = self._begin_auth()
        from mfpmail.core.saslsmtp import with_oauthbearer

        await self._sign_in(with_oauthbearer(offered, self._link.server, user, access_token))

    async def authenticate_password(self, user, password):
        """Sign in with PLAIN, or with LOGIN where only that is offered; raises as
        `authenticate_xoauth2` does."""
        offered = self._begin_auth()
        from mfpmail.core.saslsmtp import with_password

        await self._sign_in(with_password(offered, self._link.server, user, password))

    async def probe_sender(self, reverse_path):
        """Check that the server takes mail from `reverse_path`, then take it back: a server may
        report a sign-in that is none, and only a real command tells."""
        self.step = "mail"
        self._expect(await self._command("MAIL", self._mail_argument(reverse_path)))
        self._expect(await self._command("RSET"))

    async def begin_message(self, reverse_path, forward_paths, size_bytes=None, smtputf8=False):
        """Send the envelope: MAIL, a RCPT for each recipient, DATA, all in one flight where the
        server takes that (RFC 2920). The body comes next.

        Return `[(forward_path, Reply)]`, one for each recipient; at least one was accepted.
        `size_bytes` is the size of the mail before dot-stuffing, None when it is not known
        (RFC 1870); `smtputf8` says that its header has an address beyond ASCII (RFC 6531).
        Raises ReplyError, with `results` when every recipient was refused. Before anything is
        sent: MailError `mail_too_large`, `smtputf8_not_offered`.
        """
        mail = self._mail_argument(reverse_path, forward_paths, size_bytes, smtputf8)
        await self._envelope(mail, forward_paths, "DATA")
        await self._collect()
        results = await self._judge(forward_paths)
        self._expect(self._replies[-1], 3)
        return results

    def body(self, progress):
        """Return the BodyWriter for the mail that was begun; `progress(bytes_done)` is called as
        it goes, and ends the mail by raising."""
        self._body.begin(progress)
        return self._body

    async def end_message(self, body):
        """Write the rest and the final dot in one, and wait until the server has taken the mail.

        Raises ReplyError when it does not.
        """
        early = self._connection.next_reply()
        if early:  # nothing was asked: it can only say that the server closes
            self._expect(early)
        await body.finish()
        self._connection.end_of_data()
        self._expect(await self._reply(), 2)
        self.sent_count += 1

    async def send(self, reverse_path, forward_paths, message, open_attachment, progress):
        """Send one message; return `[(forward_path, Reply)]`, one for each recipient.

        `open_attachment(index)` returns a file; `progress(bytes_done)` is called as it goes.
        `message` has `segments()` and `sizes_bytes` (see `pump_message`); it may have `size_bytes`
        and `smtputf8`. Raises as `begin_message` and `end_message` do.
        """
        from mfpmail.session.pump import pump_message

        size_bytes = getattr(message, "size_bytes", None)
        smtputf8 = getattr(message, "smtputf8", False)
        if self._fits_a_chunk(size_bytes):
            mail = self._mail_argument(reverse_path, forward_paths, size_bytes, smtputf8)
            await self._envelope(mail, forward_paths, "BDAT", b"%d LAST" % size_bytes)
            if self._connection.awaited:  # else all was refused before
                self._body.begin(progress, size_bytes)
                await pump_message(self._body, message, open_attachment)
                await self._body.finish()
                await self._collect()
            results = await self._judge(forward_paths)
            self._expect(self._replies[-1], 2)
            self.sent_count += 1
            return results
        results = await self.begin_message(reverse_path, forward_paths, size_bytes, smtputf8)
        body = self.body(progress)
        await pump_message(body, message, open_attachment)
        await self.end_message(body)
        return results

    async def quit(self):
        """Say goodbye and close; a peer that is gone already is no error."""
        try:
            await self._command("QUIT")
        except MailError:
            pass
        await self.abort()

    async def abort(self):
        """Close at once: a message that is not complete is not delivered."""
        await self._link.close()

    async def _hello(self):
        self.step = "hello"
        reply = await self._command("EHLO", self._hello_name)
        if reply.code >= 500:
            reply = await self._command("HELO", self._hello_name)
        self._expect(reply)

    async def _start_tls(self):
        self.step = "tls"
        if "STARTTLS" not in self._connection.capabilities:
            raise TlsError("tls_not_offered", "%s does not offer STARTTLS." % self._link.server)
        reply = await self._command("STARTTLS")
        if not reply.ok:
            raise TlsError("tls_refused", "%s refuses STARTTLS: %s" % (self._link.server, reply))
        self._connection.tls_started()
        await self._link.start_tls()
        await self._hello()

    def _begin_auth(self):
        """Return the mechanisms that the server names."""
        self.step = "auth"
        if not self._connection.tls:
            raise TlsError("tls_not_offered", "Signing in needs TLS.")
        return self._connection.capabilities.get("AUTH", [])

    async def _sign_in(self, steps):
        """Say what the steps of `core.saslsmtp` want said, to their end."""
        reply = None
        while True:
            try:
                step = steps.send(reply)
            except StopIteration:
                return
            if isinstance(step, bytes):
                reply = await self._respond(step)
            else:
                reply = await self._command(*step)

    def _mail_argument(self, reverse_path, forward_paths=(), size_bytes=None, smtputf8=False):
        """Return the argument of MAIL, once what the server offers is enough for this mail."""
        offered = self._connection.capabilities
        argument = b"FROM:<" + reverse_path.encode() + b">"
        if size_bytes is not None and "SIZE" in offered:
            _refuse_oversize(size_bytes, offered["SIZE"], self._link.server)
            argument += b" SIZE=%d" % size_bytes
        paths = reverse_path + "".join(forward_paths)
        if smtputf8 or len(paths.encode()) > len(paths):
            if "SMTPUTF8" not in offered:
                message = "%s takes no addresses beyond ASCII." % self._link.server
                raise MailError("smtputf8_not_offered", message, MESSAGE)
            argument += b" SMTPUTF8"
        return argument

    async def _envelope(self, mail, forward_paths, last, argument=b""):
        """Send MAIL, RCPT for each recipient and the command `last`, as many in one flight as the
        server takes; the replies to the last flight are still to come."""
        self.step = "mail"
        if self._connection.state != READY:  # a message was refused halfway
            self._expect(await self._command("RSET"))
        if not self._body:
            from mfpmail.session.pump import BodyWriter

            self._body = BodyWriter(self._link)
        self._replies = []
        body, connection = self._body, self._connection
        at_once = "PIPELINING" in connection.capabilities
        for verb, words in _commands(mail, forward_paths, last, argument):
            is_full = body.filled + len(words) > _MAX_FLIGHT_BYTES
            if connection.awaited and (is_full or not at_once):
                await self._collect()
            # Once all replies are here, the table says what has lost its place by a refusal.
            if connection.awaited or connection.takes(verb):
                body.add(connection.send(verb, words))

    async def _collect(self):
        """Write what waits, and take the replies to all that was sent."""
        await self._body.flush()
        while self._connection.awaited:
            verb = self._connection.awaited[0]
            self.step = "data" if verb == "BDAT" else verb.lower()
            self._replies.append(await self._reply())

    async def _judge(self, forward_paths):
        """Return the results of the recipients. Raises ReplyError when MAIL or every recipient
        was refused."""
        if self._replies[0].code // 100 != 2:
            self.step = "mail"
            raise smtp_error(self.step, self._replies[0])
        results = [(path, self._replies[1 + i]) for i, path in enumerate(forward_paths)]
        if any(reply.ok for _, reply in results):
            return results
        if self._connection.state == BODY:  # nobody is there to get it (RFC 2920 section 3.1)
            self._connection.end_of_data()
            await self._link.write(b".\r\n")
            await self._reply()
        self.step = "rcpt"
        error = smtp_error(self.step, _mildest([reply for _, reply in results]))
        error.results = results
        raise error

    def _fits_a_chunk(self, size_bytes):
        """Whether the whole mail may leave with its envelope, in one round trip (RFC 3030)."""
        offered = self._connection.capabilities
        is_small = size_bytes is not None and size_bytes <= _MAX_CHUNK_BYTES
        return is_small and "CHUNKING" in offered and "PIPELINING" in offered

    async def _command(self, verb, argument=b""):
        await self._link.write(self._connection.send(verb, argument))
        return await self._reply()

    async def _respond(self, response):
        await self._link.write(self._connection.respond(response))
        return await self._reply()

    async def _reply(self):
        while True:
            reply = self._connection.next_reply()
            if reply:
                if reply.code == SERVICE_CLOSING:
                    await self._link.close()
                    raise smtp_error(self.step, reply)
                return reply
            count = await self._link.receive(self._view)
            self._connection.receive_data(self._view[:count])

    def _expect(self, reply, digit=None):
        if not reply.ok or (digit and reply.code // 100 != digit):
            raise smtp_error(self.step, reply)
        return reply


def _mildest(replies):
    """With every recipient refused, one that may be taken later decides."""
    return min(replies, key=lambda reply: reply.code)


def _commands(mail, forward_paths, last, argument):
    yield "MAIL", mail
    for path in forward_paths:
        yield "RCPT", b"TO:<" + path.encode() + b">"
    yield last, argument


def _refuse_oversize(size_bytes, parameters, server):
    limit = int(parameters[0]) if parameters and parameters[0].isdigit() else 0
    if 0 < limit < size_bytes:  # without a number, or with 0, there is no fixed limit
        message = "The mail has %d bytes, %s takes no more than %d." % (size_bytes, server, limit)
        raise MailError("mail_too_large", message, MESSAGE)
