"""Drives one SMTP connection: connect, TLS, hello, sign in, send messages, quit."""

from mfpmail.core import limits, sasl
from mfpmail.core.errors import MailError, ReplyError, TlsError
from mfpmail.core.replies import smtp_error
from mfpmail.core.smtp import SERVICE_CLOSING, SmtpConnection
from mfpmail.session.link import ServerLink
from mfpmail.session.pump import pump_message

_READ_BYTES = 512


class SmtpSession:
    """One connection to one server.

    `net` is the network port. `step` names what was being done, for the connection test and for
    error messages: connect, tls, hello, auth, mail, rcpt, data. Every method raises MailError;
    after one, only `abort` is of use.
    """

    def __init__(self, net, settings, hello_name):
        self.step = "connect"
        self._security = settings["security"]
        self._link = ServerLink(net, settings)
        self._hello_name = hello_name.encode()
        self._connection = SmtpConnection()
        self._view = memoryview(bytearray(_READ_BYTES))

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
        """Sign in with a token, in one step when the command fits 512 bytes (RFC 4954 section 4).

        Raises ReplyError `auth_rejected`.
        """
        self._begin_auth("XOAUTH2")
        response = sasl.xoauth2(user, access_token)
        command = b"XOAUTH2 " + response
        if len(command) + len("AUTH \r\n") <= limits.MAX_COMMAND_BYTES:
            reply = await self._command("AUTH", command)
        else:
            reply = self._expect(await self._command("AUTH", b"XOAUTH2"))
            reply = await self._respond(response)
        if reply.code == 334:  # the error challenge: an empty line asks for the final reply
            reply = await self._respond(b"")
        self._expect(reply, 2)

    async def authenticate_password(self, user, password):
        """Sign in with PLAIN, or with LOGIN where only that is offered."""
        offered = self._connection.capabilities.get("AUTH", [])
        if "PLAIN" in offered or "LOGIN" not in offered:
            self._begin_auth("PLAIN")
            reply = await self._command("AUTH", b"PLAIN " + sasl.plain(user, password))
            self._expect(reply, 2)
            return
        self._begin_auth("LOGIN")
        reply = self._expect(await self._command("AUTH", b"LOGIN"))
        for answer in sasl.login_answers(user, password):
            reply = self._expect(await self._respond(answer))
        self._expect(reply, 2)

    async def probe_sender(self, reverse_path):
        """Check that the server takes mail from `reverse_path`, then take it back: a server may
        report a sign-in that is none, and only a real command tells."""
        self.step = "mail"
        self._expect(await self._command("MAIL", b"FROM:<" + reverse_path.encode() + b">"))
        self._expect(await self._command("RSET"))

    async def send(self, reverse_path, forward_paths, message, open_attachment, progress):
        """Send one message; return `[(forward_path, Reply)]`, one for each recipient.

        `open_attachment(index)` returns a file; `progress(bytes_done)` is called as it goes.
        Raises ReplyError when no recipient was accepted or the message was refused.
        """
        self.step = "mail"
        self._expect(await self._command("MAIL", b"FROM:<" + reverse_path.encode() + b">"))
        results = await self._recipients(forward_paths)
        self.step = "data"
        self._expect(await self._command("DATA"), 3)
        await pump_message(self._link, message, open_attachment, progress)
        self._connection.end_of_data()
        self._expect(await self._reply())
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

    def _begin_auth(self, mechanism):
        self.step = "auth"
        if not self._connection.tls:
            raise TlsError("tls_not_offered", "Signing in needs TLS.")
        if mechanism not in self._connection.capabilities.get("AUTH", []):
            raise ReplyError(
                "auth_not_offered",
                "%s does not offer to sign in with %s." % (self._link.server, mechanism),
            )

    async def _recipients(self, forward_paths):
        self.step = "rcpt"
        results = []
        for path in forward_paths:
            reply = await self._command("RCPT", b"TO:<" + path.encode() + b">")
            if reply.code == SERVICE_CLOSING:
                raise smtp_error(self.step, reply)
            results.append((path, reply))
        if not any(reply.ok for _, reply in results):
            error = smtp_error(self.step, _mildest([reply for _, reply in results]))
            error.results = results
            raise error
        return results

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
