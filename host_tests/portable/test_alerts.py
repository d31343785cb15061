"""core/events.py, service/alerts.py, telling.py, notice.py: how reported events are told."""

from fakes.alerted import empty_queue, ready, reported, text_of
from fakes.dying import TO, enter_alternative, fresh, kill_token, lines_about, subjects
from fakes.ports import FakePorts
from mfpmail.core import events
from mfpmail.core.errors import StorageError
from mfpmail.service import warnings
from mfpmail.service.telling import tell
from support import spool

FOLD_S = events.FOLD_MS // 1000
MAX_PER_HOUR = 20


def flap(device, times):
    """Let an event come and go; return the subjects of the mails about it."""
    found = []
    for _ in range(times):
        reported(device, ("paper_out",), ("paper_out", "", "off"))
        found += subjects(device)
        empty_queue(device)
    return found


def events_of(device):
    return [alert["event"] for alert in device.alerts.last]


def test_first_report_is_mailed_at_once_with_device_time_and_detail():
    device, ports = ready(device_name="Printer 2", utc_offset_min=120)
    reported(device, ("paper_out", "Tray 1, A4"))
    (job,) = device.outbox.jobs
    assert (job.record["subject"], job.state) == ("Printer 2: no paper", "queued")
    assert [r["address"] for r in job.record["recipients"]] == [TO]
    first, second = text_of(device, ports).split("\n")[:2]
    assert first == "Printer 2 reports: no paper, 2027-01-15 10:00 +0200."
    assert second == "Tray 1, A4"
    assert lines_about(ports, "alert paper_out: Tray 1, A4") != []
    at = device.clock.now_s()
    assert device.alerts.last == [{"at": at, "event": "paper_out", "detail": "Tray 1, A4"}]


def test_report_without_detail_leaves_no_empty_line_for_it():
    device, ports = ready()
    reported(device, ("cover_open",))
    assert "\n\n\n" not in text_of(device, ports)
    assert text_of(device, ports).split("\n")[1] == ""


def test_greek_alert_is_greek():
    device, ports = ready(language="el", device_name="Εκτυπωτής")
    reported(device, ("paper_jam", "Μονάδα 3"))
    assert subjects(device) == ["Εκτυπωτής: εμπλοκή χαρτιού"]
    assert "\nΜονάδα 3\n\nΑνοίξτε τα καλύμματα" in text_of(device, ports)


def test_every_event_fills_its_texts_in_both_languages():
    for language in ("en", "el"):
        device, ports = ready(language=language)
        for event in events.REPORTED.split() + ["inbox_full", "storage_fault"]:
            for _ in range(2):
                reported(device, (event, "A detail."))
            device.clock.advance_s(FOLD_S)
            tell(device)
            for number in range(2):
                assert "{" not in subjects(device)[number] + text_of(device, ports, number)
                assert "A detail." in text_of(device, ports, number)
            empty_queue(device)


def test_repeats_are_told_once_when_the_time_is_over():
    device, ports = ready()
    reported(device, ("toner_low", "Black"))
    for detail in ("Cyan", "Cyan", "Magenta"):
        device.clock.advance_s(240)
        reported(device, ("toner_low", detail))
    assert len(subjects(device)) == 1
    device.clock.advance_s(FOLD_S - 3 * 240 - 1)
    tell(device)
    assert len(subjects(device)) == 1
    device.clock.advance_s(1)
    assert device.alerts.next_ms == device.clock.now_ms()
    for _ in range(2):
        tell(device)
    assert subjects(device)[1:] == ["Printer: the toner is running low (3 more)"]
    text = text_of(device, ports)
    assert "number of times: 3." in text and text.endswith("\nMagenta\n")


def test_repeats_that_go_on_are_one_mail_each_quarter_of_an_hour():
    device, _ = ready()
    for _ in range(60):
        reported(device, ("paper_jam",))
        device.clock.advance_s(60)
    tell(device)
    ends = [subject.split("jam")[1] for subject in subjects(device)]
    assert ends == ["", " (15 more)", " (15 more)", " (15 more)", " (14 more)"]


def test_no_repeat_is_no_mail_and_the_next_report_is_told_at_once():
    device, _ = ready()
    reported(device, ("paper_out",))
    device.clock.advance_s(FOLD_S)
    tell(device)
    assert (len(subjects(device)), device.alerts.next_ms) == (1, 0)
    reported(device, ("paper_out",))
    assert subjects(device) == ["Printer: no paper"] * 2


def test_events_are_folded_each_for_itself():
    device, _ = ready()
    for _ in range(3):
        reported(device, ("paper_out",), ("cover_open",))
    assert subjects(device) == ["Printer: no paper", "Printer: a cover is open"]


def test_event_that_ends_is_told_anew_when_it_comes_again():
    device, ports = ready()
    reported(device, ("paper_out",))
    reported(device, ("paper_out",))
    reported(device, ("paper_out", "", "off"))
    device.clock.advance_s(FOLD_S)
    tell(device)
    assert len(subjects(device)) == 1
    assert len(lines_about(ports, "alert paper_out: over")) == 1
    reported(device, ("paper_out",), ("paper_out", "", "off"), ("paper_out",))
    assert subjects(device) == ["Printer: no paper"] * 3


def test_reports_that_wait_are_counted_and_bounded():
    device, _ = ready()
    for _ in range(100):
        device.alerts.report("paper_out", "Tray 1")
    assert len(device.alerts.waiting) == 1
    for number in range(100):
        device.alerts.report("paper_jam", "Unit %d" % number)
    assert (len(device.alerts.waiting), device.alerts.dropped) == (16, 85)
    tell(device)
    assert subjects(device) == ["Printer: no paper", "Printer: paper jam"]
    device.clock.advance_s(FOLD_S)
    tell(device)
    assert subjects(device)[2:] == ["Printer: no paper (99 more)", "Printer: paper jam (14 more)"]


def test_never_more_than_20_alerts_an_hour_and_the_rest_is_told_of_in_the_next():
    device, ports = ready()
    assert len(flap(device, 30)) == MAX_PER_HOUR
    device.clock.advance_s(3599)
    assert flap(device, 1) == []
    device.clock.advance_s(1)
    reported(device, ("cover_open",))
    assert text_of(device, ports).endswith("as there were too many of them or no room: 11\n")
    reported(device, ("toner_low",))
    assert "too many" not in text_of(device, ports)
    assert device.alerts.dropped == 0


def test_repeats_that_could_not_be_mailed_are_counted_one_by_one():
    device, _ = ready()
    for _ in range(4):
        reported(device, ("toner_low",))
    empty_queue(device)
    device.clock.advance_s(FOLD_S - 1)
    flap(device, MAX_PER_HOUR)
    before = device.alerts.dropped
    device.clock.advance_s(1)
    tell(device)
    assert device.alerts.dropped == before + 3


def test_token_warnings_keep_to_the_same_limit_and_come_when_there_is_room():
    device, ports = ready()
    enter_alternative(device)
    flap(device, MAX_PER_HOUR)
    kill_token(device, ports)  # takes an hour
    flap(device, MAX_PER_HOUR)
    warnings.tell(device, {})
    assert (subjects(device), device.keepers["smtp"].record["warned"]) == ([], None)
    device.clock.advance_s(3600)
    warnings.tell(device, {})
    assert subjects(device) == ["Printer: the token of SMTP is Invalid"]
    assert len(device.alerts.mailed_ms) == 1


def test_only_chosen_events_are_mailed_and_all_are_shown():
    device, ports = ready(alert_events="paper_jam, token_dies")
    reported(device, ("paper_out",), ("paper_jam",), ("storage_fault", "x"))
    assert subjects(device) == ["Printer: paper jam"]
    assert events_of(device) == ["paper_out", "paper_jam", "storage_fault"]
    assert len(lines_about(ports, "alert ")) == 3
    enter_alternative(device)
    kill_token(device, ports)
    warnings.tell(device, {})
    assert (len(subjects(device)), device.keepers["smtp"].record["warned"]) == (1, None)
    device.configuration.put("device", {"alert_events": "all"}, False)
    warnings.tell(device, {})
    assert len(subjects(device)) == 2


def test_without_an_address_or_an_account_there_is_a_line_in_the_journal_only():
    without_account, others = fresh(ports=FakePorts())
    for device, ports in (ready(alert_to=""), (without_account, others)):
        for _ in range(3):
            reported(device, ("service_call", "E7-10"))
        assert (subjects(device), device.alerts.dropped) == ([], 0)
        assert len(lines_about(ports, "alert service_call: E7-10")) == 1
        assert events_of(device) == ["service_call"]


def test_queue_without_room_is_told_in_the_next_mail():
    device, ports = ready()
    for _ in range(20):
        spool(device)
    reported(device, ("paper_out",))
    assert (len(subjects(device)), device.alerts.dropped) == (20, 1)
    assert len(lines_about(ports, "alerts: There is no room")) == 1
    empty_queue(device)
    reported(device, ("paper_jam",))
    assert text_of(device, ports).endswith(" no room: 1\n")


def test_storage_that_fails_leaves_nothing_of_the_mail():
    device, ports = ready()

    def fail(verb, path):
        if verb == "append":
            raise StorageError("storage_failed", "The device's storage failed.")

    ports.files.on_change = fail
    reported(device, ("paper_out",))
    ports.files.on_change = lambda verb, path: None
    assert ports.files.names("outbox") == []
    assert (device.alerts.dropped, events_of(device)) == (1, ["paper_out"])


def test_unknown_event_is_told_to_the_engineer_only():
    device, ports = ready()
    reported(device, ("fire",), ("paper_out",))
    assert subjects(device) == ["Printer: no paper"]
    assert lines_about(ports, "there is no event fire") != []


def test_detail_is_one_short_line_whatever_the_firmware_says():
    device, ports = ready()
    reported(device, ("paper_jam", "Unit 3\r\nBcc: {device} " + "x" * 500))
    detail = device.alerts.last[0]["detail"]
    assert detail.startswith("Unit 3  Bcc: {device} x") and len(detail) == 120
    assert text_of(device, ports).split("\n")[1] == detail


def test_last_alerts_are_few_and_a_repeat_takes_the_place_of_the_one_before():
    device, _ = ready()
    for event in events.REPORTED.split() + ["inbox_full", "storage_fault"]:
        reported(device, (event, "1"))
    reported(device, ("service_call", "2"))
    expected = "paper_jam toner_low toner_empty cover_open waste_toner_full inbox_full"
    assert events_of(device) == expected.split() + ["storage_fault", "service_call"]
    assert device.alerts.last[-1]["detail"] == "2"


def test_faults_of_a_report_are_told_all_at_once():
    wrong = {"event": "job_failed", "detail": "a\nb", "state": "maybe"}
    assert sorted(events.faults_of(wrong)) == ["detail", "event", "state"]
    for good in (
        {"event": "paper_out"},
        {"event": "toner_low", "detail": "Κυανό", "state": "off"},
        {"event": "toner_low", "detail": "x" * 120, "state": "on"},
    ):
        assert events.faults_of(good) == {}
    for bad in ({}, {"event": ["paper_out"]}, {"event": None}):
        assert sorted(events.faults_of(bad)) == ["event"], bad
    for detail in ("x" * 121, 7, None, "\x00"):
        bad = {"event": "paper_out", "detail": detail}
        assert sorted(events.faults_of(bad)) == ["detail"], bad


def test_alert_says_that_no_person_has_written_it():
    device, ports = ready()
    reported(device, ("paper_out",))
    mail = ports.files.content["outbox/%s/mail" % device.outbox.jobs[0].id]
    assert b"\r\nAuto-Submitted: auto-generated\r\n" in mail.split(b"\r\n\r\n")[0]
