"""SMTP submission with XOAUTH2, on aiosmtpd. Mail for a known account lands in its maildrop."""
# ruff: noqa: N802 - aiosmtpd finds its hooks by these names

import asyncio
import base64
import binascii
import collections
import logging

from aiosmtpd.smtp import MISSING, SMTP, AuthResult, auth_mechanism

from .accounts import MAIL_DOMAIN, SCOPE_SMTP
from .tokencheck import CheckUnavailable, error_challenge, parse_xoauth2

HOST_NAME = "localhost"
MAX_MESSAGE_BYTES = 100 * 1024 * 1024
MAX_LINE_BYTES = 16 * 1024  # a token of 8,000 bytes makes an AUTH line of 10,800
MAX_COMMAND_BYTES = 512
END_OF_DATA = b"\r\n.\r\n"

# Its warnings are about its own older interface, and its finer levels would show the dialogue.
logging.getLogger("mail.log").setLevel(logging.ERROR)


class SubmissionServer(SMTP):
    """One connection. AUTH is demanded, and TLS before it: implicit, or by STARTTLS."""

    line_length_limit = MAX_LINE_BYTES

    def __init__(self, handler, loop, starttls_context=None):
        super().__init__(
            handler,
            hostname=HOST_NAME,
            ident="mfpmail sandbox",
            data_size_limit=MAX_MESSAGE_BYTES,
            tls_context=starttls_context,
            require_starttls=starttls_context is not None,
            auth_required=True,
            auth_exclude_mechanism=["PLAIN", "LOGIN"],
            loop=loop,
        )
        # With implicit TLS the connection is encrypted, though aiosmtpd itself did not do it.
        self._auth_require_tls = starttls_context is not None
        # aiosmtpd shares this table between all connections and empties it for each new one.
        self.command_size_limits = collections.defaultdict(
            lambda: MAX_COMMAND_BYTES, AUTH=MAX_LINE_BYTES
        )

    async def smtp_DATA(self, arg):
        """As aiosmtpd's, but the message goes to a file as it arrives, in constant memory."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
        elif arg:
            await self.push("501 5.5.4 Syntax: DATA")
        else:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            with self.event_handler.maildrops.incoming() as file:
                fault = await self._receive_message(file)
                reply = fault or self.event_handler.deliver(self.session, self.envelope, file)
            self._set_post_data_state()
            await self.push(reply)

    async def _receive_message(self, file):
        """Writes the message to `file`; returns the reply for a bad one, or ""."""
        message = MessageWriter(file)
        # The end may stand on the very first line: pretend that a CRLF went before it.
        head = b"\r\n"
        while head[-1:] in b"\r\n." and not head.endswith(END_OF_DATA):
            head += await self._reader.readexactly(1)
        message.write(head[2:])
        ended = head.endswith(END_OF_DATA)
        while not ended:
            self._reset_timeout()
            try:
                chunk = await self._reader.readuntil(END_OF_DATA)
                ended = True
            except asyncio.LimitOverrunError as overrun:
                chunk = await self._reader.readexactly(overrun.consumed)
            message.write(chunk)
        return message.finish()


class MessageWriter:
    """Writes message data to a file without the transparency dots (RFC 5321 section 4.5.2)."""

    def __init__(self, file):
        self._file = file
        self._size_bytes = 0
        self._bare = False
        # Always starts where a line could start with a dot.
        self._held = b"\r\n"
        self._skip_bytes = 2

    def write(self, data):
        """Takes the next piece of what the client sent, of any length."""
        data = self._held + data
        keep = 2 if data.endswith(b"\r\n") else 1 if data.endswith(b"\r") else 0
        self._held = data[len(data) - keep :]
        self._append(data[: len(data) - keep].replace(b"\r\n.", b"\r\n"))

    def finish(self):
        """Ends the message at its lone dot; returns the reply for a bad message, or ""."""
        # The lone dot was dropped like a transparency dot; the CRLF after it is what is held now.
        if self._bare:
            return "550 5.6.11 Bare CR or LF is not allowed (RFC 5321 section 2.3.8)"
        if self._size_bytes > MAX_MESSAGE_BYTES:
            return "552 5.3.4 Message too big"
        if not self._size_bytes:
            return "550 5.6.0 The message is empty"
        return ""

    def _append(self, data):
        pairs = data.count(b"\r\n")
        self._bare = self._bare or data.count(b"\n") != pairs or data.count(b"\r") != pairs
        data, self._skip_bytes = data[self._skip_bytes :], max(0, self._skip_bytes - len(data))
        self._size_bytes += len(data)
        if self._size_bytes <= MAX_MESSAGE_BYTES:
            self._file.write(data)


class SubmissionHandler:
    """The policy: who may sign in, which recipients exist, what is delivered."""

    def __init__(self, checker, maildrops, journal):
        self.maildrops = maildrops
        self._checker = checker
        self._journal = journal

    @auth_mechanism("XOAUTH2")
    async def auth_xoauth2(self, server, args):
        """One-step and two-step; a refused token gets a JSON challenge before its 535."""
        if len(args) > 1:
            try:
                response = base64.b64decode(args[1], validate=True)
            except binascii.Error:
                return _refused("501 5.5.2 Invalid base64 data in initial response")
        else:
            response = await server.challenge_auth("")
            if response is MISSING:
                return AuthResult(success=False)
        try:
            user, token = parse_xoauth2(response)
            refusal = await asyncio.to_thread(self._checker.refusal, user, token, SCOPE_SMTP)
        except ValueError:
            return _refused("501 5.5.2 Malformed XOAUTH2 response")
        except CheckUnavailable:
            self._journal.note("smtp: no answer from the authorization server")
            return _refused("454 4.7.0 Temporary authentication failure")
        if not refusal:
            self._journal.note(f"smtp: {user} signed in")
            return AuthResult(success=True, auth_data=user.lower())
        self._journal.note(f"smtp: {user} refused: {refusal}")
        if await server.challenge_auth(error_challenge(SCOPE_SMTP)) is MISSING:
            return AuthResult(success=False)
        return _refused("535 5.7.8 Authentication credentials invalid")

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        """Each recipient has its own reply."""
        if not address.lower().endswith("@" + MAIL_DOMAIN):
            return "550 5.1.2 The sandbox delivers to " + MAIL_DOMAIN + " only"
        if not self.maildrops.has(address):
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    def deliver(self, session, envelope, file):
        """Delivers a received message; returns the reply."""
        size_bytes = file.tell()
        self.maildrops.deliver(file, envelope.rcpt_tos)
        self._journal.count("smtp_messages")
        recipients = ", ".join(envelope.rcpt_tos)
        self._journal.note(
            f"smtp: mail accepted from {session.auth_data} to {recipients}, {size_bytes} bytes"
        )
        return "250 2.0.0 Delivered"


def _refused(reply):
    return AuthResult(success=False, handled=False, message=reply)
