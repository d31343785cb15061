"""A POP3 server with one maildrop as the network port, and the mails that lie in it.

A connection to it can be cut at any byte.
"""

import binascii

from fakes.ports import FakePorts
from fakes.smtpserver import HEARD, RESET, SAID
from mfpmail.core.errors import NetworkError
from mfpmail.service.device import Device
from support import acquire, configure, failure_of, run

PDF = b"%PDF-1.4\n"
GOOD = {"full": False, "more": False, "unsupported": 0, "too_large": 0}


class PopServer:
    """The network port, with one maildrop `mails`, `[(unique id, bytes)]`, behind it.

    `goodbye`: what QUIT does: "ok"; "lost", it deletes and the answer is lost; "cut", it deletes
    nothing and closes; "refused". Without `uidl`, `top` the server does not know that command.
    At the RETR of a mail of `breaking` (bytes) it closes the connection, of `refusing` it says
    -ERR. `commands` holds what was said on the last connection, `fetched` all RETRs of all.

    `cut` is `(how, bytes)` for the next connection, as at an SmtpServer, None for no cut.
    `on_call()` is called before anything that the device does here, `on_delete(mail)` as a mail is
    deleted.
    """

    def __init__(self, *mails):
        self.mails = list(mails)
        self.streams = []
        self.cut = None
        self.goodbye = "ok"
        self.uidl = self.top = True
        self.breaking = self.refusing = ()
        self.commands = []
        self.fetched = []
        self.chunk_bytes = 4096
        self.on_command = lambda line: None
        self.on_call = lambda: None
        self.on_delete = lambda mail: None

    async def connect(self, host, port, tls, timeout_ms):
        self.on_call()
        self.commands = []
        cut, self.cut = self.cut, None
        self.streams.append(PopStream(self, tls, cut or (None, 0)))
        return self.streams[-1]

    def verbs(self, verb):
        return [line for line in self.commands if line.split(" ")[0] == verb]


class PopStream:
    """The device's end of one connection. `heard_bytes`, `said_bytes` and `read_bytes` count what
    has reached the server, what it has said, and what of that the device has read."""

    def __init__(self, server, tls, cut):
        self.tls = tls
        self.closed = False
        self.heard_bytes = self.said_bytes = self.read_bytes = 0
        self._server = server
        self._cut, self._cut_at = cut
        self._mails = list(server.mails)  # what is there at sign-in, RFC 1939 section 4
        self._marked = []
        self._in = b""
        self._out = b""
        self._expects_token = False
        self._open = True
        self._say(b"+OK ready\r\n")
        self._reset_if_due()

    async def readinto(self, buffer):
        self._server.on_call()
        count = min(len(buffer), len(self._out), self._server.chunk_bytes)
        if self._cut == SAID:
            count = min(count, self._cut_at - self.read_bytes)
        buffer[:count] = self._out[:count]
        self._out = self._out[count:]
        self.read_bytes += count
        return count

    async def write(self, data):
        self._server.on_call()
        if not self._open:
            raise NetworkError("closed", "The server is gone.")
        heard = bytes(data)
        if self._cut in (HEARD, RESET):
            heard = heard[: self._cut_at - self.heard_bytes]
        self.heard_bytes += len(heard)
        lines = (self._in + heard).split(b"\r\n")
        self._in = lines.pop()
        for line in lines:
            self._say(self._answer(line.decode()))
        self._reset_if_due()
        if self._cut == RESET and len(heard) < len(data):
            raise NetworkError("closed", "The server closed the connection.")

    async def start_tls(self):
        self.tls = True

    async def close(self):
        self._open = False
        self.closed = True

    def _reset_if_due(self):
        if self._cut == RESET and self.heard_bytes == self._cut_at:
            self._out = b""

    def _say(self, answer):
        self.said_bytes += len(answer)
        self._out += answer

    def _answer(self, line):
        if self._expects_token:
            self._expects_token = False
            return b"+OK welcome\r\n"
        self._server.on_command(line)
        self._server.commands.append(line)
        words = line.split(" ")
        return getattr(self, "do_" + words[0].lower())(*words[1:])

    def do_capa(self):
        return b"+OK\r\nTOP\r\nUIDL\r\nSTLS\r\n.\r\n"

    def do_stls(self):
        return b"+OK begin\r\n"

    def do_auth(self, mechanism):
        self._expects_token = True
        return b"+ \r\n"

    def do_uidl(self):
        if not self._server.uidl:
            return b"-ERR what\r\n"
        answer = bytearray(b"+OK\r\n")
        for number, mail in enumerate(self._mails):
            answer += b"%d %s\r\n" % (number + 1, mail[0].encode())
        return bytes(answer) + b".\r\n"

    def do_list(self, number=None):
        if number:
            return b"+OK %s %d\r\n" % (number.encode(), len(self._mail(number)))
        lines = [b"%d %d\r\n" % (n + 1, len(m[1])) for n, m in enumerate(self._mails)]
        return b"+OK\r\n" + b"".join(lines) + b".\r\n"

    def do_top(self, number, lines):
        if not self._server.top:
            return b"-ERR what\r\n"
        head = self._mail(number).split(b"\r\n\r\n")[0]
        return b"+OK\r\n" + head + b"\r\n\r\n.\r\n"

    def do_retr(self, number):
        mail = self._mail(number)
        self._server.fetched.append(mail)
        if mail in self._server.refusing:
            return b"-ERR it cannot be read\r\n"
        if mail in self._server.breaking:
            self._open = False
            return b"+OK\r\n" + mail[:100]
        stuffed = (b"\r\n" + mail).replace(b"\r\n.", b"\r\n..")[2:]
        return b"+OK\r\n" + stuffed + (b"" if stuffed[-2:] == b"\r\n" else b"\r\n") + b".\r\n"

    def do_dele(self, number):
        self._marked.append(self._mails[int(number) - 1])
        return b"+OK\r\n"

    def do_quit(self):
        server, self._open = self._server, False
        if server.goodbye in ("ok", "lost"):
            for mail in self._marked:
                server.on_delete(mail)
                server.mails.remove(mail)
        return {"ok": b"+OK bye\r\n", "refused": b"-ERR not deleted\r\n"}.get(server.goodbye, b"")

    def _mail(self, number):
        return self._mails[int(number) - 1][1]


def encoded(data):
    lines = [binascii.b2a_base64(data[at : at + 57]) for at in range(0, len(data), 57)]
    return b"".join(lines).replace(b"\n", b"\r\n")


def mail_of(files=(), text=b"Good morning.\r\n.\r\nEnd\r\n", subject="Fax", head=""):
    """Return a mail; `head` is added to its header, `text` may be None."""
    head += "From: Alice <alice@far.test>\r\n" if "From:" not in head else ""
    head = (head + "Subject: %s\r\nDate: today\r\n" % subject).encode()
    if not files:
        return head + b"Content-Type: text/plain\r\n\r\n" + text
    parts = [b"", b"\r\n\r\n" + text] if text is not None else [b""]
    for number, data in enumerate(files):
        parts.append(
            b"\r\nContent-Type: application/octet-stream; name=f%d.bin\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n" % number + encoded(data)
        )
    kind = b'Content-Type: multipart/mixed; boundary="=_b"\r\n'
    return head + kind + b"\r\n" + b"\r\n--=_b".join(parts) + b"\r\n--=_b--\r\n"


def device_with(*mails, name="eprint", **entered):
    """Return a device that may sign in at a PopServer with these mails, and its ports."""
    ports = FakePorts()
    ports.net = PopServer(*mails)
    device = Device(ports)
    configure(device, name, **entered)
    run(acquire(device, ports.http, name))
    return device, ports


def receive(device, ports, name="eprint"):
    """Work off the maildrop as the postman does; return the answer."""
    return run(_receive(device, ports, name))


def receive_fails(device, ports, name="eprint"):
    """Do the same where it fails; return the MailError."""
    return failure_of(_receive(device, ports, name))


async def _receive(device, ports, name):
    with device.overlays:
        from mfpmail.service.receiver import Receiver
        from mfpmail.service.signin import MailServers

        settings, keepers = device.configuration, device.keepers
        servers = MailServers(ports.net, device.overlays, settings, keepers, "printer.test")
        return await Receiver(name, servers, device).receive()


def send_answers(device):
    """Queue what senders are to be told, as the supervisor does."""
    with device.overlays:
        from mfpmail.service.answering import answer

        answer(device)


def result(received, files=None, left=0, **more):
    """Return what a check answers."""
    expected = dict(GOOD)
    expected.update(more)
    expected.update({"received": received, "files": received if files is None else files})
    expected["left"] = left
    return expected


def contents(device):
    """Return what can be downloaded: `{(name, type): content}`."""
    found = {}
    for item in device.inbox.items():
        file = device.inbox.open(item["id"])
        found[(item["name"], item["type"])] = file.read()
        file.close()
        assert item["size"] == len(found[(item["name"], item["type"])])
    return found
