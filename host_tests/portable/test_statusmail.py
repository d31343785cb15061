"""core/schedule.py, service/timetable.py, statusmail.py: when the status mail goes out, and what
it says."""

from fakes.alerted import empty_queue, ready, text_of
from fakes.dying import DAY_S, enter_alternative, kill_token, lines_about, living, subjects
from fakes.files import PowerCutError
from fakes.ports import FakePorts
from mfpmail.core.errors import StorageError
from mfpmail.core.schedule import last_slot
from mfpmail.service import rounds
from mfpmail.service.device import Device
from mfpmail.service.statusmail import check
from mfpmail.service.timetable import look, send_now
from support import acquire, configure, failure, run, spool, supervised

HOUR_S = 3600
DAY = 1800000000 // DAY_S * DAY_S  # 2027-01-15, a Friday
BOSS = "boss@far.test"


def scheduled(every="daily", hour=10, at=DAY + 8 * HOUR_S, **changes):
    """Return a device whose administrator wants a status mail, looked at once, and its ports."""
    device, ports = ready(alert_to="", status_to=BOSS, status_every=every, status_hour=hour)
    device.configuration.put("device", changes, False)
    device.clock.set_s(at)
    look(device, {})
    assert subjects(device) == []
    return device, ports


def mails_until(device, end_s, step_s=600):
    """Look every ten minutes; return the times of the mails that were queued."""
    times = []
    while device.clock.now_s() < end_s:
        device.clock.advance_s(step_s)
        look(device, {})
        times += [device.clock.now_s()] * len(device.outbox.jobs)
        empty_queue(device)
    return times


def restarted(ports):
    device = Device(ports)
    look(device, {})
    return device


def test_last_slot_of_days_weeks_and_months():
    for every, now_s, expected in (
        ("daily", DAY + 10 * HOUR_S, DAY + 10 * HOUR_S),
        ("daily", DAY + 10 * HOUR_S - 1, DAY - 14 * HOUR_S),
        ("weekly", DAY, DAY - 4 * DAY_S + 10 * HOUR_S),  # a Monday
        ("weekly", DAY + 3 * DAY_S + 10 * HOUR_S - 1, DAY - 4 * DAY_S + 10 * HOUR_S),
        ("weekly", DAY + 3 * DAY_S + 10 * HOUR_S, DAY + 3 * DAY_S + 10 * HOUR_S),
        ("monthly", DAY, DAY - 14 * DAY_S + 10 * HOUR_S),
        ("monthly", DAY - 14 * DAY_S, DAY - 45 * DAY_S + 10 * HOUR_S),  # December
        ("monthly", DAY + 17 * DAY_S + 11 * HOUR_S, DAY + 17 * DAY_S + 10 * HOUR_S),
    ):
        assert last_slot(now_s, every, 10, 0) == expected, (every, now_s)


def test_last_slot_follows_the_clock_of_the_place():
    assert last_slot(DAY + 5 * HOUR_S, "daily", 7, 120) == DAY + 5 * HOUR_S
    assert last_slot(DAY + 5 * HOUR_S - 1, "daily", 7, 120) == DAY - 19 * HOUR_S
    assert last_slot(DAY + 12 * HOUR_S, "daily", 0, -720) == DAY + 12 * HOUR_S
    assert last_slot(DAY + 14 * HOUR_S, "daily", 23, 840) == DAY + 9 * HOUR_S
    first_of_month = DAY + 17 * DAY_S
    assert last_slot(first_of_month - HOUR_S, "monthly", 1, 120) == first_of_month - HOUR_S


def test_daily_mail_goes_out_once_a_day_at_its_hour():
    device, _ = scheduled()
    times = mails_until(device, DAY + 3 * DAY_S)
    assert times == [DAY + day * DAY_S + 10 * HOUR_S for day in range(3)]


def test_weekly_and_monthly_mails_go_out_at_the_hour_of_the_place():
    device, _ = scheduled("weekly", utc_offset_min=120)
    times = mails_until(device, DAY + 14 * DAY_S, HOUR_S)
    assert times == [DAY + day * DAY_S + 8 * HOUR_S for day in (3, 10)]
    device, _ = scheduled("monthly")
    times = mails_until(device, DAY + 50 * DAY_S, HOUR_S)
    assert times == [DAY + day * DAY_S + 10 * HOUR_S for day in (17, 45)]


def test_no_mail_twice_after_restarts_and_a_missed_one_once():
    device, ports = scheduled()
    mails_until(device, DAY + 12 * HOUR_S)
    for _ in range(3):
        assert subjects(restarted(ports)) == []
    ports.clock.advance_s(5 * DAY_S)  # switched off
    assert subjects(restarted(ports)) == ["Printer: status"]
    for _ in range(3):
        assert subjects(restarted(ports)) == ["Printer: status"]


def test_schedule_that_is_entered_counts_from_now_on():
    device, _ = scheduled(at=DAY + 15 * HOUR_S)
    assert mails_until(device, DAY + 33 * HOUR_S) == []
    device.configuration.put("device", {"status_hour": 3}, False)
    assert mails_until(device, DAY + 35 * HOUR_S) == []
    device.configuration.put("device", {"status_every": "off"}, False)
    assert mails_until(device, DAY + 9 * DAY_S, HOUR_S) == []
    device.configuration.put("device", {"status_every": "daily", "status_hour": 10}, False)
    assert mails_until(device, DAY + 9 * DAY_S + 9 * HOUR_S) == []
    assert len(mails_until(device, DAY + 9 * DAY_S + 11 * HOUR_S)) == 1


def test_schedule_with_the_hour_that_it_is_now_sends_now():
    device, _ = scheduled("off", at=DAY + 10 * HOUR_S + 1800)
    device.configuration.put("device", {"status_every": "daily"}, False)
    look(device, {})
    look(device, {})
    assert subjects(device) == ["Printer: status"]


def test_clock_that_nobody_has_set_starts_nothing():
    device, ports = scheduled()
    mails_until(device, DAY + 12 * HOUR_S)
    for wrong_s in (0, 946684800, 946684800 + 30 * DAY_S):
        ports.clock.set_s(wrong_s)
        device = restarted(ports)
        assert mails_until(device, wrong_s + 5 * HOUR_S) == []
    ports.clock.set_s(DAY + 20 * HOUR_S)
    assert subjects(restarted(ports)) == []


def test_clock_that_jumps_ahead_sends_one_mail_and_goes_on_when_it_is_put_right():
    device, _ = scheduled()
    mails_until(device, DAY + 12 * HOUR_S)
    device.clock.set_s(DAY + 400 * DAY_S)
    assert len(mails_until(device, DAY + 400 * DAY_S + 2 * HOUR_S)) == 1
    device.clock.set_s(DAY + 14 * HOUR_S)
    times = mails_until(device, DAY + 3 * DAY_S)
    assert times == [DAY + DAY_S + 10 * HOUR_S, DAY + 2 * DAY_S + 10 * HOUR_S]


def test_clock_that_jumps_to_and_fro_sends_no_burst():
    device, _ = scheduled()
    mails = 0
    for _ in range(50):
        for at in (DAY + 60 * DAY_S, DAY + 9 * HOUR_S, DAY + 90 * DAY_S):
            device.clock.set_s(at)
            mails += len(mails_until(device, at + 1200))
    assert mails == 2


def test_mail_says_how_things_are():
    device, ports = ready(status_to=BOSS, device_name="Printer 2", utc_offset_min=120)
    configure(device, "ifax", account="fax@mail.test")
    configure(device, "eprint", account="print@mail.test")
    configure(device, "estatus", account="status@mail.test")
    run(acquire(device, ports.http, "eprint"))
    device.maildrops.last["ifax"] = {"at": DAY, "result": "ok", "message": "2 received, 0 left"}
    device.maildrops.last["eprint"] = {"at": DAY, "result": "transient", "message": "No answer."}
    for state in ("sent", "sent", "failed"):
        device.outbox.update(spool(device), state=state)
    spool(device)
    device.alerts.watch()
    device.clock.advance_s(2 * DAY_S + 5 * HOUR_S)
    device.store.faults.append("tokens/x: The record is damaged.")
    send_now(device)
    assert subjects(device)[-1] == "Printer 2: status"
    lines = text_of(device, ports).split("\n")
    for line in (
        "- SMTP, scan@mail.test: Acquired",
        "- Internet Fax, fax@mail.test: Not Acquired",
        "- sent: 2",
        "- failed: 1",
        "- waiting now: 1",
        "- Internet Fax: 2027-01-15 02:00 +0200, in order",
        "- E-mail Print: 2027-01-15 02:00 +0200, failed: No answer.",
        "- E-mail Status: not checked since the start",
        "- tokens/x: The record is damaged.",
        "Mails since 2027-01-15 10:00 +0200:",
        "Running without interruption for: 2 d 5 h",
    ):
        assert line in lines, (line, lines)
    free = [line for line in lines if line.startswith("Free storage: ")]
    assert free and 900 < int(free[0].split()[2]) < 1024
    assert [r["address"] for r in device.outbox.jobs[-1].record["recipients"]] == [BOSS]


def test_mail_warns_of_tokens_accounts_and_the_inbox():
    device, ports = ready(status_to=BOSS)
    enter_alternative(device)
    kill_token(device, ports)
    device.postman.sending_through = "smtp2"
    device.inbox = type("FullInbox", (), {"full": True})()
    send_now(device)
    text = text_of(device, ports)
    for words in (
        "\n- SMTP, scan@mail.test: Invalid\n",
        "\n- SMTP: The provider no longer accepts this sign-in",
        "\n- The first account for sending does not work",
        ": the inbox is full\n",
    ):
        assert words in text, (words, text)


def test_greek_mail_is_greek():
    device, ports = ready(status_to=BOSS, language="el")
    send_now(device)
    assert subjects(device) == ["Printer: κατάσταση"]
    assert "\nΔιακριτικά:\n- SMTP, scan@mail.test: Ανακτήθηκε\n" in text_of(device, ports)
    assert "{" not in text_of(device, ports)


def test_counts_start_anew_with_each_mail_and_survive_a_restart():
    device, ports = scheduled()
    for state in ("sent", "failed", "sent"):
        device.outbox.update(spool(device), state=state)
    device.alerts.watch()
    look(device, {})
    device = restarted(ports)
    device.outbox.update(spool(device), state="sent")
    device.alerts.watch()
    send_now(device)
    assert "- sent: 3\n- failed: 1\n" in text_of(device, ports)
    device = restarted(ports)
    device.clock.advance_s(60)
    send_now(device)
    assert "- sent: 0\n- failed: 0\n" in text_of(device, ports)
    assert "Mails since 2027-01-15 08:00 +0000:" in text_of(device, ports)


def test_without_an_address_there_is_a_line_in_the_journal_for_each_mail():
    device, ports = scheduled(status_to="")
    assert mails_until(device, DAY + 2 * DAY_S) == []
    assert len(lines_about(ports, "status mail: there is no address")) == 2


def test_without_an_account_the_mail_goes_out_as_soon_as_one_works():
    device, ports = scheduled()
    kill_token(device, ports)
    device.clock.advance_s(5 * HOUR_S)
    told = {}
    for _ in range(3):
        look(device, told)
    assert subjects(device) == []
    assert len(lines_about(ports, "status mail: no account for sending can be used")) == 1
    enter_alternative(device)
    for _ in range(3):
        look(device, told)
    assert subjects(device) == ["Printer: status"]


def test_queue_without_room_gets_the_mail_later_and_says_so_once():
    device, ports = scheduled()
    for _ in range(20):
        spool(device)
    device.clock.advance_s(5 * HOUR_S)
    told = {}
    for _ in range(3):
        look(device, told)
    assert len(lines_about(ports, "status mail: There is no room")) == 1
    empty_queue(device)
    look(device, told)
    assert subjects(device) == ["Printer: status"]


def test_power_cut_at_any_change_loses_no_mail_and_repeats_it_once_at_most():
    repeated = 0
    for changes in range(100):
        device, ports = scheduled()
        device.clock.advance_s(5 * HOUR_S)
        ports.files.changes_left = changes
        try:
            look(device, {})
        except PowerCutError:
            pass
        came_through = bool(ports.files.changes_left)
        ports.files.changes_left = None
        for _ in range(2):
            device = restarted(ports)
        assert len(subjects(device)) in (1, 2), changes
        repeated += len(subjects(device)) == 2
        if came_through:
            break
    assert changes > 5
    assert repeated == 1


def test_record_that_cannot_be_stored_repeats_no_mail():
    device, ports = scheduled()

    def fail(verb, path):
        if path == "alerts.json":
            raise StorageError("storage_failed", "The device's storage failed.")

    device.clock.advance_s(5 * HOUR_S)
    ports.files.on_change = fail
    told = {}
    for _ in range(3):
        look(device, told)
    assert subjects(device) == ["Printer: status"]
    assert len(lines_about(ports, "status mail: The device's storage failed")) == 1
    ports.files.on_change = lambda verb, path: None
    look(device, told)
    assert subjects(restarted(ports)) == ["Printer: status"]


def test_damaged_record_stops_nothing():
    device, ports = scheduled()
    ports.files.content["alerts.json"] = b"mfpmail 1 00000000 {}"
    device = restarted(ports)
    assert (subjects(device), len(device.store.faults)) == ([], 1)
    assert len(mails_until(device, DAY + 11 * HOUR_S)) == 1


def test_nothing_is_stored_while_nobody_wants_status_mails():
    device, ports = ready()
    device.outbox.update(spool(device), state="sent")
    rounds.look(device, {})
    assert (device.alerts.kept, "alerts.json" in ports.files.content) == (None, False)


def test_schedule_that_was_off_for_a_while_has_missed_nothing():
    device, ports = scheduled("monthly")
    device.configuration.put("device", {"status_every": "off"}, False)
    rounds.look(device, {})
    device = Device(ports)
    device.clock.advance_s(90 * DAY_S)
    rounds.look(device, {})
    device.configuration.put("device", {"status_every": "monthly"}, False)
    rounds.look(device, {})
    assert subjects(device) == []


def test_check_says_what_keeps_a_mail_from_being_sent():
    device, ports = ready()
    assert sorted(failure(check, device).fields) == ["status_to"]
    device.configuration.put("device", {"status_to": BOSS}, False)
    check(device)
    kill_token(device, ports)
    error = failure(check, device)
    assert (error.code, error.topic) == ("token_missing", "invalid_grant")
    configure(device, server="")
    assert failure(check, device).code == "no_server"


def test_supervisor_sends_when_it_is_due_and_when_it_is_asked_for():
    device, ports = living(ports=FakePorts())
    changes = {"status_to": BOSS, "status_every": "daily", "status_hour": 8}
    device.configuration.put("device", changes, False)
    run(supervised(device, lambda: device.outbox.jobs))
    device = Device(ports)
    device.alerts.report("status_mail")
    run(supervised(device, lambda: len(device.outbox.jobs) > 1))
    assert subjects(device) == ["Printer: status"] * 2
    assert device.alerts.waiting == []
