"""The three ways to a token on the administrator's page, and the form that chooses among them."""

import pytest
from playwright.sync_api import expect
from web.page_helpers import (
    ANSWER_MS,
    answer,
    card,
    choose,
    device_words,
    open_form,
    open_page,
    pill,
    press,
    save,
    sign_in,
    sign_in_by_redirect,
)

BY_CODE = "Code on another device"
BY_REDIRECT = "Sign-in in this browser (redirect)"
AS_APPLICATION = "As an application (secret)"
PASTED = "Paste the address here"
FOREIGN = "http://127.0.0.1:8765/?code=abc&state=another"


@pytest.fixture
def home(browser, configured_device):
    client = configured_device.client()
    for setting in ("smtp", "ifax", "estatus"):
        client.put_setting(setting, grant="device_code", client_secret="")
    with open_page(browser, configured_device.url) as page:
        sign_in(page, configured_device.password)
        yield page


def begin_redirect(page, setting, endpoints):
    """Choose the redirect in the form and press [Get Token]."""
    form = open_form(page, setting)
    choose(page, setting, "Way to sign in", BY_REDIRECT)
    endpoint = form.get_by_label("Authorization endpoint", exact=True)
    endpoint.fill(endpoints["authorization_endpoint"])
    save(page, setting)
    press(page, setting, "Get Token")
    expect(page.get_by_role("dialog")).to_contain_text("in this browser")
    answer(page, "OK")
    expect(pill(page, setting)).to_have_text("Awaiting Authentication", timeout=ANSWER_MS)


def test_redirect_wrong_paste_is_told_and_the_right_one_becomes_acquired(home, configured_device):
    begin_redirect(home, "smtp", configured_device.endpoints)
    shown = card(home, "smtp")
    link = shown.get_by_role("link", name="Open sign-in page")
    expect(link).to_have_attribute("rel", "noopener")
    expect(shown.get_by_role("button", name="Finish")).to_have_class("main")
    address = sign_in_by_redirect(home, "smtp", configured_device.endpoints)
    field = shown.get_by_label(PASTED)

    field.fill(FOREIGN)
    press(home, "smtp", "Finish")
    expect(field).to_have_attribute("aria-invalid", "true", timeout=ANSWER_MS)
    expect(field).to_have_accessible_description(
        " ".join(["or only the code from it", *device_words("redirect_state")])
    )
    expect(shown).to_contain_text("In detail: This address belongs to another sign-in.")
    expect(field).to_have_value(FOREIGN)
    expect(field).to_be_focused()
    field.fill(address)
    field.press("Enter")

    expect(pill(home, "smtp")).to_have_text("Acquired", timeout=ANSWER_MS)
    expect(field).to_be_hidden()


def test_redirect_by_keyboard_leads_from_the_link_to_the_field_to_finish(home, configured_device):
    begin_redirect(home, "smtp", configured_device.endpoints)
    shown = card(home, "smtp")

    expect(shown.get_by_role("link", name="Open sign-in page")).to_be_focused()
    home.keyboard.press("Tab")
    expect(shown.get_by_label(PASTED)).to_be_focused()
    home.keyboard.press("Tab")
    expect(shown.get_by_role("button", name="Finish")).to_be_focused()
    home.keyboard.press("Enter")
    expect(shown.get_by_text(device_words("redirect_empty")[0]).first).to_be_visible()
    expect(shown.get_by_label(PASTED)).to_be_focused()


def test_redirect_typed_text_survives_the_polls_and_goes_with_the_sign_in(home, configured_device):
    begin_redirect(home, "ifax", configured_device.endpoints)
    field = card(home, "ifax").get_by_label(PASTED)
    field.press_sequentially("half an addr")

    for _ in range(2):
        with home.expect_response("**/api/tokens/ifax"):
            pass
    expect(field).to_have_value("half an addr")
    expect(field).to_be_focused()
    press(home, "ifax", "Cancel")
    answer(home, "OK")
    expect(pill(home, "ifax")).to_have_text("Not Acquired", timeout=ANSWER_MS)
    press(home, "ifax", "Get Token")
    answer(home, "OK")
    expect(field).to_be_visible(timeout=ANSWER_MS)
    expect(field).to_have_value("")


def test_redirect_denied_at_the_provider_is_told_by_the_state(home, configured_device):
    begin_redirect(home, "ifax", configured_device.endpoints)
    address = sign_in_by_redirect(home, "ifax", configured_device.endpoints)
    denied = address.split("?")[0] + "?error=access_denied&state=" + address.split("state=")[1]

    card(home, "ifax").get_by_label(PASTED).fill(denied)
    press(home, "ifax", "Finish")

    expect(pill(home, "ifax")).to_have_text("Not Acquired", timeout=ANSWER_MS)
    expect(card(home, "ifax")).to_contain_text("access_denied")


def test_application_gets_its_token_at_once(home, configured_device):
    form = open_form(home, "smtp")
    choose(home, "smtp", "Way to sign in", AS_APPLICATION)
    expect(form.get_by_label("Device authorization endpoint")).to_be_hidden()
    form.get_by_label("Client ID").fill(configured_device.endpoints["app_client_id"])
    secret = configured_device.endpoints["app_client_secret"]
    form.get_by_label("Client secret", exact=True).fill(secret)
    form.get_by_label("Scope").fill("mail.send")
    save(home, "smtp")
    press(home, "smtp", "Get Token")
    expect(home.get_by_role("dialog")).to_contain_text("Nobody needs to sign in")
    answer(home, "OK")

    expect(pill(home, "smtp")).to_have_text("Acquired", timeout=ANSWER_MS)


def test_form_google_chooses_the_redirect_and_others_get_the_former_choice_back(home):
    form = open_form(home, "estatus")
    way = form.get_by_label("Way to sign in")

    choose(home, "estatus", "Provider", "Google")
    expect(way).to_have_value("authorization_code")
    expect(way).to_have_accessible_description(
        "Google gives access to mail only with the sign-in in this browser, not with the code."
    )
    choose(home, "estatus", "Provider", "Custom")
    expect(way).to_have_value("device_code")


@pytest.mark.parametrize(
    ("way", "endpoint"),
    [
        (BY_CODE, "Device authorization endpoint"),
        (BY_REDIRECT, "Authorization endpoint"),
        (AS_APPLICATION, None),
    ],
)
def test_form_custom_provider_shows_only_the_endpoints_of_the_way(home, way, endpoint):
    form = open_form(home, "estatus")

    choose(home, "estatus", "Way to sign in", way)

    for label in ("Device authorization endpoint", "Authorization endpoint"):
        expect(form.get_by_label(label, exact=True)).to_be_visible(visible=label == endpoint)
    expect(form.get_by_label("Token endpoint")).to_be_visible()
    expect(form.get_by_label("Client secret", exact=True)).to_be_visible()


def test_form_stored_secret_removed_is_gone_after_reload(home):
    form = open_form(home, "estatus")
    removal = form.get_by_role("checkbox", name="Remove stored secret")
    secret = form.get_by_label("Client secret", exact=True)
    expect(removal).to_be_hidden()
    secret.fill("s3cret")
    save(home, "estatus")
    expect(secret).to_have_value("")
    expect(secret).to_have_accessible_description("stored; leave empty to keep it")

    removal.check()
    expect(secret).to_be_disabled()
    save(home, "estatus")
    expect(removal).to_be_hidden()
    expect(secret).to_be_enabled()
    home.reload()

    open_form(home, "estatus")
    expect(secret).to_be_visible()
    expect(removal).to_be_hidden()
