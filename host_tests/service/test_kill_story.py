"""The device is killed all through the story, and the story still ends as it should."""

import collections
import email
import random

import pytest
from devices import PASSWORD, RUNTIMES
from service.killing import KilledStory, Killer

from device import DeviceProcess
from sandbox.approve import approve
from sandbox.sandbox import Sandbox
from story import scan_bytes

SEED = 20_26
SCAN_BYTES = 2_000_000

# For each step the longest delays of its kills, in seconds; None is the border before the step.
LONGEST_S = {
    "enter_settings": [0.02, None],
    "start_grants": [0.05, 0.1],
    "approve_grants": [0.1],
    "wait_for_tokens": [0.1, 1.3],
    "test_connections": [0.2],
    "send_scan": [0.1, 0.5, 0.9],
    "send_alert": [None, 0.1],
    "receive": [0.1, 0.4],
    "compare": [0.05],
    "delete_tokens": [0.02],
}
# In the order in which they come: signed in to send; accepted, but the device does not know it
# yet; signed in to receive; fetched, not deleted; deleted, but the goodbye got no answer.
EVENTS = ("smtp: alice", "mail accepted", "pop3: alice", "mail fetched", "deleted for")


@pytest.fixture(params=RUNTIMES)
def told(request, tmp_path):
    """The story, told to its end, with what the servers saw of it."""
    seen = Witness()
    with Sandbox(tmp_path / "sandbox", on_event=seen.notice) as sandbox:
        seen.sandbox = sandbox
        ca_pem = sandbox.endpoints["ca_pem"]
        with DeviceProcess(tmp_path / "device", PASSWORD, ca_pem, request.param) as device:
            seen.killer = Killer(device, moments(), EVENTS)
            arguments = (device, sandbox.endpoints, approve, seen.said.append)
            seen.story = KilledStory(seen.killer, *arguments, scan=scan_bytes(SCAN_BYTES))
            seen.story.tell()
            seen.missed = seen.killer.finish()
            yield seen
    kills = ", ".join("%s (%s)" % kill for kill in seen.killer.kills)
    copies = {subject: len(ids) for subject, ids in seen.accepted.items()}
    print("%s: %d kills: %s" % (request.param, len(seen.killer.kills), kills))
    print("copies at the server: %s" % copies)


class Witness:
    """Notes the Message-IDs that the server accepted, by subject; hands all events to a killer."""

    def __init__(self):
        self.said = []
        self.accepted = collections.defaultdict(list)
        self.killer = None

    def notice(self, line):
        if "mail accepted" in line:
            account = self.sandbox.endpoints["account"]
            with self.sandbox.maildrop(account)[-1].open("rb") as file:
                mail = email.message_from_binary_file(file)
            self.accepted[mail["Subject"]].append(mail["Message-ID"])
        if self.killer:
            self.killer.notice(line)


def moments():
    """Return the moments of the kills: as random as they may be, and the same in every run."""
    chance = random.Random(SEED)
    return {
        step: [limit_s and chance.uniform(0, limit_s) for limit_s in limits_s]
        for step, limits_s in LONGEST_S.items()
    }


def test_story_of_killed_device_ends_with_everything_arrived(told):
    client = told.story.device.client()
    assert told.story.steps == len(told.said)
    assert told.missed == []
    assert len(told.killer.kills) >= 12 + len(EVENTS)
    check_tokens_and_faults(client, told.story.device)
    check_mails(client, told)


def check_tokens_and_faults(client, device):
    status = client.call("GET", "/api/status")
    assert status["tokens"]["smtp"] == status["tokens"]["eprint"] == "NOT_ACQUIRED"
    assert status["faults"] == []
    trouble = [line for line in device.lines if "damaged" in line or "internal" in line]
    assert trouble == []


def check_mails(client, told):
    """Two mails were sent. Each is at the server once, and once more for a kill that cut off the
    reply to its final dot: to POP3 these copies are mails of their own."""
    items = client.call("GET", "/api/inbox")["items"]
    assert len(told.accepted) == 2
    for subject, step in (("Scan", "send_scan"), ("Alert: toner low", "send_alert")):
        ids = told.accepted[subject]
        kills = [kill for kill in told.killer.kills if kill[0] == step]
        assert len(set(ids)) == 1
        assert len(ids) <= 1 + len(kills)
        assert len([item for item in items if item["subject"] == subject]) == len(ids)
    assert len(told.accepted["Scan"]) >= 2
    sent = [line for line in told.story.device.lines if ": sent" in line]
    assert len(sent) == len(set(sent)) <= 2  # what the device knows to be sent is not sent again
