"""POP3 client side without I/O (RFC 1939, 2449, 2595, 5034).

The connection owns one receive buffer. A driver reads from its transport straight into
`free_space()`, tells how much with `received`, and takes events until there is none:

    ("status", ok, text)   a status line or a SASL challenge (`ok` is None for a challenge)
    ("line", bytes)        a line of CAPA, LIST or UIDL, without its end
    ("data", memoryview)   a piece of a mail, dots removed; valid until the next call
    ("end",)               the list or the mail is complete
"""

import binascii
import hashlib

from mfpmail.core import limits
from mfpmail.core.errors import ProtocolError, TlsError

CONNECTED = "CONNECTED"  # the greeting has not come yet
AUTHORIZATION = "AUTHORIZATION"
CHALLENGED = "CHALLENGED"  # the server waits for a SASL response
TLS_HANDSHAKE = "TLS_HANDSHAKE"
TRANSACTION = "TRANSACTION"
CLOSED = "CLOSED"

GREETING = "GREETING"
RESPONSE = "RESPONSE"

OK, ERR, CONTINUE = "+OK", "-ERR", "+"

# A row is "state command status next-state"; a command that has one may be given in that state,
# and a status without one keeps the state. A text takes less memory than a dict of dicts.
TRANSITIONS = """
CONNECTED GREETING +OK AUTHORIZATION
CONNECTED GREETING -ERR CLOSED
AUTHORIZATION CAPA -
AUTHORIZATION STLS +OK TLS_HANDSHAKE
AUTHORIZATION AUTH + CHALLENGED
CHALLENGED RESPONSE + CHALLENGED
CHALLENGED RESPONSE +OK TRANSACTION
CHALLENGED RESPONSE -ERR AUTHORIZATION
AUTHORIZATION USER -
AUTHORIZATION PASS +OK TRANSACTION
AUTHORIZATION APOP +OK TRANSACTION
TRANSACTION STAT -
TRANSACTION LIST -
TRANSACTION UIDL -
TRANSACTION RETR -
TRANSACTION TOP -
TRANSACTION DELE -
TRANSACTION NOOP -
TRANSACTION RSET -
"""

_MAIL_COMMANDS = ("RETR", "TOP")

# How many lines an answer may have: one that has more does not end. LIST and UIDL of a single
# mail have none.
MAX_MAILS = 1000000
MAX_MAIL_BYTES = 1000000000000
_MAX_LINES = {"CAPA": 64, "LIST": MAX_MAILS, "UIDL": MAX_MAILS}

# Where the unstuffing stands within a line of a mail.
_MIDDLE, _AFTER_CR, _LINE_START, _DOT, _DOT_CR = range(5)

_CR, _LF, _DOT_BYTE = 0x0D, 0x0A, 0x2E


class Pop3Connection:
    """The client's side of one connection; `buffer_bytes` bounds what it ever holds."""

    def __init__(self, buffer_bytes):
        self.state = CONNECTED
        self.tls = False
        self._command = GREETING
        self._buffer = bytearray(max(buffer_bytes, limits.MAX_STATUS_LINE_BYTES))
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0
        self._line = None  # position in a line of a mail; None outside of one
        self._max_lines = 0  # of the answer that is awaited
        self._lines_left = None  # of the list that is being read; None outside of one

    def send(self, verb, argument=""):
        """Return the bytes of a command.

        Raises ProtocolError: `pop3_state` out of turn, `control_character` in the argument,
        `pop3_answer` when the server has said something that nobody asked for.
        """
        self._begin(verb)
        for character in argument:
            if character < " " or character == "\x7f":
                raise ProtocolError("control_character", "A POP3 argument has a line break.")
        self._max_lines = 0 if argument else _MAX_LINES.get(verb, 0)
        return ("%s %s\r\n" % (verb, argument) if argument else verb + "\r\n").encode()

    def respond(self, response):
        """Return the bytes of a SASL response; b"" answers an error challenge."""
        self._begin(RESPONSE)
        return response + b"\r\n"

    def tls_started(self):
        """Go on in clear-text's place (RFC 2595 section 4).

        Raises TlsError `tls_injection` when bytes came before the handshake.
        """
        if self.state != TLS_HANDSHAKE:
            raise _out_of_turn("TLS", self.state)
        if self._start != self._end:
            raise TlsError("tls_injection", "The server sent data in clear before the TLS start.")
        self.state = AUTHORIZATION
        self.tls = True

    def free_space(self):
        """Return the memoryview to read into; never empty after `next_event` gave None."""
        if self._start:
            rest = self._end - self._start
            if rest:
                self._buffer[:rest] = self._buffer[self._start : self._end]
            self._start, self._end = 0, rest
        return self._view[self._end :]

    def received(self, count):
        """Tell that `count` bytes were read into `free_space()`."""
        self._end += count

    def receive_data(self, data):
        """Take at most `len(free_space())` bytes from elsewhere: for tests and small peers."""
        space = self.free_space()
        space[: len(data)] = data
        self.received(len(data))

    def next_event(self):
        """Return the next event, or None when more bytes are needed.

        Raises ProtocolError `pop3_answer` for what is no POP3 answer.
        """
        if self._start == self._end:
            return None
        if self._line is not None:
            return self._next_piece()
        if self._lines_left is not None:
            return self._next_line()
        line = self._take_line(limits.MAX_STATUS_LINE_BYTES)
        return None if line is None else self._advance(line)

    def _begin(self, command):
        if command != "QUIT" and next_state(self.state, command) is None:
            raise _out_of_turn(command, self.state)
        if self._command or self._line is not None or self._lines_left is not None:
            raise _out_of_turn(command, "waiting for an answer")
        if self._start != self._end:  # taken for the answer to this, it would shift all others
            raise _bad_answer()
        self._command = command

    def _take_line(self, max_bytes):
        """Take a line of at most `max_bytes`, its end included; None when that has not come."""
        end = self._buffer.find(b"\n", self._start, self._end)
        if (self._end if end < 0 else end) - self._start >= max_bytes:
            raise _bad_answer()
        if end < 0:
            return None
        line = bytes(self._view[self._start : end])
        self._start = end + 1
        return line[:-1] if line.endswith(b"\r") else line

    def _advance(self, line):
        status, text = _parse_status(line)
        command, self._command = self._command, None
        if command is None:
            raise _bad_answer()
        if command == "QUIT":
            self.state = CLOSED
        else:
            self.state = next_state(self.state, command, status)
        if status == CONTINUE:
            if self.state != CHALLENGED:
                raise _bad_answer()
            return ("status", None, text)
        if status == OK:
            self._begin_answer(command)
        return ("status", status == OK, text)

    def _begin_answer(self, command):
        if command == "AUTH":  # accepted before it has seen a response: that is no sign-in
            raise _bad_answer()
        if command in _MAIL_COMMANDS:
            self._line = _LINE_START
        elif self._max_lines:
            self._lines_left = self._max_lines

    def _next_line(self):
        line = self._take_line(limits.MAX_LIST_LINE_BYTES)
        if line is None:
            return None
        if line == b".":
            self._lines_left = None
            return ("end",)
        if not self._lines_left:
            raise _bad_answer()
        self._lines_left -= 1
        return ("line", line[1:] if line.startswith(b".") else line)

    def _next_piece(self):
        """Find the next run of bytes that needs no change, or the end of the answer.

        The terminating line is a lone dot; any other line that starts with a dot has lost one
        (RFC 1939 section 3). Works on whole blocks: only line starts with a dot cost a step.
        """
        while self._start < self._end:
            byte = self._buffer[self._start]
            if self._line == _DOT_CR:
                return self._after_dot_cr(byte)
            if self._line == _DOT and byte == _CR:
                self._line = _DOT_CR
                self._start += 1
            elif self._line == _LINE_START and byte == _DOT_BYTE:
                self._line = _DOT
                self._start += 1
            else:
                return self._run(byte)
        return None

    def _after_dot_cr(self, byte):
        if byte == _LF:
            self._start += 1
            self._line = None
            return ("end",)
        self._line = _AFTER_CR
        return ("data", memoryview(b"\r"))

    def _run(self, byte):
        start = self._start
        if self._line == _AFTER_CR and byte == _LF:
            self._start, self._line = start + 1, _LINE_START
            return ("data", self._view[start : start + 1])
        found = self._buffer.find(b"\r\n.", start, self._end)
        if found >= 0:
            self._start, self._line = found + 2, _LINE_START
        else:
            self._start = self._end
            self._line = self._line_end(start)
        return ("data", self._view[start : self._start])

    def _line_end(self, start):
        last = self._buffer[self._end - 1]
        if last == _CR:
            return _AFTER_CR
        if last == _LF and self._end - 2 >= start and self._buffer[self._end - 2] == _CR:
            return _LINE_START
        return _MIDDLE


def next_state(state, command, status="-"):
    """Return the state after an answer; None when the command has no place in this state."""
    row = "\n%s %s " % (state, command)
    if row not in TRANSITIONS:
        return None
    start = TRANSITIONS.find("%s%s " % (row, status))
    if start < 0:
        return state
    end = TRANSITIONS.find("\n", start + 1)
    return TRANSITIONS[start + 1 : end].split(" ")[3]


def _parse_status(line):
    for status in (OK, ERR):
        if line[: len(status)].upper() == status.encode() and line[len(status) :][:1] in b" ":
            return status, _printable(line[len(status) + 1 :])
    if line[:1] == b"+" and line[1:2] in b" ":
        return CONTINUE, _printable(line[2:])
    raise _bad_answer()


def _printable(data):
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in data)


def parse_listing(line):
    """Return `(number, word)` of a line of LIST or UIDL; None when it speaks of no mail."""
    words = line.split()
    if len(words) < 2:
        return None
    number = parse_number(words[0], MAX_MAILS)
    return (number, words[1]) if number else None


def parse_number(word, highest):
    """Return the number that `word` (bytes) is, None when it is none or above `highest`."""
    if len(word) > 15 or not word.isdigit():
        return None
    number = int(word)
    return number if number <= highest else None


def unique_id(word):
    """Return the unique id (bytes) as text of at most MAX_UNIQUE_ID_BYTES printable characters.

    What RFC 1939 section 7 does not allow becomes its digest: cut or mended, two ids could
    become one, and a mail that nobody has read would be taken for one that is known.
    """
    text = _printable(word)
    if len(word) > limits.MAX_UNIQUE_ID_BYTES or text.encode() != word:
        return binascii.hexlify(hashlib.sha256(word).digest()).decode()
    return text


def _out_of_turn(command, state):
    return ProtocolError("pop3_state", "POP3: %s has no place here (%s)." % (command, state))


def _bad_answer():
    return ProtocolError("pop3_answer", "The server's answer is not POP3.")
