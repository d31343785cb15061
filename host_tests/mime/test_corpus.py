"""Mails from nasty inputs are read by CPython's `email` to exactly what went in."""

import pytest
from mime.corpus import cases, check, mail, rendered, utf8_cases

CASES = cases()
UTF8_CASES = utf8_cases()


@pytest.mark.parametrize("name", CASES)
def test_mail_holds_what_was_entered_in_seven_bits(name):
    record, data = rendered(CASES[name])
    assert not record["smtputf8"]
    check(CASES[name], record, data)


@pytest.mark.parametrize("name", UTF8_CASES)
def test_mail_that_needs_smtputf8_holds_what_was_entered(name):
    record, data = rendered(UTF8_CASES[name])
    assert record["smtputf8"]
    check(UTF8_CASES[name], record, data)


def test_mail_rendered_again_is_the_same():
    assert rendered(CASES["html and files"]) == rendered(CASES["html and files"])


def test_bcc_beyond_ascii_leaves_the_mail_in_seven_bits():
    record, data = rendered(mail(bcc="γιάννης@sandbox.test"))
    assert record["smtputf8"]
    assert data.isascii()
