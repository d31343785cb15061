"""service/supervisor.py: the standing tasks."""

import asyncio

from fakes.dialogues import (
    delivery,
    maildrop,
)
from fakes.provider import DEVICE_ANSWER, tokens
from mfpmail.service.device import Device
from support import configure, device_with, ended_after, run, spool, supervised


def test_supervisor_with_interval_zero_checks_nothing():
    device, ports = device_with(maildrop([]), name="ifax")
    device.clock.advance_s(86400)
    run(ended_after(device.supervisor.run(), 0.05))
    assert ports.net.streams == []


def test_supervisor_sends_what_is_put_into_the_queue():
    device, _ = device_with(delivery("a@far.test"))

    async def spool_meanwhile():
        await asyncio.sleep(0.01)
        spool(device)
        await asyncio.sleep(10)

    async def both():
        await asyncio.gather(device.supervisor.run(), spool_meanwhile())

    run(ended_after(both(), 0.1))
    assert [job.state for job in device.outbox.jobs] == ["sent"]


def test_supervisor_moves_a_grant_on_and_then_sends_what_was_held():
    device, ports = device_with(delivery("a@far.test"), acquired=False)
    job = spool(device)
    run(device.postman.send_due())
    assert job.state == "held"
    ports.http.answers = [(200, DEVICE_ANSWER), tokens()]
    run(device.keepers["smtp"].start())
    device.clock.advance_s(5)
    run(supervised(device, lambda: job.state == "sent"))
    assert job.state == "sent"


def test_supervisor_releases_at_the_start_what_a_power_cut_left_held():
    device, ports = device_with(delivery("a@far.test"))
    job = spool(device)
    device.outbox.update(job, state="held", reason="token_missing")
    device = Device(ports)
    run(supervised(device, lambda: device.outbox.jobs[0].state == "sent"))
    assert [job.state for job in device.outbox.jobs] == ["sent"], ports.lines


def test_supervisor_task_that_fails_is_logged_and_the_others_go_on():
    device, ports = device_with(delivery("a@far.test"), acquired=True)
    configure(device, "ifax", check_interval_min=1)
    spool(device)
    device.clock.advance_s(60)

    def broken():
        raise ValueError("a mistake")

    device.keepers["eprint"].poll = broken
    run(supervised(device, lambda: device.outbox.jobs[0].state == "sent"))
    assert [job.state for job in device.outbox.jobs] == ["sent"], ports.lines
    assert [line for line in ports.lines if line.startswith("tokens: internal error")]
