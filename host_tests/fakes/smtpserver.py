"""An SMTP server as the network port: it takes every mail; a connection can be cut at any byte."""

from mfpmail.core.errors import NetworkError

DOT = b"\r\n.\r\n"

# How the connection is cut, once so many bytes have come through in one direction.
SAID = "said"  # of the server; what the device writes still arrives
HEARD = "heard"  # of the device, whose writes are lost; what the server has said still arrives
RESET = "reset"  # of the device, whose next write fails; what it has not read is lost


class Taken:
    """A mail that the server has taken: its `recipients`, and its bytes as `data`.

    `is_confirmed` says whether the device has read the reply to it to the end.
    """

    def __init__(self, recipients, data, stream):
        self.recipients = recipients
        self.data = data
        self._stream = stream
        self._reply_ends_at = stream.said_bytes

    @property
    def is_confirmed(self):
        return self._stream.read_bytes >= self._reply_ends_at

    @property
    def subject(self):
        return field_of(self.data, b"Subject")

    @property
    def message_id(self):
        return field_of(self.data, b"Message-ID")


class SmtpServer:
    """`offers` are what EHLO names beside AUTH; `mails` holds each Taken, in order.

    `cut` is `(how, bytes)` for the first connection, None for no cut. `answers` maps the start of
    a command to the reply that it gets instead of 250, `DOT` that of a mail. `on_call()` is called
    before anything that the device does here.
    """

    def __init__(self, *offers, cut=None):
        self.offers = offers
        self.mails = []
        self.streams = []
        self.cut = cut
        self.answers = {}
        self.on_call = lambda: None

    async def connect(self, host, port, tls, timeout_ms):
        self.on_call()
        cut, self.cut = self.cut, None
        self.streams.append(SmtpStream(self, tls, cut or (None, 0)))
        return self.streams[-1]

    def copies(self, subject):
        """Return all that was taken of the mail with this subject."""
        return [mail for mail in self.mails if mail.subject == subject]


class SmtpStream:
    """The device's end of one connection. `heard_bytes`, `said_bytes` and `read_bytes` count what
    has reached the server, what it has said, and what of that the device has read;
    `last_command` is the verb of the latest command."""

    def __init__(self, server, tls, cut):
        self.tls = tls
        self.closed = False
        self.last_command = b""
        self.heard_bytes = self.said_bytes = self.read_bytes = 0
        self._server = server
        self._cut, self._cut_at = cut
        self._in = b""
        self._out = b""
        self._recipients = []
        self._chunk_bytes = None  # of the BDAT that is coming
        self._in_body = False
        self._in_sign_in = False
        self._say(b"220 mail.test ESMTP\r\n")
        self._reset_if_due()

    async def readinto(self, buffer):
        self._server.on_call()
        count = min(len(buffer), len(self._out))
        if self._cut == SAID:
            count = min(count, self._cut_at - self.read_bytes)
        buffer[:count] = self._out[:count]
        self._out = self._out[count:]
        self.read_bytes += count
        return count

    async def write(self, data):
        self._server.on_call()
        if self.closed:
            raise AssertionError("written after the end: %r" % bytes(data))
        heard = bytes(data)
        if self._cut in (HEARD, RESET):
            heard = heard[: self._cut_at - self.heard_bytes]
        self.heard_bytes += len(heard)
        self._in += heard
        while self._take():
            pass
        self._reset_if_due()
        if self._cut == RESET and len(heard) < len(data):
            raise NetworkError("closed", "mail.test:465 closed the connection.")

    async def start_tls(self):
        self.tls = True

    async def close(self):
        self.closed = True
        self._in = b""  # what is not whole counts for nothing

    def _reset_if_due(self):
        if self._cut == RESET and self.heard_bytes == self._cut_at:
            self._out = b""

    def _say(self, reply):
        self.said_bytes += len(reply)
        self._out += reply

    def _take(self):
        """Work off the next command or mail; say whether there was a whole one."""
        if self._in_body:
            return self._take_body()
        if self._chunk_bytes is not None:
            return self._take_chunk()
        end = self._in.find(b"\r\n")
        if end < 0:
            return False
        line, self._in = self._in[:end], self._in[end + 2 :]
        self._say(self._answer(line))
        return True

    def _take_body(self):
        end = self._in.find(DOT)
        if end < 0:
            return False
        data, self._in = self._in[: end + 2], self._in[end + len(DOT) :]
        self._in_body = False
        self._take_mail(data.replace(b"\r\n..", b"\r\n."))
        return True

    def _take_chunk(self):
        if len(self._in) < self._chunk_bytes:
            return False
        data, self._in = self._in[: self._chunk_bytes], self._in[self._chunk_bytes :]
        self._chunk_bytes = None
        self._take_mail(data)
        return True

    def _take_mail(self, data):
        reply = self._server.answers.get(DOT, b"250 2.0.0 queued\r\n")
        self._say(reply)
        if reply[:1] == b"2":
            self._server.mails.append(Taken(self._recipients, data, self))

    def _answer(self, line):
        if self._in_sign_in:
            self._in_sign_in = False
            return b"235 2.7.0 welcome\r\n"
        verb = self.last_command = line.split(b" ")[0]
        for start, reply in self._server.answers.items():
            if line.startswith(start):
                return reply
        if verb == b"EHLO":
            offers = b"".join(b"250-" + offer + b"\r\n" for offer in self._server.offers)
            return b"250-mail.test\r\n" + offers + b"250 AUTH XOAUTH2 PLAIN\r\n"
        if verb == b"RCPT":
            self._recipients.append(line[len(b"RCPT TO:<") : -1].decode())
        elif verb == b"MAIL":
            self._recipients = []
        elif verb == b"DATA":
            self._in_body = True
        elif line == b"AUTH XOAUTH2":  # a long token comes in a line of its own
            self._in_sign_in = True
            return b"334 \r\n"
        elif verb == b"BDAT":
            self._chunk_bytes = int(line.split(b" ")[1])
            return b""  # the reply comes after the chunk
        else:
            assert verb in (b"STARTTLS", b"AUTH", b"RSET", b"QUIT"), line
        replies = {b"AUTH": b"235 2.7.0 welcome\r\n", b"DATA": b"354 go on\r\n"}
        return replies.get(verb, b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")


def field_of(mail, name):
    """Return the text of a header field that stands on one line."""
    start = b"\r\n" + name + b": "
    at = mail.index(start) + len(start)
    return mail[at : mail.index(b"\r\n", at)].decode()
