"""The administrator's page in Chromium, against a running device and the sandbox."""

import pytest
from playwright.sync_api import expect
from web.page_helpers import (
    ANSWER_MS,
    GRANT_MS,
    acquire,
    answer,
    approve,
    card,
    home_pill,
    open_form,
    open_page,
    pill,
    press,
    sign_in,
    start_grant,
)

SETTINGS = ("smtp", "smtp2", "ifax", "eprint", "estatus")
STATES = ("Not Acquired", "Awaiting Authentication", "Acquired", "Invalid")


@pytest.fixture
def page(browser, configured_device):
    with open_page(browser, configured_device.url) as opened:
        yield opened


@pytest.fixture
def home(page, configured_device):
    sign_in(page, configured_device.password)
    return page


def test_sign_in_wrong_password_is_told_and_shows_nothing(page):
    field = page.get_by_label("Administrator password")
    field.fill("not the password")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_text("Wrong password.")).to_be_visible(timeout=ANSWER_MS)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(page.get_by_role("main")).to_be_hidden()


def test_sign_in_right_password_by_keyboard_shows_the_settings(page, configured_device):
    expect(page.get_by_label("Administrator password")).to_be_focused(timeout=ANSWER_MS)
    page.keyboard.type(configured_device.password)
    page.keyboard.press("Enter")

    for setting in SETTINGS:
        expect(home_pill(page, setting)).to_be_visible(timeout=ANSWER_MS)
    expect(page.get_by_role("heading", name="Home")).to_be_focused()
    expect(page.get_by_label("Administrator password")).to_be_hidden()


def test_sign_in_after_reload_is_still_good_until_sign_out(home):
    home.reload()
    expect(home_pill(home, "smtp")).to_be_visible(timeout=ANSWER_MS)

    home.get_by_role("button", name="Sign out").click()
    expect(home.get_by_label("Administrator password")).to_be_visible(timeout=ANSWER_MS)
    home.reload()
    expect(home.get_by_label("Administrator password")).to_be_visible(timeout=ANSWER_MS)


def test_home_shows_the_state_of_every_setting_in_the_words_of_the_manual(home):
    for setting in SETTINGS:
        expect(home_pill(home, setting)).not_to_be_empty(timeout=ANSWER_MS)
        assert home_pill(home, setting).inner_text() in STATES
    expect(card(home, "smtp")).to_contain_text("common to the four SMTP screens")


def test_get_token_cancelled_in_the_dialog_starts_nothing(home):
    press(home, "estatus", "Get Token")
    answer(home, "Cancel")

    expect(home.get_by_role("dialog")).to_be_hidden()
    expect(pill(home, "estatus")).to_have_text("Not Acquired")
    expect(card(home, "estatus").get_by_role("button", name="Get Token")).to_be_focused()


def test_get_token_approved_elsewhere_becomes_acquired_without_reload(home, configured_device):
    home.evaluate("window.notReloaded = true")

    code = start_grant(home, "smtp")

    expect(pill(home, "smtp")).to_have_text("Awaiting Authentication")
    assert len(code) >= 6
    address = card(home, "smtp").locator(".panel a").first
    expect(address).to_have_attribute("target", "_blank")
    assert address.get_attribute("href") == address.inner_text()
    expect(card(home, "smtp").get_by_role("progressbar")).to_be_visible()
    approve(home, "smtp", configured_device.endpoints)
    expect(pill(home, "smtp")).to_have_text("Acquired", timeout=GRANT_MS)
    expect(card(home, "smtp").locator("output")).to_be_hidden()
    assert home.evaluate("window.notReloaded") is True


def test_get_token_cancelled_while_waiting_becomes_not_acquired(home):
    start_grant(home, "eprint")

    press(home, "eprint", "Cancel")
    answer(home, "OK")

    expect(pill(home, "eprint")).to_have_text("Not Acquired", timeout=ANSWER_MS)


def test_delete_confirmed_becomes_not_acquired(home, configured_device):
    acquire(home, "ifax", configured_device.endpoints)

    press(home, "ifax", "Delete")
    expect(home.get_by_role("dialog")).to_contain_text("no Internet fax will be received")
    answer(home, "Cancel")
    expect(pill(home, "ifax")).to_have_text("Acquired")
    press(home, "ifax", "Delete")
    answer(home, "OK")

    expect(pill(home, "ifax")).to_have_text("Not Acquired", timeout=ANSWER_MS)
    expect(card(home, "ifax").get_by_role("button", name="Get Token")).to_be_visible()


def test_form_bad_values_are_kept_with_the_reason_beside_each_field(home):
    form = open_form(home, "smtp")
    form.get_by_label("Port Number").fill("99999")
    form.get_by_label("Timeout").fill("soon")
    form.get_by_role("button", name="Save").click()

    port, timeout = form.get_by_label("Port Number"), form.get_by_label("Timeout")
    expect(port).to_have_attribute("aria-invalid", "true", timeout=ANSWER_MS)
    expect(port).to_have_accessible_description("From 1 to 65535.")
    expect(port).to_have_value("99999")
    expect(port).to_be_focused()
    expect(timeout).to_have_attribute("aria-invalid", "true")
    expect(timeout).to_have_value("soon")


def test_form_changed_and_saved_is_there_after_reload(home):
    form = open_form(home, "smtp")
    form.get_by_label("Sender Name").fill("Σαρωτής 2ου <b>ορόφου</b>")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_text("Saved.")).to_be_visible(timeout=ANSWER_MS)

    home.reload()
    form = open_form(home, "smtp")
    expect(form.get_by_label("Sender Name")).to_have_value("Σαρωτής 2ου <b>ορόφου</b>")


def test_session_ended_asks_for_the_password_and_keeps_what_was_typed(home, configured_device):
    form = open_form(home, "smtp")
    form.get_by_label("Sender Name").fill("half a na")
    home.context.clear_cookies()

    expect(home.get_by_text("The session has ended.")).to_be_visible(timeout=ANSWER_MS)
    expect(form).to_be_hidden()
    sign_in(home, configured_device.password)

    expect(form.get_by_label("Sender Name")).to_have_value("half a na")
