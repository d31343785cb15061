"""session/pop3.py: maildrops of any size, sizes, headers; nothing grows with them."""

import gc

from fakes.dialogues import POP3_SIGNED_IN, retrieved, unique_ids
from fakes.net import FakeNet
from mfpmail.core import errors
from mfpmail.session.pop3 import Pop3Session
from support import failure_of, run

SETTING = {"server": "mail.test", "port": 995, "security": "tls", "timeout_s": 20}
LINE = b"QUJD" * 19 + b"\r\n"


def ignore(*_):
    pass


class EndlessStream:
    """Says what an iterator gives, however long; takes every command."""

    def __init__(self, pieces):
        self._pieces = iter(pieces)
        self._rest = b""
        self.read_bytes = 0

    async def readinto(self, buffer):
        if not self._rest:
            self._rest = next(self._pieces, b"")
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        self.read_bytes += count
        return count

    async def write(self, data):
        pass

    async def close(self):
        pass


class EndlessNet:
    def __init__(self, pieces):
        self.stream = EndlessStream(pieces)

    async def connect(self, host, port, tls, timeout_ms):
        return self.stream


def sign_in_then(pieces):
    yield b"+OK ready\r\n"
    yield b"+ \r\n"
    yield b"+OK\r\n"
    for piece in pieces:
        yield piece


def greeting_then(pieces):
    yield b"+OK ready\r\n"
    for piece in pieces:
        yield piece


def session_over(steps):
    net = FakeNet(POP3_SIGNED_IN + steps)
    return Pop3Session(net, SETTING), net


def signed_in_and(session, action, *arguments):
    async def done():
        await session.open()
        await session.authenticate_xoauth2("scan@mail.test", "t" * 40)
        return await getattr(session, action)(*arguments)

    return done()


def live_bytes():
    """Return the live heap under MicroPython; CPython does not tell."""
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


class Counter:
    """Counts what it is given, and looks at the heap every `every` calls."""

    def __init__(self, every):
        self._every = every
        self.calls = 0
        self.size_bytes = 0
        self.first_live_bytes = 0
        self.most_live_bytes = 0

    def take_mail(self, number, *_):
        assert number == self.calls + 1
        self._count()

    def take_data(self, data):
        self.size_bytes += len(data)
        self._count()

    def _count(self):
        self.calls += 1
        if self.calls % self._every == 0:
            self.most_live_bytes = max(self.most_live_bytes, live_bytes())
            self.first_live_bytes = self.first_live_bytes or self.most_live_bytes


def listing(make_line, count):
    yield b"+OK\r\n"
    for number in range(1, count + 1):
        yield make_line(number)
    yield b".\r\n"


def body(lines):
    yield b"+OK\r\n"
    for _ in range(lines // 20):
        yield LINE * 20
    yield b".\r\n"


def test_ten_thousand_mails_are_listed_and_nothing_is_kept():
    for action, make_line in (
        ("list_mails", lambda number: b"%d unique-id-of-mail-%d\r\n" % (number, number)),
        ("list_sizes", lambda number: b"%d %d\r\n" % (number, number * 1000)),
    ):
        counter = Counter(every=2000)
        net = EndlessNet(sign_in_then(listing(make_line, 10000)))
        run(signed_in_and(Pop3Session(net, SETTING), action, counter.take_mail))
        assert counter.calls == 10000
        assert counter.most_live_bytes - counter.first_live_bytes < 1024, action


def test_list_in_pieces_of_any_size_gives_the_same():
    for chunk_bytes in (1, 7, 4096):
        session, net = session_over([(b"UIDL\r\n", unique_ids(120))])
        net.chunk_bytes = chunk_bytes
        counter = Counter(every=1000)
        run(signed_in_and(session, "list_mails", counter.take_mail))
        assert counter.calls == 120, chunk_bytes


def test_capabilities_without_end_are_refused():
    def answer():
        yield b"+OK\r\n"
        while True:
            yield b"SASL " + b"X" * 100 + b"\r\n"

    setting = dict(SETTING)
    setting["security"] = "starttls"
    net = EndlessNet(greeting_then(answer()))
    assert failure_of(Pop3Session(net, setting).open()).code == "pop3_answer"
    assert net.stream.read_bytes < 10000


def test_lines_without_end_are_refused_everywhere():
    def flood(first):
        yield first
        while True:
            yield b"x" * 500

    for action, first in (
        (("list_mails", ignore), b"+OK\r\n1 "),
        (("list_mails", ignore), b"+OK "),
        (("list_sizes", ignore), b"+OK\r\n1 1\r\n"),
        (("size_of", 1), b"+OK 1 "),
        (("delete", 1), b"-ERR "),
        (("retrieve", 1, ignore), b"+OK "),
        (("top", 1, 0, ignore), b"+OK "),
    ):
        net = EndlessNet(sign_in_then(flood(first)))
        error = failure_of(signed_in_and(Pop3Session(net, SETTING), *action))
        assert error.code == "pop3_answer", action
        assert net.stream.read_bytes < 5000, action


def test_quit_answered_without_end_is_reported():
    def flood():
        while True:
            yield b"+OK and so on "

    net = EndlessNet(sign_in_then(flood()))
    assert run(signed_in_and(Pop3Session(net, SETTING), "quit")) is False
    assert net.stream.read_bytes < 5000


def test_list_sizes_gives_numbers_and_leaves_nonsense_out():
    answer = b"+OK 4 mails\r\n1 120\r\n2 -5\r\n3 x\r\nx 1\r\n0 1\r\n4 99 extra\r\n.\r\n"
    session, _ = session_over([(b"LIST\r\n", answer)])
    found = []
    run(signed_in_and(session, "list_sizes", lambda *mail: found.append(mail)))
    assert found == [(1, 120), (2, None), (3, None), (4, 99)]


def test_size_of_one_mail():
    for reply, size_bytes in (
        (b"+OK 7 104857600\r\n", 104857600),
        (b"+OK 7 12 more\r\n", 12),
        (b"+OK 8 12\r\n", None),
        (b"+OK 7\r\n", None),
        (b"+OK 7 " + b"9" * 30 + b"\r\n", None),
        (b"+OK\r\n", None),
    ):
        session, _ = session_over([(b"LIST 7\r\n", reply)])
        assert run(signed_in_and(session, "size_of", 7)) == size_bytes, reply


def test_size_of_a_mail_that_is_gone_is_refused():
    session, _ = session_over([(b"LIST 7\r\n", b"-ERR no such message\r\n")])
    assert failure_of(signed_in_and(session, "size_of", 7)).code == "pop3_refused"
    assert session.step == "list"


def test_top_gives_the_header_with_its_dots():
    header = b"Subject: x\r\n.dot: y\r\n\r\n.body\r\n"
    session, _ = session_over([(b"TOP 3 1\r\n", retrieved(header))])
    found = bytearray()
    run(signed_in_and(session, "top", 3, 1, found.extend))
    assert bytes(found) == header


def test_top_unknown_is_refused():
    session, _ = session_over([(b"TOP 1 0\r\n", b"-ERR what\r\n")])
    error = failure_of(signed_in_and(session, "top", 1, 0, ignore))
    assert (error.code, error.kind) == ("pop3_refused", errors.TRANSIENT)
    assert session.step == "fetch"


def test_retrieve_tells_its_progress_in_bytes_of_the_mail():
    mail = b".dot\r\n" * 1000
    session, net = session_over([(b"RETR 1\r\n", retrieved(mail))])
    net.chunk_bytes = 512
    steps = []
    run(signed_in_and(session, "retrieve", 1, ignore, steps.append))
    assert steps == sorted(steps)
    assert len(steps) > 10
    assert steps[-1] == len(mail)


def test_retrieve_of_any_size_keeps_nothing():
    most = []
    for lines in (400, 40000):
        counter = Counter(every=lines // 200)
        net = EndlessNet(sign_in_then(body(lines)))
        run(signed_in_and(Pop3Session(net, SETTING), "retrieve", 1, counter.take_data))
        assert counter.size_bytes == lines * len(LINE)
        most.append(counter.most_live_bytes)
    assert most[1] - most[0] <= 1024, most
