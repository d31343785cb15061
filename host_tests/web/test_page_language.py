"""The languages of the page: which one is spoken, and a walk in Greek with the manual's words."""

import re

from playwright.sync_api import expect
from web.page_helpers import (
    ANSWER_MS,
    GRANT_MS,
    NARROW,
    SMTP_SCREENS,
    answer,
    card,
    home_pill,
    open_page,
    page_words,
    pill,
    show,
    sign_in,
)

from device import free_port
from sandbox.approve import approve


def test_token_in_greek_is_got_on_one_smtp_screen_and_is_there_on_all(
    browser, configured_device, client
):
    words = page_words("el")
    endpoints = configured_device.endpoints
    with open_page(browser, configured_device.url, "el", viewport=NARROW) as page:
        sign_in(page, configured_device.password, "el")
        screen = show(page, "initial-quick")
        screen.get_by_role("button", name="Λήψη διακριτικού", exact=True).click()
        answer(page, words["action.ok"])
        expect(pill(page, "smtp")).to_have_text("Αναμονή για πιστοποίηση", timeout=ANSWER_MS)
        shown = client.token("smtp")
        account = (endpoints["account"], endpoints["account_password"], endpoints["ca_pem"])
        approve(shown["verification_uri_complete"], *account)
        expect(pill(page, "smtp")).to_have_text("Ανακτήθηκε", timeout=GRANT_MS)

        for other in SMTP_SCREENS:
            show(page, other)
            expect(pill(page, "smtp")).to_have_text("Ανακτήθηκε")
        screen.get_by_role("button", name="Διαγραφή", exact=True).click()
        expect(page.get_by_role("dialog")).to_contain_text(words["setting.stops.smtp"])
        answer(page, words["action.ok"])

        expect(pill(page, "smtp")).to_have_text("Δεν ανακτήθηκε", timeout=ANSWER_MS)
        show(page, "home")
        expect(home_pill(page, "smtp")).to_have_text("Δεν ανακτήθηκε", timeout=ANSWER_MS)


def test_language_of_the_browser_comes_first_and_the_selector_last(browser, configured_device):
    with open_page(browser, configured_device.url, "el") as page:
        sign_in(page, configured_device.password, "el")
        show(page, "device")
        expect(page.locator("html")).to_have_attribute("lang", "el")
        page.get_by_label("Γλώσσα", exact=True).select_option("English")

        expect(page.get_by_role("heading", name="Device settings")).to_be_visible(timeout=ANSWER_MS)
        expect(page.locator("html")).to_have_attribute("lang", "en")
        with page.expect_request("**/api/settings") as asked:
            page.reload()
        assert asked.value.headers["accept-language"] == "en"
        expect(page.get_by_role("heading", name="Device settings")).to_be_visible(timeout=ANSWER_MS)


def test_language_changed_asks_before_what_was_typed_is_lost(home):
    field = card(home, "estatus").get_by_label("Check Interval")
    field.fill("7")
    tongue = home.get_by_label("Language", exact=True)
    tongue.select_option("Ελληνικά")
    answer(home, "Back")
    expect(tongue).to_have_value("en")
    expect(field).to_have_value("7")

    tongue.select_option("Ελληνικά")
    answer(home, "OK")
    expect(home.get_by_role("heading", name="Κατάσταση μέσω e-mail")).to_be_visible(
        timeout=ANSWER_MS
    )


def test_language_that_is_not_complete_borrows_english_words(home):
    show(home, "network-smtp")
    with home.expect_request(lambda request: request.headers["accept-language"] == "de, en"):
        home.get_by_label("Language", exact=True).select_option("Deutsch")
    expect(home.get_by_role("button", name="Token abrufen")).to_be_visible(timeout=ANSWER_MS)
    expect(home.get_by_label("Secondary Server")).to_be_visible()


def test_causes_come_in_the_language_of_the_page(browser, configured_device, client):
    client.put_setting("estatus", auth_method="none", port=free_port())
    with open_page(browser, configured_device.url, "el") as page:
        sign_in(page, configured_device.password, "el")
        screen = card(page, "estatus")
        with page.expect_response("**/api/settings/estatus/test") as tested:
            screen.get_by_role("button", name=page_words("el")["test.start"]).click()
        said = tested.value.json()["message"]
        expect(screen.locator(".message.bad p").nth(1)).to_have_text(said, timeout=ANSWER_MS)
    assert re.search("[Ͱ-Ͽ]", said)
