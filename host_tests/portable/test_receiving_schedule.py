"""service/maildrops.py: when a maildrop is checked, and what is shown of it."""

from fakes.clock import FakeClock
from fakes.popserver import device_with, mail_of
from mfpmail.core.errors import NetworkError, TlsError
from mfpmail.service.device import Device
from mfpmail.service.maildrops import Maildrops
from support import configure, ended_after, failure_of, run, supervised

GOOD = {"received": 0, "files": 0, "left": 0, "unsupported": 0, "too_large": 0}


class Answering:
    """A postman who answers every check with the same."""

    def __init__(self, **more):
        self.answer = dict(GOOD, full=False, more=False)
        self.answer.update(more)

    async def receive(self, name):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def bench(postman=None):
    clock, lines = FakeClock(), []
    return Maildrops(("ifax", "eprint"), postman or Answering(), clock, lines.append), clock, lines


def setting(minutes=1, at_start="no", server="mail.test"):
    return {"check_interval_min": minutes, "check_at_start": at_start, "server": server}


def byte(value):
    return lambda count: bytes([value]) * count


def seconds_until_due(maildrops, clock, entered, chance):
    for second in range(100 * 60):
        if maildrops.due("ifax", entered, chance):
            return second
        clock.advance_s(1)
    return None


def test_interval_is_spread_by_a_tenth():
    for value, wanted_s in ((0, 540), (10, 600), (20, 660)):
        maildrops, clock, _ = bench()
        assert seconds_until_due(maildrops, clock, setting(10), byte(value)) == wanted_s
        assert seconds_until_due(maildrops, clock, setting(10), byte(value)) == wanted_s


def test_interval_that_is_changed_counts_at_once():
    maildrops, clock, _ = bench()
    assert not maildrops.due("ifax", setting(480), byte(10))
    clock.advance_s(61)
    assert maildrops.due("ifax", setting(1), byte(10))


def test_interval_of_zero_and_no_server_are_never_due():
    for entered in (setting(0), setting(1, "yes", "")):
        maildrops, clock, _ = bench()
        assert seconds_until_due(maildrops, clock, entered, byte(0)) is None


def test_check_at_start_comes_within_seconds_and_once():
    for value, wanted_s in ((0, 0), (255, 11)):
        maildrops, clock, _ = bench()
        found_s = seconds_until_due(maildrops, clock, setting(0, "yes"), byte(value))
        assert found_s == wanted_s
        assert seconds_until_due(maildrops, clock, setting(0, "yes"), byte(value)) is None


def test_check_at_start_without_a_network_or_the_time_is_tried_each_minute():
    postman = Answering()
    maildrops, clock, _ = bench(postman)
    assert seconds_until_due(maildrops, clock, setting(0, "yes"), byte(0)) == 0
    for _ in range(7):
        for error in (NetworkError("dns", "No name."), TlsError("tls_not_yet_valid", "1970.")):
            postman.answer = error
            failure_of(maildrops.check("ifax"))
            assert seconds_until_due(maildrops, clock, setting(0, "yes"), byte(0)) == 60
    postman.answer = Answering().answer
    run(maildrops.check("ifax"))
    postman.answer = NetworkError("dns", "No name.")
    failure_of(maildrops.check("ifax"))  # the network was there: the next check is by the interval
    assert seconds_until_due(maildrops, clock, setting(0, "yes"), byte(0)) is None


def test_check_at_start_is_not_tried_for_ever_nor_where_trying_is_of_no_use():
    postman = Answering()
    for error, count in ((NetworkError("dns", "No name."), 15), (TlsError("tls_expired", "x"), 0)):
        postman.answer = error
        maildrops, clock, _ = bench(postman)
        times = -1
        while seconds_until_due(maildrops, clock, setting(0, "yes"), byte(0)) is not None:
            failure_of(maildrops.check("ifax"))
            times += 1
        assert times == count


def test_check_by_the_interval_that_fails_waits_for_the_next():
    postman = Answering()
    postman.answer = NetworkError("closed", "The server closed the connection.")
    maildrops, clock, _ = bench(postman)
    for _ in range(2):
        assert seconds_until_due(maildrops, clock, setting(10), byte(10)) == 600
        failure_of(maildrops.check("ifax"))


def test_check_that_ended_early_goes_on_soon():
    maildrops, clock, _ = bench(Answering(more=True))
    assert not maildrops.due("ifax", setting(0), byte(0))
    run(maildrops.check("ifax"))
    assert seconds_until_due(maildrops, clock, setting(0), byte(0)) == 5
    assert seconds_until_due(maildrops, clock, setting(0), byte(0)) is None


def test_each_maildrop_has_its_own_time():
    maildrops, clock, _ = bench()
    for name in ("ifax", "eprint"):
        assert not maildrops.due(name, setting(1), byte(10))
    clock.advance_s(60)
    assert maildrops.due("ifax", setting(1), byte(10))
    assert not maildrops.due("ifax", setting(1), byte(10))
    assert maildrops.due("eprint", setting(1), byte(10))


def test_result_of_a_check_is_shown():
    for more, message in (
        ({"received": 2, "left": 1}, "2 received, 1 left"),
        ({"left": 3, "unsupported": 2}, "0 received, 3 left, 2 cannot be printed"),
        ({"left": 1, "too_large": 1}, "0 received, 1 left, 1 too large for the storage"),
        ({"left": 1, "full": True}, "The inbox is full."),
    ):
        maildrops, clock, lines = bench(Answering(**more))
        run(maildrops.check("ifax"))
        shown = {"at": clock.now_s(), "result": "ok", "message": message}
        assert maildrops.last == {"ifax": shown, "eprint": None}
        assert lines == ["ifax: " + message]


def test_failure_is_shown_and_progress_ends_with_it():
    postman = Answering()
    postman.answer = NetworkError("closed", "The server closed the connection.")
    maildrops, clock, _ = bench(postman)
    maildrops.progress("ifax", 10, 100)
    assert maildrops.last["ifax"]["receiving"] == {"bytes_done": 10, "bytes_total": 100}
    assert failure_of(maildrops.check("ifax")).code == "closed"
    message = "The server closed the connection."
    shown = {"at": clock.now_s(), "result": "transient", "message": message}
    assert maildrops.last["ifax"] == shown


def test_progress_keeps_what_the_last_check_said():
    maildrops, _, _ = bench(Answering(received=1))
    run(maildrops.check("ifax"))
    maildrops.progress("ifax", 1, None)
    maildrops.progress("ifax", 2, None)
    assert maildrops.last["ifax"]["message"] == "1 received, 0 left"
    assert maildrops.last["ifax"]["receiving"] == {"bytes_done": 2, "bytes_total": None}


def test_supervisor_checks_at_the_start_without_an_interval():
    device, ports = device_with(("a", mail_of()), check_at_start="yes")
    ports.random_bytes = byte(0)
    device = Device(ports)
    run(supervised(device, lambda: device.inbox.count))
    assert device.maildrops.last["eprint"]["message"] == "1 received, 0 left"
    assert device.maildrops.last["ifax"] is None


def test_supervisor_whose_maildrop_fails_goes_on_with_the_next():
    device, ports = device_with(("a", mail_of()), check_at_start="yes")
    configure(device, "ifax", check_at_start="yes")  # it has no token
    ports.random_bytes = byte(0)
    device = Device(ports)
    run(supervised(device, lambda: device.inbox.count))
    assert device.maildrops.last["ifax"]["result"] != "ok"


def test_supervisor_answers_after_a_check_and_holds_the_turn_for_it():
    useless = mail_of((b"PK\x03\x04" + bytes(40),), None)
    device, ports = device_with(("a", useless), check_at_start="yes", answer_unsupported="yes")
    configure(device, "smtp", auth_method="password", server="")
    configure(device, "smtp2", auth_method="password")
    ports.random_bytes = byte(0)
    device = Device(ports)
    held = []

    def note(verb, path):
        if path.startswith("outbox/"):
            held.append(getattr(device.overlays.turn, "locked", lambda: True)())

    ports.files.on_change = note
    run(supervised(device, lambda: device.outbox.jobs))
    assert held and False not in held
    (job,) = device.outbox.jobs
    assert job.record["recipients"][0]["address"] == "alice@far.test"
    assert device.maildrops.answers == []


def test_supervisor_checks_a_maildrop_after_its_interval_only():
    mail = ("a", mail_of())
    device, ports = device_with(mail, check_interval_min=5)
    for seconds, count in ((0, 0), (260, 0), (75, 1)):  # a tenth more or less, by chance
        device.clock.advance_s(seconds)
        run(ended_after(device.supervisor.run(), 0.05))
        assert device.inbox.count == count, seconds
    ports.net.commands = []
    run(ended_after(device.supervisor.run(), 0.05))
    assert ports.net.commands == []
