"""session/pop3.py: a connection that ends at any byte, in either direction, is always noticed.

A mail counts as complete when `retrieve` returned, and as deleted when `quit` said so.
"""

from fakes.dialogues import POP3_SIGNED_IN, capabilities, maildrop, retrieved
from fakes.net import FakeNet
from mfpmail.core import sasl
from mfpmail.core.errors import MailError, NetworkError
from mfpmail.session.pop3 import Pop3Session
from support import failure_of, run

USER = "scan@mail.test"
SECRET = "t" * 24
MAILS = (b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\n.\r\nend\r\n", b"no header .\r\n.\r\n", b"\r\n")
OK = b"+OK\r\n"

STLS = [
    (None, b"+OK ready <1.2@mail.test>\r\n"),
    capabilities(b"USER", b"STLS"),
    (b"STLS\r\n", b"+OK go on\r\n"),
]
XOAUTH2 = [(b"AUTH XOAUTH2\r\n", b"+ \r\n"), (sasl.xoauth2(USER, SECRET) + b"\r\n", OK)]
BEARER = [
    (b"AUTH XOAUTH2\r\n", b"-ERR unknown mechanism\r\n"),
    capabilities(b"SASL OAUTHBEARER"),
    (b"AUTH OAUTHBEARER\r\n", b"+ \r\n"),
    (sasl.oauthbearer(USER, SECRET, "mail.test", 110) + b"\r\n", OK),
]
PLAIN = [
    capabilities(b"SASL PLAIN"),
    (b"AUTH PLAIN\r\n", b"+ \r\n"),
    (sasl.plain(USER, SECRET) + b"\r\n", OK),
]
USER_PASS = [
    capabilities(b"USER"),
    (b"USER scan@mail.test\r\n", OK),
    (b"PASS " + SECRET.encode() + b"\r\n", OK),
]
WAYS = (("xoauth2", XOAUTH2), ("xoauth2", BEARER), ("password", PLAIN), ("password", USER_PASS))
NOT_ENDS = (
    b"a\r\n.",
    b"a\r\n.\r",
    b"a\n.\r\n",
    b"a\r.\r\n",
    b"a.\r\n",
    b"a\r\n..\r\n",
    b".\rx\r\n",
)


def work_off():
    """Return the rest of a dialogue: sizes, a header, and all mails fetched and deleted."""
    steps = maildrop([("a", MAILS[0]), ("b", MAILS[1]), ("c", MAILS[2])])[len(POP3_SIGNED_IN) :]
    sizes = b"".join(b"%d %d\r\n" % (n + 1, len(mail)) for n, mail in enumerate(MAILS))
    looks = [
        (b"LIST\r\n", b"+OK\r\n" + sizes + b".\r\n"),
        (b"LIST 1\r\n", b"+OK 1 %d\r\n" % len(MAILS[0])),
        (b"TOP 1 0\r\n", retrieved(b"Subject: x\r\n\r\n")),
    ]
    return steps[:1] + looks + steps[1:]


class Check:
    """One check of the maildrop; what it has got stays known when it fails."""

    def __init__(self, net, way):
        setting = {"server": "mail.test", "port": 110, "security": "starttls", "timeout_s": 20}
        self._session = Pop3Session(net, setting)
        self._way = way
        self.listed = []
        self.complete = []
        self.confirmed = None

    async def run(self):
        session = self._session
        await session.open()
        await getattr(session, "authenticate_" + self._way)(USER, SECRET)
        await session.list_mails(lambda *mail: self.listed.append(mail))
        await session.list_sizes(lambda number, size_bytes: None)
        await session.size_of(1)
        await session.top(1, 0, lambda data: None)
        for number, _, _ in self.listed:
            mail = bytearray()
            await session.retrieve(number, mail.extend)
            self.complete.append(bytes(mail))
            await session.delete(number)
        self.confirmed = await session.quit()


def outcome(script, way, net):
    """Run a check over a net of that script; return the check and its error's code."""
    net.add(script)
    check = Check(net, way)
    try:
        run(check.run())
    except MailError as error:
        return check, error.code
    return check, None


def assert_noticed(check, code, where):
    """Only the end of QUIT may be missing without an error, and then it is not confirmed."""
    assert check.complete == list(MAILS[: len(check.complete)]), where
    if code is None:
        assert check.confirmed is False, where
        assert len(check.complete) == len(MAILS), where
    else:
        assert (code, check.confirmed) == ("closed", None), (where, code)


def cut_reading(cut, chunk_bytes):
    """Return a net on which the server closes when it has said so much."""
    net = FakeNet()
    net.cut_after_bytes = cut
    net.chunk_bytes = chunk_bytes
    return net


def cut_writing(cut, fails):
    """Return a net on which only `cut` bytes reach the server: the write that goes beyond fails,
    or succeeds and is never answered."""
    net = FakeNet()
    left = [cut]

    def on_write(data):
        left[0] -= len(data)
        if left[0] >= 0:
            return
        net.chunk_bytes = 0
        if fails:
            raise NetworkError("closed", "The connection is gone.")

    net.on_write = on_write
    return net


def timing_out(step):
    """Return a net on which the write of that number gets no answer in time."""
    net = FakeNet()
    left = [step]

    def on_write(data):
        left[0] -= 1
        if not left[0]:
            raise NetworkError("timeout", "No answer in time.")

    net.on_write = on_write
    return net


def test_whole_dialogue_goes_well_byte_by_byte_and_in_one_piece():
    for way, steps in WAYS:
        for chunk_bytes in (1, 2, 3, 4096):
            check, code = outcome(STLS + steps + work_off(), way, cut_reading(None, chunk_bytes))
            assert code is None, (way, code)
            assert check.confirmed is True
            assert check.complete == list(MAILS)
            assert [unique_id for _, unique_id, _ in check.listed] == ["a", "b", "c"]


def test_server_that_closes_after_any_byte_is_noticed():
    for way, steps in WAYS:
        script = STLS + steps + work_off()
        for cut in range(sum(len(reply) for _, reply in script)):
            check, code = outcome(script, way, cut_reading(cut, 4096))
            if code == "auth_rejected":  # it refused before it went: that says more
                assert steps is BEARER
            else:
                assert_noticed(check, code, (way, cut))


def test_server_that_closes_after_any_byte_of_single_bytes_is_noticed():
    script = STLS + XOAUTH2 + work_off()
    for cut in range(sum(len(reply) for _, reply in script)):
        check, code = outcome(script, "xoauth2", cut_reading(cut, 1))
        assert_noticed(check, code, cut)


def test_client_cut_off_after_any_byte_is_noticed():
    for way, steps in WAYS:
        script = STLS + steps + work_off()
        for cut in range(sum(len(command or b"") for command, _ in script)):
            for fails in (True, False):
                check, code = outcome(script, way, cut_writing(cut, fails))
                if code == "auth_rejected":
                    assert steps is BEARER
                else:
                    assert_noticed(check, code, (way, cut, fails))


def test_server_that_never_answers_a_command_is_noticed():
    script = STLS + XOAUTH2 + work_off()
    for step in range(1, len(script)):
        check, code = outcome(script, "xoauth2", timing_out(step))
        if step < len(script) - 1:
            assert (code, check.confirmed) == ("timeout", None), step
        else:
            assert (code, check.confirmed) == (None, False)


async def fetched(session):
    await session.open()
    await session.authenticate_xoauth2(USER, SECRET)
    await session.retrieve(1, lambda data: None)


def test_mail_that_only_looks_complete_is_not():
    """A final dot only ends a mail at the start of a line, and with its line end."""
    setting = {"server": "mail.test", "port": 995, "security": "tls", "timeout_s": 20}
    for body in NOT_ENDS:
        net = FakeNet(POP3_SIGNED_IN + [(b"RETR 1\r\n", b"+OK\r\n" + body)])
        assert failure_of(fetched(Pop3Session(net, setting))).code == "closed", body
