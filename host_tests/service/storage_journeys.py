"""Under MicroPython: what becomes of jobs, to be cut. Steps are `step(device, world)`."""

from storage_device import DAY_S
from storage_tokens import CODE, delete, enter, poll_approved, start

from fakes.smtpserver import DOT
from fakes.upload import FIELDS, Upload, form, passed, scan
from mfpmail.core.token import NOT_ACQUIRED
from support import run
from support import spool as spool_job

SCAN = bytes(range(256)) * 6
ONE, TWO, THREE = "a@far.test", "b@far.test", "c@far.test"
HTML = b"<p>See <b>this</b>.</p>"


def enter_server(device, world):
    fields = {"server": "mail.test", "security": "tls", "sender_address": "scan@mail.test"}
    device.configuration.put("smtp", fields, False)


def obtain_token(device, world):
    """Do what the administrator does about a token, whatever its state is."""
    if device.keeper.state != NOT_ACQUIRED:
        delete(device, world)
    start(device, world)
    poll_approved(device, world)


def spool(device, world, to=ONE, files=(("scan.pdf", SCAN),)):
    """Enqueue a job; the world knows it once that has returned."""
    job = spool_job(device, to, files)
    world.enqueued.append(job.record["message_id"])


def spool_three_files(device, world):
    files = [("%d.pdf" % number, SCAN[: 700 * number]) for number in range(3)]
    spool(device, world, ONE + "," + TWO, files)


def spool_three(device, world):
    for to in (ONE, TWO, THREE):
        spool(device, world, to, ())


def spool_many_recipients(device, world):
    spool(device, world, ",".join((ONE, TWO, THREE)))


def send(device, world):
    device.send_due()


def send_many(device, world):
    """Fill the list of finished jobs to its limit."""
    for _ in range(5):
        spool(device, world, ONE, ())
        spool(device, world, TWO, ())
        send(device, world)


def answering(answers):
    """Return the step in which the server says something else than yes."""

    def step(device, world):
        world.server.answers = answers
        send(device, world)

    return step


def retry(device, world):
    world.clock.advance_s(60)
    send(device, world)


def retry_later(device, world):
    world.clock.advance_s(60)
    answering(LATER)(device, world)


def expire(device, world):
    world.clock.advance_s(4 * DAY_S)
    answering(LATER)(device, world)


def revoke(device, world):
    world.provider.revoke_all()
    world.clock.advance_s(DAY_S)
    send(device, world)


def given_up(world, job):
    """Say that a job may be gone from now on; return its Message-ID."""
    message_id = job.record["message_id"]
    world.enqueued.remove(message_id)
    return message_id


def cancel(device, world):
    (job,) = device.outbox.jobs
    message_id = given_up(world, job)
    device.outbox.delete(job)
    world.cancelled.append(message_id)


def cancel_while_sending(device, world):
    """Cancel it as its body goes; it is said to be gone only when the round has ended."""
    need_power, (job,) = world.server.on_call, device.outbox.jobs
    message_id = given_up(world, job)

    def on_call():
        need_power()
        if world.server.streams[-1:] and world.server.streams[-1].heard_bytes > 3000:
            world.server.on_call = need_power
            device.outbox.delete(job)

    world.server.on_call = on_call
    send(device, world)
    assert not world.server.mails
    world.cancelled.append(message_id)


def pass_on(device, world):
    job, error = run(passed(device, Upload(form(*FIELDS, scan(SCAN)))))
    assert job and not error, error


def pass_cut(device, world):
    """The uploader vanishes."""
    body = form(*FIELDS, scan(SCAN))
    job, error = run(passed(device, Upload(body, len(body) - 300)))
    assert (job.state, job.record["reason"]) == ("failed", "pass_cut"), error


LATER = {b"MAIL": b"451 later\r\n"}
SPAM = {DOT: b"554 5.7.1 spam\r\n"}
SOME_LATER = {b"RCPT TO:<b": b"450 later\r\n", b"RCPT TO:<c": b"550 unknown\r\n"}
SOME_REFUSED = {b"RCPT TO:<b": b"550 unknown\r\n"}

TOKEN = (enter(CODE), enter_server, start, poll_approved)
ONCE = True  # it is never sent again, wherever it is cut

# (operation, steps before it, step that is cut, ONCE)
OPERATIONS = (
    ("enqueue", TOKEN, spool, False),
    ("enqueue three files", TOKEN, spool_three_files, False),
    ("enqueue beside others", TOKEN + (spool, send, spool_three), spool, False),
    ("send", TOKEN + (spool,), send, False),
    ("send three over one connection", TOKEN + (spool_three,), send, False),
    ("send and forget the oldest", TOKEN + (send_many, spool), send, False),
    ("send to some recipients", TOKEN + (spool_many_recipients,), answering(SOME_REFUSED), False),
    ("send to some, not to all", TOKEN + (spool_many_recipients,), answering(SOME_LATER), False),
    ("send to the others", TOKEN + (spool_many_recipients, answering(SOME_LATER)), retry, False),
    ("be refused", TOKEN + (spool,), answering(SPAM), ONCE),
    ("be deferred", TOKEN + (spool,), answering(LATER), ONCE),
    ("be deferred again", TOKEN + (spool, answering(LATER)), retry_later, ONCE),
    ("expire", TOKEN + (spool, answering(LATER)), expire, ONCE),
    ("expire behind newer ones", TOKEN + (spool, answering(LATER), send_many), expire, ONCE),
    ("be held", TOKEN + (spool_three,), revoke, ONCE),
    ("be released", TOKEN + (spool_three, revoke), obtain_token, ONCE),
    ("be cancelled", TOKEN + (spool,), cancel, ONCE),
    ("be cancelled on the way", TOKEN + (spool,), cancel_while_sending, ONCE),
    ("pass through", TOKEN, pass_on, ONCE),
    ("pass through in part", TOKEN, pass_cut, ONCE),
)
