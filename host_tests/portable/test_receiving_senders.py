"""Who may send and who is answered: service/senders.py, and the fields of the settings."""

from mfpmail.core.fields import defaults, validate
from mfpmail.service.senders import HeaderScan, asks_for_status, may_send


def fault(field, value):
    return validate("ifax", defaults("ifax"), {field: value})[1].get(field, "")


def scanned(head):
    scan = HeaderScan()
    scan.feed(head.encode())
    scan.close()
    return scan


def lists(allow="", deny=""):
    return {"allow_from": allow, "deny_from": deny}


def test_lists_take_addresses_and_domains():
    for good in ("", "a@far.test", "@far.test", "a@far.test, @near.test ,B@c.test"):
        assert fault("allow_from", good) == "" == fault("deny_from", good), good
    for bad in ("far.test", "@", "a@", "a@far.test,", ",", "a b@far.test", "a\n@far.test", 7):
        assert fault("deny_from", bad), bad
    fifty = ",".join("a%d@far.test" % n for n in range(50))
    assert fault("allow_from", fifty) == ""
    assert "50 entries" in fault("allow_from", fifty + ",b@far.test")
    assert "2500" in fault("allow_from", ",".join("a" * 60 + "%d@far.test" % n for n in range(50)))


def test_other_fields_take_their_words_only():
    for field in ("check_at_start", "answer_unsupported"):
        assert fault(field, "yes") == fault(field, "no") == ""
        assert fault(field, "maybe") and fault(field, True)
    assert fault("unsupported", "keep") == fault("unsupported", "delete") == ""
    assert fault("unsupported", "print")
    known = defaults("eprint")
    assert (known["unsupported"], known["answer_unsupported"]) == ("keep", "no")
    assert (known["check_at_start"], known["allow_from"]) == ("no", "")


def test_empty_lists_let_everybody_in():
    assert may_send(lists(), "a@far.test") and may_send(lists(), "")


def test_allow_list_lets_in_who_is_on_it():
    setting = lists("Boss@Far.test, @near.test")
    for address in ("boss@far.test", "a@near.test"):
        assert may_send(setting, address), address
    for address in ("a@far.test", "a@sub.near.test", "a@xnear.test", "near.test", ""):
        assert not may_send(setting, address), address


def test_deny_list_goes_before_the_allow_list():
    setting = lists("@far.test", "spam@far.test")
    assert may_send(setting, "a@far.test") and not may_send(setting, "spam@far.test")
    assert not may_send(lists(deny="@far.test"), "a@far.test")


def test_header_scan_reads_any_division_alike():
    head = (
        "Return-Path:\r\n <A@Far.Test>\r\nX-Junk: %s\r\nReturn-Path: <b@far.test>\r\n\r\n"
        "Precedence: bulk\r\n" % ("x" * 3000)
    ).encode()
    for step in (1, 7, 64, len(head)):
        scan = HeaderScan()
        for at in range(0, len(head), step):
            scan.feed(head[at : at + step])
        assert (scan.reverse_path, scan.is_automatic) == ("a@far.test", False), step


def test_automatic_mail_is_recognised():
    for head in (
        "Return-Path: <>",
        "Return-Path: < >",
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; owner-email=a@far.test",
        "Precedence: Bulk",
        "Precedence: list",
        "Precedence: junk",
        "List-Id: <list.far.test>",
        "List-Unsubscribe: <mailto:x@far.test>",
        "Content-Type: multipart/report; report-type=delivery-status",
        "From: Mail Delivery <MAILER-DAEMON@far.test>",
        "From: postmaster@far.test",
        "From: No-Reply@far.test",
        "From: noreply+17@far.test",
        "From: owner-list@far.test",
        "Return-Path: <list-request@far.test>",
    ):
        assert scanned(head + "\r\n").is_automatic, head
    for head in (
        "Auto-Submitted: no",
        "Auto-Submitted: No (a person)",
        "Precedence: first-class",
        "Return-Path: <a@far.test>",
        "From: a@far.test",
        "From: norma@far.test",
        "",
    ):
        assert not scanned(head + "\r\n").is_automatic, head


def test_word_for_the_status_is_known_in_any_case():
    for subject in ("status", " STATUS ", "Status", "κατάσταση", "ΚΑΤΆΣΤΑΣΗ", "Κατασταση"):
        assert asks_for_status(subject), subject
    assert asks_for_status("κατα\u0301σταση")
    for subject in ("", "status?", "Re: status", "στάση", "my status"):
        assert not asks_for_status(subject), subject
