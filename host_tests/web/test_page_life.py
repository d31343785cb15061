"""The administrator's page: how a token lives and ends."""

import json
import time
from contextlib import ExitStack

import pytest
from devices import get_token
from playwright.sync_api import expect
from web.page_helpers import (
    ANSWER_MS,
    acquire,
    answer,
    card,
    device_words,
    open_form,
    open_page,
    pill,
    press,
    save,
    sign_in,
)

from device import free_port
from sandbox.accounts import PASSWORDS
from sandbox.approve import approve

OTHER = "bob@sandbox.test"
ENDS_TOO = "Also end it at the provider"
DAY_S = 86400
END_OF_JANUARY_2027 = 1801440000
AS_SHOWN = """day => new Date(day).toLocaleDateString("en-GB",
    {dateStyle: "medium", timeZone: "UTC"})"""


@pytest.fixture
def open_home(browser, configured_device, client):
    """A function that opens the page and signs in."""
    with ExitStack() as opened:

        def open_one(prepare=lambda page: None):
            page = opened.enter_context(open_page(browser, configured_device.url))
            opened.callback(page.unroute_all, behavior="ignoreErrors")
            prepare(page)
            sign_in(page, configured_device.password)
            return page

        yield open_one


@pytest.fixture
def home(open_home):
    return open_home()


def changed(change):
    """Return what lets a page see a JSON answer of the device after `change(answer)`."""

    def handle(route):
        answered = route.fetch()
        content = answered.json()
        change(content)
        route.fulfill(response=answered, body=json.dumps(content))

    return handle


def test_issuer_alone_gets_a_token_that_can_be_ended_at_the_provider(
    home, client, configured_device
):
    no_endpoints = {"device_authorization_endpoint": "", "token_endpoint": ""}
    client.put_setting("estatus", **no_endpoints)
    home.reload()
    form = open_form(home, "estatus")
    form.get_by_label("Issuer").fill(configured_device.endpoints["issuer"])
    save(home, "estatus")
    expect(form.get_by_label("Token endpoint")).to_be_hidden()

    acquire(home, "estatus", configured_device.endpoints)

    form.get_by_text("Endpoints", exact=True).click()
    for label, name in (("Token endpoint", "token"), ("Revocation endpoint", "revocation")):
        found = configured_device.endpoints[name + "_endpoint"]
        expect(form.get_by_label(label)).to_have_value(found)
    press(home, "estatus", "Delete")
    home.get_by_label(ENDS_TOO).check()
    with home.expect_response("**/api/tokens/estatus/revoke") as deleted:
        answer(home, "OK")
    assert deleted.value.json()["revocation"]["reason"] == ""
    expect(pill(home, "estatus")).to_have_text("Not Acquired", timeout=ANSWER_MS)
    expect(form).to_contain_text("The provider has ended the token, too.")


def test_delete_without_revocation_endpoint_offers_no_end_at_the_provider(
    home, client, configured_device
):
    get_token(client, configured_device.endpoints, "ifax")
    expect(pill(home, "ifax")).to_have_text("Acquired", timeout=ANSWER_MS)

    press(home, "ifax", "Delete")
    expect(home.get_by_role("dialog")).to_be_visible()
    expect(home.get_by_role("dialog").get_by_role("checkbox")).to_be_hidden()
    with home.expect_request(lambda request: request.method == "DELETE") as deleted:
        answer(home, "OK")

    assert deleted.value.url.endswith("/api/tokens/ifax")


def test_delete_refused_by_the_provider_is_told_and_the_token_is_gone(
    open_home, client, configured_device
):
    nowhere = configured_device.endpoints["issuer"] + "/nowhere"
    client.put_setting("ifax", revocation_endpoint=nowhere)
    get_token(client, configured_device.endpoints, "ifax")
    home = open_home()

    press(home, "ifax", "Delete")
    option = home.get_by_label(ENDS_TOO)
    expect(option).not_to_be_checked()
    option.press("Space")
    option.press("Enter")
    expect(home.get_by_role("dialog")).to_be_visible()
    with home.expect_response("**/api/tokens/ifax/revoke") as deleted:
        answer(home, "OK")

    revocation = deleted.value.json()["revocation"]
    assert revocation["reason"]
    expect(pill(home, "ifax")).to_have_text("Not Acquired", timeout=ANSWER_MS)
    expect(card(home, "ifax")).to_contain_text("The token is deleted here, but")
    expect(card(home, "ifax")).to_contain_text(revocation["message"])
    expect(card(home, "ifax")).to_contain_text(revocation["detail"])


def test_delete_at_google_says_that_all_grants_end(open_home, client, configured_device):
    get_token(client, configured_device.endpoints, "ifax")
    to_google = changed(lambda settings: settings["ifax"].update(provider="google"))
    home = open_home(lambda page: page.route("**/api/settings", to_google))

    press(home, "ifax", "Delete")

    expect(home.get_by_label(ENDS_TOO)).not_to_be_checked()
    expect(home.get_by_role("dialog")).to_contain_text(
        "ends ALL grants of this application for alice@sandbox.test"
    )
    answer(home, "Cancel")


def test_token_of_another_account_than_the_one_entered_is_warned_of(
    open_home, client, configured_device
):
    endpoints = configured_device.endpoints
    client.put_setting("smtp", scope="mail.send offline_access openid email")
    uri = client.call("POST", "/api/tokens/smtp/get")["verification_uri_complete"]
    approve(uri, OTHER, PASSWORDS[OTHER], endpoints["ca_pem"])
    client.wait_for_state("smtp", "ACQUIRED")

    shown = card(open_home(), "smtp")

    warning = shown.locator(".warn:visible")
    expect(warning).to_contain_text(f"belongs to {OTHER}, not to {endpoints['account']}.")
    expect(warning).to_contain_text(f"sign in as {endpoints['account']}")


def test_token_tells_when_it_was_renewed_used_and_accepted(open_home, client, configured_device):
    get_token(client, configured_device.endpoints, "smtp")
    home = open_home()
    shown = card(home, "smtp")
    expect(shown).to_contain_text("renewed ")
    expect(shown).not_to_contain_text("accepted by the mail server")

    press(home, "smtp", "Test connection")

    expect(shown).to_contain_text("The connection works.", timeout=ANSWER_MS)
    expect(shown).to_contain_text("last used ", timeout=ANSWER_MS)
    expect(shown).to_contain_text("accepted by the mail server ")
    expect(shown.locator(".warn:visible")).to_have_count(0)


def test_failed_test_says_what_it_means_what_to_do_and_what_was_answered(open_home, client):
    client.put_setting("estatus", auth_method="none", port=free_port())
    home = open_home()
    shown = card(home, "estatus")

    with home.expect_response("**/api/settings/estatus/test") as tested:
        press(home, "estatus", "Test connection")

    said = tested.value.json()
    lines = shown.locator(".message.bad p")
    detail = "In detail: " + " · ".join(said[n] for n in ("step", "result", "reason", "detail"))
    expect(lines).to_have_text(
        ["The connection test failed.", *device_words(said["reason"]), detail]
    )


def test_secret_that_ends_soon_is_warned_of(open_home, client, configured_device):
    endpoints = configured_device.endpoints
    last_day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 3 * DAY_S))
    client.put_setting(
        "smtp",
        grant="client_credentials",
        client_id=endpoints["app_client_id"],
        client_secret=endpoints["app_client_secret"],
        client_secret_ends_on=last_day,
        scope="mail.send",
    )
    client.call("POST", "/api/tokens/smtp/get")

    home = open_home()

    day = home.evaluate(AS_SHOWN, last_day)
    shown = card(home, "smtp")
    expect(shown.locator(".warn:visible")).to_have_text(
        f"The client secret ends on {day}: within 7 days.", timeout=ANSWER_MS
    )
    expect(shown).to_contain_text("Enter a new client secret")
    expect(shown).to_contain_text(f"ends on {day} with the client secret")


def test_token_that_ends_soon_is_warned_of_at_home_and_on_its_screen_alone(
    open_home, client, configured_device
):
    get_token(client, configured_device.endpoints, "ifax")
    soon = {"setting": "ifax", "topic": "token_dies", "dies_at": END_OF_JANUARY_2027, "days": 1}
    status = changed(lambda status: status.update(warnings=[soon]))
    sentence = "This token ends on 31 Jan 2027: within one day."

    home = open_home(lambda page: page.route("**/api/status", status))

    warnings = home.get_by_role("list", name="Warnings")
    expect(warnings.get_by_role("listitem")).to_have_text(
        ["Internet Fax: " + sentence], timeout=ANSWER_MS
    )
    warnings.get_by_role("link").click()
    expect(home.locator(".warn:visible")).to_have_text([sentence], timeout=ANSWER_MS)
    expect(card(home, "ifax")).to_contain_text("Delete the token before that day")
    expect(pill(home, "smtp")).not_to_be_empty(timeout=ANSWER_MS)
    expect(home.locator(".warn:visible")).to_have_count(0)


def test_mail_through_the_alternative_account_is_told_on_both_screens_and_at_home(open_home):
    sending = {"through": "smtp2", "since": 1795477008}
    status = changed(lambda status: status.update(sending=sending))

    home = open_home(lambda page: page.route("**/api/status", status))

    told = "Mail goes through the alternative account since"
    expect(home.get_by_role("list", name="Warnings")).to_contain_text(told, timeout=ANSWER_MS)
    expect(card(home, "smtp").locator(".warn:visible")).to_contain_text(told, timeout=ANSWER_MS)
    expect(card(home, "smtp2")).to_contain_text("In use since", timeout=ANSWER_MS)


def test_calls_ask_for_answers_in_the_language_of_the_page(home):
    with home.expect_request("**/api/tokens") as asked:
        pass

    assert asked.value.headers["accept-language"] == "en"
