"""Alerts and status mails at the running device: by the API, folded, as mails that arrive."""

import email.policy
from datetime import UTC, datetime
from pathlib import Path

import pytest
from devices import RUNTIMES, get_token, started_device
from web.hostile_client import refused

from device import wait_for
from sandbox.sandbox import Sandbox
from story import smtp_fields

TO = "bob@sandbox.test"


@pytest.fixture(params=RUNTIMES)
def own(request, tmp_path):
    """Return a running device that speaks Greek, its client, and a sandbox for itself."""
    with (
        Sandbox(tmp_path / "sandbox") as provider,
        started_device(request.param, provider, tmp_path / "device") as process,
    ):
        client = process.client()
        client.put_setting("smtp", **smtp_fields(process.endpoints))
        name = "Εκτυπωτής 2ου ορόφου"
        client.put_setting("device", language="el", device_name=name, alert_to=TO)
        yield process, client, provider


def arrived(provider, count):
    """Return `(subject, text)` of each mail in the maildrop, once there are so many."""

    def found():
        contents = [Path(path).read_bytes() for path in provider.maildrop(TO)]
        return [email.message_from_bytes(c, policy=email.policy.default) for c in contents]

    mails = wait_for(found, lambda mails: len(mails) >= count, "mail in the maildrop", 20)
    assert len(mails) == count
    texts = [mail.get_body().get_content().replace("\r\n", "\n") for mail in mails]
    return [(mail["Subject"], text) for mail, text in zip(mails, texts, strict=True)]


def report(client, event, **entered):
    return client.call("POST", "/api/events", json=dict(entered, event=event))


def last_alerts(client, count):
    """Return what the status shows, once there are so many."""

    def shown():
        return client.call("GET", "/api/status")["alerts"]

    return wait_for(shown, lambda alerts: len(alerts) == count, "alert in the status", 20)


def test_events_are_mailed_in_greek_and_repeats_are_folded(own):
    device, client, provider = own
    get_token(client, device.endpoints, "smtp")
    report(client, "paper_out", detail="Δίσκος 1, «A4» 📄")
    ((subject, text),) = arrived(provider, 1)
    assert subject == "Εκτυπωτής 2ου ορόφου: δεν υπάρχει χαρτί"
    assert "\nΔίσκος 1, «A4» 📄\n" in text
    assert "Γεμίστε τον δίσκο χαρτιού" in text

    report(client, "paper_out", detail="Δίσκος 2")
    report(client, "paper_jam", state="on")
    assert arrived(provider, 2)[1][0] == "Εκτυπωτής 2ου ορόφου: εμπλοκή χαρτιού"
    shown = last_alerts(client, 2)
    expected = [("paper_out", "Δίσκος 2"), ("paper_jam", "")]
    assert [(alert["event"], alert["detail"]) for alert in shown] == expected
    assert all(sorted(alert) == ["at", "detail", "event"] for alert in shown)
    assert len(client.call("GET", "/api/jobs")["items"]) == 2

    report(client, "paper_out", state="off")
    report(client, "paper_out")
    assert arrived(provider, 3)[2][0] == subject


def test_event_without_an_account_is_shown_and_not_mailed(own):
    _, client, _ = own
    report(client, "toner_empty", detail="Black")
    last_alerts(client, 1)
    assert client.call("GET", "/api/jobs")["items"] == []
    log = [line["text"] for line in client.call("GET", "/api/status")["log"]]
    assert "alert toner_empty: Black" in log


def test_report_that_is_wrong_is_refused_with_every_fault(own):
    _, client, _ = own
    wrong = {"event": "job_failed", "detail": "a\r\nBcc: x@far.test", "state": "maybe"}
    status, answer = refused(client, "POST", "/api/events", json=wrong)
    assert (status, answer["error"]) == (422, "bad_event")
    assert sorted(answer["fields"]) == ["detail", "event", "state"]
    assert refused(client, "POST", "/api/events", json=["paper_out"])[0] == 400
    assert refused(client, "GET", "/api/status/mail")[0] == 404
    assert client.call("GET", "/api/status")["alerts"] == []


def test_status_mail_is_sent_on_demand_and_by_the_schedule(own):
    device, client, provider = own
    status, answer = refused(client, "POST", "/api/status/mail")
    assert (status, list(answer["fields"])) == (422, ["status_to"])
    client.put_setting("device", status_to=TO)
    status, answer = refused(client, "POST", "/api/status/mail")
    assert (status, answer["error"]) == (409, "token_missing")

    get_token(client, device.endpoints, "smtp")
    client.call("POST", "/api/status/mail")
    ((subject, text),) = arrived(provider, 1)
    assert subject == "Εκτυπωτής 2ου ορόφου: κατάσταση"
    assert "- SMTP, alice@sandbox.test: Ανακτήθηκε\n" in text

    hour = datetime.now(UTC).hour
    client.put_setting("device", status_every="daily", status_hour=hour)
    assert "- στάλθηκαν: 1\n" in arrived(provider, 2)[1][1]

    device.kill()
    device.start()
    client = device.client()
    report(client, "cover_open")
    assert arrived(provider, 3)[2][0].endswith("ένα κάλυμμα είναι ανοιχτό")
