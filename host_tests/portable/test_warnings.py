"""service/warnings.py: the mails and journal lines about tokens that die or are dead."""

import binascii

from fakes.dying import (
    DAY_S,
    TO,
    enter_alternative,
    fresh,
    kill_token,
    lines_about,
    living,
    subjects,
    warned,
    with_dead_smtp,
)
from fakes.files import PowerCutError
from fakes.ports import FakePorts
from fakes.provider import refused, tokens
from mfpmail.service.device import Device
from mfpmail.service.status import led_of, warnings_of
from mfpmail.service.warnings import tell
from support import acquire, configure, failure_of, run, spool


def mail_of(device, ports, number=-1):
    return ports.files.content["outbox/%s/mail" % device.outbox.jobs[number].id]


def test_14_7_and_1_days_are_mailed_once_each_over_restarts():
    device, ports = living(days=15)
    expected = []
    # 15 days make a threshold of 14 too long; as of Microsoft, the provider had told 90 before.
    device.keepers["smtp"].note({"refresh_lifetime_s": 90 * DAY_S})
    for day in range(15, -3, -1):
        if day in (14, 7, 1):
            expected.append("Sending on Printer: %d days" % day)
        for _ in range(3):
            tell(device, {})
            device = Device(ports)
        assert subjects(device) == expected, day
        device.clock.advance_s(DAY_S)
    assert warned(device) == 1


def test_mail_has_recipients_sender_and_text():
    device, ports = living(days=20, alert_to="a@far.test, b@far.test")
    device.clock.advance_s(13 * DAY_S)
    tell(device, {})
    (job,) = device.outbox.jobs
    assert job.state == "queued"
    assert [r["address"] for r in job.record["recipients"]] == ["a@far.test", "b@far.test"]
    assert job.record["reverse_path"] == "scan@mail.test"
    mail = mail_of(device, ports)
    assert b"\r\nscan@mail.test dies on 2027-02-04.\r\nRenew.\r\n" in mail
    assert b'From: "Printer" <scan@mail.test>\r\n' in mail


def test_threshold_that_was_slept_through_is_mailed_with_the_days_that_are_left():
    device, _ = living(days=60)
    device.clock.advance_s(56 * DAY_S)
    tell(device, {})
    assert subjects(device) == ["Sending on Printer: 4 days"]
    assert warned(device) == 7


def test_greek_mail_arrives_as_utf_8():
    device, ports = living(days=20, language="el")
    device.clock.advance_s(13 * DAY_S)
    tell(device, {})
    assert subjects(device) == ["Το διακριτικό λήγει σε 7 ημέρες"]
    head, body = mail_of(device, ports).split(b"\r\n\r\n", 1)
    assert b'Content-Type: text/plain; charset="utf-8"\r\n' in head
    assert b"Content-Transfer-Encoding: base64" in head
    text = binascii.a2b_base64(body.replace(b"\r\n", b"")).decode()
    assert text == "Λογαριασμός scan@mail.test.\r\nΛήγει.\r\n"


def test_real_texts_fill_their_placeholders_in_both_languages():
    for language in ("en", "el"):
        device, ports = living(days=20, language=language, ports=FakePorts())
        enter_alternative(device)
        device.clock.advance_s(13 * DAY_S)
        tell(device, {})
        kill_token(device, ports)
        tell(device, {})
        assert len(subjects(device)) == 2
        for number, subject in enumerate(subjects(device)):
            assert subject and "{" not in subject, subject
            assert len(mail_of(device, ports, number).split(b"\r\n\r\n", 1)[1]) > 100
        assert warned(device) == 0


def test_renewal_ends_the_warning_and_the_next_one_starts_anew():
    device, ports = living(days=20)
    device.clock.advance_s(13 * DAY_S)
    tell(device, {})
    assert (warned(device), led_of(device)) == (7, "warning")
    ports.http.answers = [tokens(2, refresh_token_expires_in=20 * DAY_S)]
    run(device.keepers["smtp"].refresh("access-1"))
    tell(device, {})
    assert (warned(device), led_of(device), warnings_of(device)) == (None, "ok", [])
    device = Device(ports)
    device.clock.advance_s(13 * DAY_S)
    tell(device, {})
    assert len(subjects(device)) == 2


def test_renewal_that_moves_no_end_warns_no_second_time():
    device, ports = living(days=20)
    device.clock.advance_s(13 * DAY_S)
    tell(device, {})
    ports.http.answers = [tokens(2, refresh_token_expires_in=7 * DAY_S)]
    run(device.keepers["smtp"].refresh("access-1"))
    tell(device, {})
    assert (warned(device), len(subjects(device))) == (7, 1)


def test_secret_that_is_prolonged_a_little_is_warned_of_at_the_next_threshold():
    device, _ = living()
    device.configuration.put(
        "smtp", {"client_secret": "s", "client_secret_ends_on": "2027-01-15"}, True
    )
    tell(device, {})
    assert (warned(device), subjects(device)) == (1, ["Sending on Printer: 1 days"])
    device.configuration.put("smtp", {"client_secret_ends_on": "2027-01-24"}, True)
    tell(device, {})
    assert (warned(device), len(subjects(device))) == (14, 1)
    device.clock.advance_s(3 * DAY_S)
    tell(device, {})
    assert (warned(device), subjects(device)[1:]) == (7, ["Sending on Printer: 7 days"])
    device.configuration.put("smtp", {"client_secret_ends_on": "2028-01-24"}, True)
    tell(device, {})
    assert (warned(device), len(subjects(device))) == (None, 2)


def test_clock_that_is_put_right_repeats_no_mail():
    device, _ = living(days=20)
    device.clock.advance_s(13 * DAY_S)
    tell(device, {})
    now_s = device.clock.now_s()
    for wrong_s in (now_s - 60, now_s - DAY_S + 60, 946684800, 0):
        device.clock.set_s(wrong_s)
        tell(device, {})
        device.clock.set_s(now_s)
        tell(device, {})
        assert (warned(device), len(subjects(device))) == (7, 1), wrong_s


def test_token_of_a_setting_that_is_not_in_use_is_not_warned_of():
    for changes in ({"server": ""}, {"auth_method": "password"}):
        device, _ = living(days=20)
        device.clock.advance_s(19 * DAY_S)
        device.configuration.put("smtp", changes, True)
        tell(device, {})
        assert (subjects(device), warnings_of(device)) == ([], [])


def test_invalid_is_mailed_once_through_the_alternative_account():
    device, ports = with_dead_smtp()
    enter_alternative(device)
    for _ in range(3):
        tell(device, {})
        device = Device(ports)
    assert subjects(device) == ["Sending on Printer: Invalid"]
    assert b"\r\nscan@mail.test: The token was ended. Delete it.\r\n" in mail_of(device, ports)
    assert warned(device) == 0


def test_invalid_is_not_mailed_through_the_dead_account_but_told_in_the_journal():
    device, ports = with_dead_smtp()
    told = {}
    for _ in range(3):
        tell(device, told)
    assert (subjects(device), warned(device)) == ([], None)
    assert len(lines_about(ports, "token smtp: is Invalid (invalid_grant)")) == 1


def test_invalid_is_not_mailed_through_an_alternative_account_without_a_token():
    device, _ = with_dead_smtp()
    configure(device, "smtp2")
    tell(device, {})
    assert subjects(device) == []


def test_invalid_is_mailed_as_soon_as_an_account_works():
    device, ports = with_dead_smtp()
    told = {}
    tell(device, told)
    configure(device, "smtp2")
    run(acquire(device, ports.http, "smtp2"))
    tell(device, told)
    tell(device, told)
    assert (subjects(device), warned(device)) == (["Sending on Printer: Invalid"], 0)
    assert len(lines_about(ports, "is Invalid")) == 1


def test_invalid_after_a_warning_is_mailed_when_an_account_works_again():
    device, ports = living(days=20)
    device.clock.advance_s(13 * DAY_S)
    tell(device, {})
    kill_token(device, ports)
    tell(device, {})
    assert (warned(device), len(subjects(device))) == (7, 1)
    enter_alternative(device)
    tell(device, {})
    assert (warned(device), len(subjects(device))) == (0, 2)


def test_invalid_of_a_maildrop_is_mailed_through_the_first_account():
    device, ports = living()
    configure(device, "ifax", account="fax@mail.test")
    run(acquire(device, ports.http, "ifax"))
    kill_token(device, ports, "ifax")
    tell(device, {})
    assert subjects(device) == ["Internet fax on Printer: Invalid"]
    assert b"\r\nfax@mail.test: " in mail_of(device, ports)
    assert (warned(device, "ifax"), warned(device)) == (0, None)


def test_invalid_with_a_cause_nobody_has_a_text_for_tells_what_the_provider_said():
    device, ports = with_dead_smtp()
    enter_alternative(device)
    device.keepers["smtp"].note({"topic": "unheard_of", "detail": "The server said no."})
    tell(device, {})
    assert b": The server said no. \r\n" in mail_of(device, ports)


def test_token_that_comes_back_is_warned_of_anew():
    device, ports = living()
    enter_alternative(device)
    device.clock.advance_s(3600)
    ports.http.answers = [refused("interaction_required")]
    failure_of(device.keepers["smtp"].access_token())
    tell(device, {})
    assert warned(device) == 0
    device.clock.advance_s(12 * 3600)
    ports.http.answers = [tokens(2)]
    run(device.keepers["smtp"].renew_if_due())
    tell(device, {})
    assert (device.keepers["smtp"].state, warned(device)) == ("ACQUIRED", None)
    kill_token(device, ports)
    tell(device, {})
    assert len(subjects(device)) == 2


def test_without_an_address_nothing_is_mailed_until_there_is_one():
    device, ports = living(days=20, alert_to="")
    device.clock.advance_s(13 * DAY_S)
    told = {}
    for _ in range(3):
        tell(device, told)
    assert (subjects(device), warned(device), led_of(device)) == ([], None, "warning")
    assert len(lines_about(ports, "token smtp: dies on 2027-02-04, within 7 days")) == 1
    device.configuration.put("device", {"alert_to": TO}, False)
    tell(device, told)
    assert (subjects(device), warned(device)) == (["Sending on Printer: 7 days"], 7)


def test_only_the_alternative_account_is_entered_and_it_is_the_sender():
    device, ports = fresh()
    device.configuration.put("smtp", {"server": ""}, False)
    configure(device, "ifax")
    run(acquire(device, ports.http, "ifax"))
    kill_token(device, ports, "ifax")
    enter_alternative(device)
    tell(device, {})
    assert device.outbox.jobs[0].record["reverse_path"] == "scan@mail2.test"
    assert subjects(device) == ["Internet fax on printer.test: Invalid"]


def test_power_cut_at_any_change_loses_no_warning_and_repeats_it_once_at_most():
    repeated = 0
    for changes in range(100):
        device, ports = living(days=20)
        device.clock.advance_s(13 * DAY_S)
        ports.files.changes_left = changes
        try:
            tell(device, {})
        except PowerCutError:
            pass
        came_through = ports.files.changes_left is not None and ports.files.changes_left > 0
        ports.files.changes_left = None
        for _ in range(2):
            device = Device(ports)
            tell(device, {})
        assert len(subjects(device)) in (1, 2), changes
        assert warned(device) == 7
        assert sorted(ports.files.names("outbox")) == [job.id for job in device.outbox.jobs]
        repeated += len(subjects(device)) == 2
        if came_through:
            break
    assert changes > 5
    assert repeated == 1


def test_queue_without_room_gets_the_mail_later_and_says_so_once():
    device, ports = living(days=20)
    for _ in range(20):
        spool(device)
    device.clock.advance_s(13 * DAY_S)
    told = {}
    for _ in range(3):
        tell(device, told)
    assert (len(subjects(device)), warned(device)) == (20, None)
    assert len(lines_about(ports, "warnings: There is no room")) == 1
    device.outbox.delete(device.outbox.jobs[0])
    tell(device, told)
    assert (subjects(device)[-1], warned(device)) == ("Sending on Printer: 7 days", 7)
    device.clock.advance_s(6 * DAY_S)
    tell(device, told)
    assert (len(subjects(device)), warned(device)) == (20, 7)
    assert len(lines_about(ports, "warnings: There is no room")) == 2


def test_storage_that_fails_keeps_no_other_token_from_its_warning():
    device, ports = living()
    configure(device, "ifax")
    run(acquire(device, ports.http, "ifax"))
    kill_token(device, ports)
    kill_token(device, ports, "ifax")
    enter_alternative(device)
    ports.files.fail_writes = True
    tell(device, {})
    assert len(lines_about(ports, "is Invalid")) == 2
    ports.files.fail_writes = False
    tell(device, {})
    assert len(subjects(device)) == 2
