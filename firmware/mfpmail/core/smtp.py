"""SMTP client side without I/O: bytes in, replies out (RFC 5321, 3207, 4954, 2034, 2920, 3030).

`SmtpConnection` follows the dialogue in the table below. A command that has no place in the
present state raises ProtocolError before a byte leaves; so does a reply that breaks the grammar.
Where the server offers PIPELINING, a flight of commands may leave before the first reply comes:
each needs its place in the state that the accepted ones before it would lead to.

    connection = SmtpConnection()
    connection.receive_data(b"220 mail.example ESMTP\\r\\n")
    reply = connection.next_reply()          # the greeting
    stream.write(connection.send("EHLO", b"printer"))
"""

from mfpmail.core import limits
from mfpmail.core.errors import ProtocolError, TlsError

CONNECTED = "CONNECTED"  # the greeting has not come yet
GREETED = "GREETED"  # EHLO or HELO comes next
READY = "READY"  # between two transactions
TLS_HANDSHAKE = "TLS_HANDSHAKE"  # the transport changes to TLS, then `tls_started`
CHALLENGED = "CHALLENGED"  # the server waits for a SASL response
ADDRESSING = "ADDRESSING"  # the reverse-path is accepted
ADDRESSED = "ADDRESSED"  # at least one forward-path is accepted
BODY = "BODY"  # the server takes the message
CLOSED = "CLOSED"

GREETING = "GREETING"
RESPONSE = "RESPONSE"  # a SASL response after a challenge
END = "END"  # the final dot

# A row is "state command digit next-state", with the first digit of the reply; a command that has
# one may be given in that state, and a reply without one keeps the state. A text takes less
# memory than a dict of dicts; what every mail needs is found first.
TRANSITIONS = """
READY MAIL 2 ADDRESSING
ADDRESSING RCPT 2 ADDRESSED
ADDRESSED RCPT -
ADDRESSED DATA 3 BODY
ADDRESSED BDAT 2 READY
BODY END 2 READY
BODY END 4 READY
BODY END 5 READY
READY RSET 2 READY
ADDRESSING RSET 2 READY
ADDRESSED RSET 2 READY
CONNECTED GREETING 2 GREETED
CONNECTED GREETING 4 CLOSED
CONNECTED GREETING 5 CLOSED
GREETED EHLO 2 READY
GREETED HELO 2 READY
READY STARTTLS 2 TLS_HANDSHAKE
READY AUTH 3 CHALLENGED
CHALLENGED RESPONSE 2 READY
CHALLENGED RESPONSE 4 READY
CHALLENGED RESPONSE 5 READY
"""

LEADERS = ("MAIL", "RCPT")  # what others may follow in one flight

SERVICE_CLOSING = 421  # RFC 5321 section 3.8: may come as the answer to anything


class Reply:
    """One SMTP reply: `code` (int), `enhanced` ("5.7.8" or ""), `lines` (texts)."""

    def __init__(self, code, lines):
        self.code = code
        self.lines = lines
        self.enhanced = _enhanced_code(code, lines[0])

    @property
    def ok(self):
        return self.code < 400

    @property
    def text(self):
        """All lines as one, printable characters only: fit for a page or a log."""
        joined = " ".join(self.lines)[:400]
        return "".join(c if c >= " " and c != "\x7f" else "?" for c in joined)

    def __str__(self):
        return "%d %s" % (self.code, self.text)


def _enhanced_code(code, line):
    """Return the RFC 3463 code at the start of the text, if it has the reply's class."""
    word = line.split(" ", 1)[0]
    numbers = word.split(".")
    if len(numbers) != 3 or not all(n.isdigit() and len(n) <= 3 for n in numbers):
        return ""
    return word if numbers[0] == str(code // 100) else ""


class SmtpConnection:
    """The client's side of one connection.

    `capabilities` maps the upper-case EHLO keywords to the list of their parameters; `tls` and
    `authenticated` say what has been reached; `awaited` are the commands that have no reply yet,
    the oldest first.
    """

    def __init__(self):
        self.state = CONNECTED
        self.capabilities = {}
        self.tls = False
        self.authenticated = False
        self.awaited = [GREETING]
        self._foreseen = CONNECTED  # the state once all that is awaited is accepted
        self._buffer = b""
        self._lines = []

    def takes(self, command):
        """Whether the command has a place in the dialogue, once all that is awaited is accepted."""
        return next_state(self._foreseen, command, 2) is not None

    def send(self, verb, argument=b""):
        """Return the bytes of a command: EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET QUIT.

        The bytes of the chunk follow those of BDAT, as they are. Raises ProtocolError:
        `smtp_state` out of turn, `control_character` in the argument.
        """
        for byte in argument:
            if byte < 32 or byte == 127:
                raise ProtocolError("control_character", "An SMTP argument has a line break.")
        self._begin(verb)
        return b"".join((verb.encode(), b" " if argument else b"", argument, b"\r\n"))

    def respond(self, response):
        """Return the bytes of a SASL response; b"" answers an error challenge."""
        self._begin(RESPONSE)
        return response + b"\r\n"

    def end_of_data(self):
        """Tell that the message is written; the final dot itself comes from `DotStuffer`."""
        self._begin(END)

    def tls_started(self):
        """Forget all that was learnt in clear (RFC 3207 section 4.2).

        Raises TlsError `tls_injection` when bytes came before the handshake.
        """
        if self.state != TLS_HANDSHAKE:
            raise _out_of_turn("TLS", self.state)
        if self._buffer or self._lines:
            raise TlsError("tls_injection", "The server sent data in clear before the TLS start.")
        self.state = self._foreseen = GREETED
        self.capabilities = {}
        self.tls = True

    def receive_data(self, data):
        """Take bytes from the peer, in pieces of any size."""
        self._buffer += bytes(data)

    def next_reply(self):
        """Return the next complete Reply, or None when more bytes are needed.

        Raises ProtocolError `smtp_reply` for what is no reply, or for an endless one.
        """
        while True:
            end = self._buffer.find(b"\n")
            if end < 0:
                if len(self._buffer) > limits.MAX_REPLY_LINE_BYTES:
                    raise _bad_reply()
                return None
            line, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
            if self._take_line(line):
                return self._finish()

    def _begin(self, command):
        if self.awaited and (
            self.awaited[-1] not in LEADERS or "PIPELINING" not in self.capabilities
        ):
            raise _out_of_turn(command, "waiting for a reply")
        state = "" if command == "QUIT" else next_state(self._foreseen, command, 2)
        if state is None:
            raise _out_of_turn(command, self._foreseen)
        self.awaited.append(command)
        self._foreseen = state or self._foreseen

    def _take_line(self, line):
        """Collect one line of a reply; True when it was the last."""
        line = line[:-1] if line.endswith(b"\r") else line
        if len(line) < 3 or len(line) > limits.MAX_REPLY_LINE_BYTES or not line[:3].isdigit():
            raise _bad_reply()
        code, mark = int(line[:3]), line[3:4]
        if mark not in (b"", b" ", b"-") or not 200 <= code < 600:
            raise _bad_reply()
        if self._lines and self._lines[0][0] != code:
            raise _bad_reply()
        self._lines.append((code, _printable(line[4:])))
        if len(self._lines) > limits.MAX_REPLY_LINES:
            raise _bad_reply()
        return mark != b"-"

    def _finish(self):
        reply = Reply(self._lines[0][0], [text for _, text in self._lines])
        self._lines = []
        command = self.awaited[0] if self.awaited else None
        if not command and reply.code != SERVICE_CLOSING:
            raise _bad_reply()
        if reply.code // 100 == 3 and command not in ("DATA", "AUTH", RESPONSE):
            raise _bad_reply()  # nothing else has an intermediate reply
        self.awaited = self.awaited[1:]
        self._advance(command, reply)
        return reply

    def _advance(self, command, reply):
        if command == "QUIT" or reply.code == SERVICE_CLOSING:
            self.state = CLOSED
            self.awaited = []
        else:
            # Behind a refusal in the same flight a command comes too early. It should be refused
            # too, but the server may accept DATA without any recipient (RFC 2920 section 3.1).
            digit = reply.code // 100
            state = next_state(self.state, command, digit)
            if state is None:
                state = next_state(ADDRESSED, command, digit)
            self.state = state or self.state
        if not self.awaited:
            self._foreseen = self.state
        if command in ("EHLO", "HELO") and reply.ok:
            self.capabilities = _capabilities(reply.lines[1:])
        if command in ("AUTH", RESPONSE) and reply.code // 100 == 2:
            self.authenticated = True


def next_state(state, command, digit):
    """Return the state after a reply with that first digit, "" when it stays; None when the
    command has no place in this state."""
    row = "\n" + state + " " + command + " "
    start = TRANSITIONS.find(row)
    if start < 0:
        return None
    row += str(digit) + " "
    start = TRANSITIONS.find(row, start)
    return TRANSITIONS[start + len(row) : TRANSITIONS.find("\n", start + 1)] if start >= 0 else ""


def _printable(data):
    try:
        return data.decode()
    except UnicodeError:
        return "".join(chr(byte) if byte < 128 else "?" for byte in data)


def _capabilities(lines):
    """Return `{KEYWORD: [PARAMETER, ...]}`; `AUTH=LOGIN` of old servers counts as AUTH LOGIN."""
    found = {}
    for line in lines:
        words = line.upper().split()
        if words and words[0].startswith("AUTH="):
            words = ["AUTH", words[0][5:]] + words[1:]
        if words:
            known = found.setdefault(words[0], [])
            known.extend(word for word in words[1:] if word not in known)
    return found


def _out_of_turn(command, state):
    return ProtocolError("smtp_state", "SMTP: %s has no place here (%s)." % (command, state))


def _bad_reply():
    return ProtocolError("smtp_reply", "The server's answer is no SMTP reply.")


class DotStuffer:
    """Doubles the dot at the start of a line (RFC 5321 section 4.5.2), whatever the block borders.

    Lines end with CRLF in what comes in and in what goes out.
    """

    def __init__(self):
        self._line_start = True

    def stuff(self, data):
        """Return what goes on the wire for `data` (bytes or bytearray)."""
        if not data:
            return data
        first_dot = self._line_start and data[0] == 0x2E
        self.pass_dotless(data)
        if data.find(b"\n.") >= 0:
            data = data.replace(b"\n.", b"\n..")
        return b"." + data if first_dot else data

    def pass_dotless(self, data):
        """Return `data` uncopied: base64 has no dots, so most of a message needs no search."""
        if len(data):
            self._line_start = data[len(data) - 1] == 0x0A
        return data

    def finish(self):
        """Return the end of the message: a line end if one is missing, the dot, CRLF."""
        end = b".\r\n" if self._line_start else b"\r\n.\r\n"
        self._line_start = True
        return end
