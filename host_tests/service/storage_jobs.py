"""Runs under MicroPython: the life of jobs, cut at every write to the flash.

micropython storage_jobs.py COMPILED_FIRMWARE; prints `cuts NAME PROGRAMS ERASES TWICE` for each
operation: TWICE counts the cuts after which a mail was taken once more.

The whole device works on a littlefs in RAM whose power goes at the first program or erase operation
of an operation, at the second, and so on. When it has gone nothing reaches the mail server or the
provider any more. After each cut the device starts on what is left and sends everything.
"""

import sys

HOST_TESTS = __file__.rsplit("/", 2)[0]
sys.path[:0] = [sys.argv[1], HOST_TESTS, HOST_TESTS + "/portable"]

from storage_flash import Flash, Mounted  # noqa: E402
from storage_journeys import OPERATIONS, obtain_token  # noqa: E402
from storage_whole import Device as WholeDevice  # noqa: E402
from storage_whole import PoweredWorld, Trial  # noqa: E402

from fakes.smtpserver import SmtpServer  # noqa: E402
from mfpmail.core.token import ACQUIRED  # noqa: E402
from mfpmail.service.jobs import FINISHED, QUEUED, SENDING  # noqa: E402
from support import run  # noqa: E402

PAUSE_S = 7200  # longer than any pause after a failure
MAX_ROUNDS = 6


class JobWorld(PoweredWorld):
    """Also the mail server, and what the device has promised: `enqueued` are the Message-IDs of
    jobs that were taken, `cancelled` of those removed again, `ended` the ids of jobs whose end was
    recorded."""

    def __init__(self, kept=None, flash=None):
        super().__init__(SmtpServer(), kept, flash)
        self.enqueued = []
        self.cancelled = []
        self.ended = []

    def print_line(self, text):
        """Take a line of the device's journal."""
        words = text.split(" ")
        is_end = words[0] == "job" and words[-1] in FINISHED
        if is_end and self.has_power:
            self.ended.append(words[1].rstrip(":"))

    def calm(self):
        super().calm()
        self.server.answers = {}


class Device(WholeDevice):
    """The whole device, sending all that is due."""

    def send_due(self):
        run(self.postman.send_due())


class JobTrial(Trial):
    """An operation on jobs; where it `is_sent_once`, no mail comes twice."""

    def __init__(self, name, steps, step, is_sent_once):
        super().__init__(name, steps, step, JobWorld, Device)
        self._is_sent_once = is_sent_once

    def begin(self, device, world):
        waiting = [job for job in device.outbox.jobs if not job.finished]
        world.enqueued = [job.record["message_id"] for job in waiting]

    def check(self, flash, world, where):
        """Start on what is left, and again; send everything; return how many mails came twice."""
        flash = world.flash = Flash(flash.memory)
        world.calm()
        with Mounted(flash):
            left = jobs_on(Device(world), world, where)
        with Mounted(flash):
            device = Device(world)
            assert jobs_on(device, world, where) == left, where + ": not stable"
            before = copies(world)
            finish(device, world, where)
        return self._judge(left, before, copies(world), where)

    def _judge(self, left, before, after, where):
        for pair, is_settled in left.items():
            taken = before.get(pair, 0), after.get(pair, 0)
            assert taken[1] == taken[0] + (not is_settled), "%s: %s %s" % (where, pair, taken)
        most = 1 if self._is_sent_once else 2
        assert all(count <= most for count in after.values()), "%s: %s" % (where, after)
        return len([count for count in after.values() if count > 1])


def jobs_on(device, world, where):
    """Return `{(Message-ID, recipient): whether that is settled}` of the jobs; every promise of
    the device must have been kept."""
    assert not device.store.faults, "%s: %s" % (where, device.store.faults)
    jobs, found = device.outbox.jobs, {}
    assert device.store.files.names("outbox") == [job.id for job in jobs], where
    for job in jobs:
        record = job.record
        assert job.state != SENDING, where
        assert job.finished or job.id not in world.ended, "%s: %s" % (where, job.state)
        for recipient in record["recipients"]:
            settled = job.finished or recipient["state"] != QUEUED
            found[(record["message_id"], recipient["address"])] = settled
        if not job.finished:
            check_files(device, job, where)
    known = [message_id for message_id, _ in found]
    for message_id in world.enqueued:
        assert message_id in known or message_id in world.cancelled, where + ": a job is lost"
    assert not [message_id for message_id in world.cancelled if message_id in known], where
    return found


def copies(world):
    """Return how often each mail was taken for each recipient."""
    counts = {}
    for mail in world.server.mails:
        for address in mail.recipients:
            pair = mail.message_id, address
            counts[pair] = counts.get(pair, 0) + 1
    return counts


def check_files(device, job, where):
    """Whatever waits has all that is to be sent."""
    record = job.record
    for index, described in enumerate(record["files"]):
        assert device.store.files.size("outbox/%s/%d" % (job.id, index)) == described["size"], where
    text_bytes = sum([entry for entry in record["plan"] if entry >= 0])
    assert device.store.files.size("outbox/%s/mail" % job.id) == text_bytes, where


def finish(device, world, where):
    """Do what the device does when it is on: send until nothing waits."""
    for _ in range(MAX_ROUNDS):
        if device.keeper.state != ACQUIRED:
            obtain_token(device, world)
        device.outbox.release_held()  # as the supervisor does at the start
        while device.outbox.next_due(world.clock.now_s()):
            device.send_due()
        if all(job.finished for job in device.outbox.jobs):
            return
        world.clock.advance_s(PAUSE_S)
    raise AssertionError("%s: %s" % (where, [job.public() for job in device.outbox.jobs]))


def main():
    for name, steps, step, is_sent_once in OPERATIONS:
        JobTrial(name, steps, step, is_sent_once).run()


main()
