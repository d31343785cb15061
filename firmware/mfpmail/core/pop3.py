"""POP3 client side without I/O (RFC 1939, 2449, 2595, 5034).

The connection owns one receive buffer. A driver reads from its transport straight into
`free_space()`, tells how much with `received`, and takes events until there is none:

    ("status", ok, text)   a status line or a SASL challenge (`ok` is None for a challenge)
    ("data", memoryview)   a piece of a multi-line answer, dots removed; valid until the next call
    ("end",)               the multi-line answer is complete
"""

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

# (state, command) → {status: next state}. What is missing keeps the state.
TRANSITIONS = {
    (CONNECTED, GREETING): {OK: AUTHORIZATION, ERR: CLOSED},
    (AUTHORIZATION, "CAPA"): {},
    (AUTHORIZATION, "STLS"): {OK: TLS_HANDSHAKE},
    (AUTHORIZATION, "AUTH"): {OK: TRANSACTION, CONTINUE: CHALLENGED},
    (CHALLENGED, RESPONSE): {OK: TRANSACTION, ERR: AUTHORIZATION, CONTINUE: CHALLENGED},
    (AUTHORIZATION, "USER"): {},
    (AUTHORIZATION, "PASS"): {OK: TRANSACTION},
    (TRANSACTION, "STAT"): {},
    (TRANSACTION, "LIST"): {},
    (TRANSACTION, "UIDL"): {},
    (TRANSACTION, "RETR"): {},
    (TRANSACTION, "DELE"): {},
    (TRANSACTION, "NOOP"): {},
    (TRANSACTION, "RSET"): {},
}

# UIDL and LIST are sent without an argument here, so that all five answer with many lines.
_MULTI_LINE = ("CAPA", "LIST", "UIDL", "RETR")

# Where the unstuffing stands within a line.
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
        self._line = None  # position in a line of a multi-line answer; None outside of one

    def send(self, verb, argument=""):
        """Return the bytes of a command.

        Raises ProtocolError: `pop3_state` out of turn, `control_character` in the argument.
        """
        self._begin(verb)
        for character in argument:
            if character < " " or character == "\x7f":
                raise ProtocolError("control_character", "A POP3 argument has a line break.")
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
        return self._next_status()

    def _begin(self, command):
        if command != "QUIT" and (self.state, command) not in TRANSITIONS:
            raise _out_of_turn(command, self.state)
        if self._command or self._line is not None:
            raise _out_of_turn(command, "waiting for an answer")
        self._command = command

    def _next_status(self):
        end = self._buffer.find(b"\n", self._start, self._end)
        if end < 0:
            if self._end - self._start >= limits.MAX_STATUS_LINE_BYTES:
                raise _bad_answer()
            return None
        line = bytes(self._view[self._start : end])
        self._start = end + 1
        return self._advance(line[:-1] if line.endswith(b"\r") else line)

    def _advance(self, line):
        status, text = _parse_status(line)
        command, self._command = self._command, None
        if command is None:
            raise _bad_answer()
        if command == "QUIT":
            self.state = CLOSED
        else:
            self.state = TRANSITIONS[(self.state, command)].get(status, self.state)
        if status == CONTINUE:
            if self.state != CHALLENGED:
                raise _bad_answer()
            return ("status", None, text)
        if status == OK and command in _MULTI_LINE:
            self._line = _LINE_START
        return ("status", status == OK, text)

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


def _parse_status(line):
    for status in (OK, ERR):
        if line[: len(status)].upper() == status.encode() and line[len(status) :][:1] in b" ":
            return status, _printable(line[len(status) + 1 :])
    if line[:1] == b"+" and line[1:2] in b" ":
        return CONTINUE, _printable(line[2:])
    raise _bad_answer()


def _printable(data):
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in data)


def capabilities(lines):
    """Return `{KEYWORD: [PARAMETER, ...]}` of the lines that CAPA answered (RFC 2449)."""
    found = {}
    for line in lines:
        words = line.upper().split()
        if words:
            found[words[0]] = words[1:]
    return found


class LineSplitter:
    """Cuts the data of CAPA, LIST and UIDL into lines of at most MAX_LIST_LINE_BYTES."""

    def __init__(self):
        self._rest = b""

    def feed(self, data):
        """Return the complete lines (text without the line end). Raises ProtocolError."""
        lines = (self._rest + bytes(data)).split(b"\n")
        self._rest = lines.pop()
        if any(len(line) > limits.MAX_LIST_LINE_BYTES for line in lines + [self._rest]):
            raise _bad_answer()
        return [_printable(line.rstrip(b"\r")) for line in lines]


def _out_of_turn(command, state):
    return ProtocolError("pop3_state", "POP3: %s has no place here (%s)." % (command, state))


def _bad_answer():
    return ProtocolError("pop3_answer", "The server's answer is not POP3.")
