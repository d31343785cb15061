"""service/sender.py: the connection is cut at every byte, both ways: no mail is lost, and one comes
twice only where the cut fell between its end and the reply to it."""

from fakes.ports import FakePorts
from fakes.smtpserver import HEARD, RESET, SAID, SmtpServer, field_of
from mfpmail.service.device import Device
from support import acquire, configure, run, spool

JOBS = (("One", "a@far.test"), ("Two", "b@far.test,c@far.test"))  # over one connection
TEXT = "See.\n.\n"
PAUSE_S = 60  # longer than the first pause after a failure
MAX_ROUNDS = 3
LOST_WRITES_STEP = 3  # what RESET cuts at every byte, HEARD does at every third


class Bench:
    """A device on whose flash the same jobs wait each time, and the server of `send`."""

    def __init__(self, *offers, security="tls", jobs=JOBS, files=()):
        self._offers = offers
        self._jobs = jobs
        self._ports = FakePorts()
        device = Device(self._ports)
        configure(device, security=security)
        run(acquire(device, self._ports.http))
        with device.overlays:
            for subject, to in jobs:
                spool(device, to, files, subject, TEXT)
        self._content = dict(self._ports.files.content)
        self._start_s = self._ports.clock.now_s()

    def send(self, cut=None):
        """Send all over a connection that is cut, and again until all is sent; return the
        server."""
        ports = self._ports
        ports.files.content = dict(self._content)
        ports.clock.set_s(self._start_s)
        del ports.lines[:]
        ports.net = server = SmtpServer(*self._offers, cut=cut)
        device = self._started()
        for _ in range(MAX_ROUNDS):
            run(device.postman.send_due())
            if all(job.finished for job in device.outbox.jobs):
                break
            ports.clock.advance_s(PAUSE_S)
            if cut[1] % 2:  # what is to be done stands on flash
                device = self._started()
        assert [job.state for job in device.outbox.jobs] == ["sent"] * len(self._jobs), cut
        assert all(stream.closed for stream in server.streams), cut
        return server

    def length(self, how):
        """Return how many bytes go in that direction over a connection that is not cut."""
        server = self.send()
        (stream,) = server.streams
        assert [mail.subject for mail in server.mails] == [subject for subject, _ in self._jobs]
        return stream.said_bytes if how == SAID else stream.heard_bytes

    def cut(self, how, at):
        """Cut at that byte; return how many mails came twice."""
        server = self.send((how, at))
        for subject, to in self._jobs:
            copies = server.copies(subject)
            confirmed = [copy.is_confirmed for copy in copies]
            assert confirmed in ([True], [False, True]), (how, at, subject, confirmed)
            assert ",".join(copies[-1].recipients) == to, (how, at)
            assert copies[0].data == copies[-1].data, (how, at)
            assert field_of(copies[0].data, b"Message-ID")
        return len(server.mails) - len(self._jobs)

    def cut_all(self, how, step=1):
        """Cut at each byte; return how often, and how many mails came twice."""
        places = range(0, self.length(how), step)
        return len(places), sum([self.cut(how, at) for at in places])

    def _started(self):
        device = Device(self._ports)
        device.postman.is_lean = True  # so that QUIT is said
        return device


def cut_both_ways(bench, ending_bytes):
    """`ending_bytes`: of what a server says to a mail from its end on."""
    tried, twice = bench.cut_all(RESET)
    assert tried > 750 and twice == len(JOBS)  # just behind the end of each
    tried, twice = bench.cut_all(HEARD, LOST_WRITES_STEP)
    assert tried > 250 and twice == 0  # whatever the server had taken it could say
    tried, twice = bench.cut_all(SAID)
    assert tried > 190 and twice == ending_bytes, (tried, twice)


def test_send_cut_at_any_byte_with_starttls_loses_no_mail():
    bench = Bench(b"STARTTLS", security="starttls")
    cut_both_ways(bench, 2 * len(b"250 2.0.0 queued\r\n"))


def test_send_cut_at_any_byte_with_pipelining_loses_no_mail():
    cut_both_ways(Bench(b"PIPELINING"), 2 * len(b"250 2.0.0 queued\r\n"))


def test_send_cut_at_any_byte_with_chunking_loses_no_mail():
    """There the mail ends before the replies to its envelope begin."""
    envelopes = len(b"250 ok\r\n") * (2 + 3)
    bench = Bench(b"PIPELINING", b"CHUNKING")
    cut_both_ways(bench, envelopes + 2 * len(b"250 2.0.0 queued\r\n"))


def test_send_cut_amid_a_file_loses_no_mail():
    """A mail of many writes: at every 23rd byte, from the sign-in to its end."""
    scan = bytes(range(256)) * 12
    jobs = (("Large", "a@far.test"),)
    for offers in ((), (b"PIPELINING", b"CHUNKING")):
        bench = Bench(*offers, jobs=jobs, files=[("scan.pdf", scan)])
        for how in (RESET, HEARD):
            tried, twice = bench.cut_all(how, 23)
            assert tried > len(scan) * 4 // 3 // 23 and twice == 0
