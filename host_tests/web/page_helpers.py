"""Starts Chromium and walks through the administrator's page as a person does."""

import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from devices import enter_settings
from playwright.sync_api import expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Nothing but this machine can be reached, whatever a page may name.
ARGUMENTS = [
    "--no-sandbox",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
ANSWER_MS = 15000
# The device asks the provider at its interval (5 s and more), the page asks the device.
GRANT_MS = 45000
FIRMWARE = Path(__file__).resolve().parents[2] / "firmware" / "mfpmail"
ENGLISH = FIRMWARE / "locale" / "en.txt"
STATIC = FIRMWARE / "web" / "static"
NARROW, WIDE = {"width": 320, "height": 700}, {"width": 1440, "height": 900}
LOCALES = {"en": "en-GB", "el": "el-GR"}  # of the browser
# Where each setting is found; four screens show the first.
SCREENS = {
    "smtp": "network-smtp",
    "smtp2": "network-smtp2",
    "ifax": "fax-server",
    "eprint": "printer-email",
    "estatus": "alert-status",
}
SMTP_SCREENS = ("network-smtp", "network-quick", "alert-smtp", "initial-quick")
OTHER_SCREENS = ("home", "jobs", "inbox", "send", "device", "log")
ALL_SCREENS = tuple(dict.fromkeys([*SMTP_SCREENS, *SCREENS.values(), *OTHER_SCREENS]))


def chromium_path():
    """Return Chromium's path. Without one the test fails under CI and is skipped elsewhere."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        missing = "Chromium is not installed (looked for %s)" % ", ".join(NAMES)
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return path


# As a setting is that nobody has entered.
UNENTERED = {
    "server": "",
    "account": "",
    "client_id": "",
    "client_secret": "",
    "client_secret_ends_on": "",
    "issuer": "",
    "provider": "microsoft",
    "grant": "device_code",
    "auth_method": "oauth2",
    "revocation_endpoint": "",
}


def device_words(topic):
    """Return what the device says of a topic in English, `[what it means, what to do]`."""
    rows = [line.split("\t") for line in ENGLISH.read_text(encoding="utf-8").splitlines()]
    return next(row[1:] for row in rows if row[0] == topic)


def page_words(language):
    """Return the words of the page in a language, `{key: word}`."""
    path = STATIC / ("lang-%s.json" % language)
    content = json.loads(path.read_text(encoding="utf-8"))
    return {**content["manual"], **content["own"]}


@contextmanager
def open_browser():
    """Yield a Chromium without a window."""
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def open_page(browser, url, language="en", init_script="", **options):
    """Yield a page at `url`, with cookies of its own; an uncaught error of its scripts fails.

    `init_script` runs before the page's own scripts; `options` are those of a browser's context.
    """
    # The provider's certificate comes from a CA that only the device knows.
    context = browser.new_context(ignore_https_errors=True, locale=LOCALES[language], **options)
    context.set_default_timeout(ANSWER_MS)
    context.add_init_script(init_script)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    page.goto(url)
    yield page
    context.close()
    assert errors == []


def sign_in(page, password, language="en"):
    """Sign in and wait until the states are there."""
    words = page_words(language)
    page.get_by_label(words["sign_in.password"]).fill(password)
    page.get_by_role("button", name=words["sign_in.start"], exact=True).click()
    expect(page.locator("main .pill").first).not_to_be_empty(timeout=ANSWER_MS)


def show(page, screen):
    """Go to a screen, unless it is there; return what belongs to it."""
    expect(page.get_by_role("main")).to_be_visible(timeout=ANSWER_MS)  # signed in
    if not page.url.endswith("#/" + screen):
        page.evaluate("screen => { location.hash = '#/' + screen; }", screen)
        expect(page.locator("#main h1")).to_be_focused()
    return page.locator("#screen")


def home_pill(page, setting):
    """Return the word that tells the state of a setting's token on the first screen."""
    return page.locator(f"[data-token={setting}] .pill")


def card(page, setting):
    """Go to the screen of a setting, unless it is there; return what belongs to the setting."""
    if not page.url.endswith(tuple("#/" + screen for screen in screens_of(setting))):
        show(page, SCREENS[setting])
    return page.locator(f"[data-setting={setting}]")


def screens_of(setting):
    """Return the screens that show a setting."""
    return SMTP_SCREENS if setting == "smtp" else (SCREENS[setting],)


def pill(page, setting):
    """Return the word that tells the state of a setting's token."""
    return card(page, setting).locator(".token .pill")


def press(page, setting, name):
    """Press a button of a setting's screen."""
    card(page, setting).get_by_role("button", name=name, exact=True).click()


def answer(page, name):
    """Press a button of the dialog that is open."""
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


def start_grant(page, setting):
    """Press [Get Token] and [OK]; return the code that is shown."""
    press(page, setting, "Get Token")
    answer(page, "OK")
    code = card(page, setting).locator("output")
    expect(code).not_to_be_empty(timeout=ANSWER_MS)
    return code.inner_text()


def approve(page, setting, endpoints):
    """Follow the link into a second page and approve there with the sandbox's account."""
    with page.expect_popup() as opened:
        card(page, setting).get_by_role("link", name="Open sign-in page").click()
    provider = opened.value
    sign_in_at_provider(provider, endpoints)
    button = provider.get_by_role("button", name="Approve", exact=True)
    button.click()
    expect(button).to_have_count(0)
    provider.close()


def sign_in_at_provider(provider, endpoints):
    """Sign in, unless the provider remembers who signed in before."""
    provider.wait_for_load_state()
    if provider.locator("[name=username]").count():
        provider.locator("[name=username]").fill(endpoints["account"])
        provider.locator("[name=password]").fill(endpoints["account_password"])
        provider.locator("[name=password]").press("Enter")


def acquire(page, setting, endpoints):
    """Bring a setting's token from Not Acquired to Acquired."""
    start_grant(page, setting)
    approve(page, setting, endpoints)
    expect(pill(page, setting)).to_have_text("Acquired", timeout=GRANT_MS)


def open_form(page, setting):
    """Return what belongs to a setting, once its form is filled in."""
    form = card(page, setting)
    expect(form.get_by_label("Port Number")).not_to_have_value("", timeout=ANSWER_MS)
    return form


def choose(page, setting, label, option):
    """Choose an option of a form's select by the word that is shown."""
    card(page, setting).get_by_label(label, exact=True).select_option(label=option)


def save(page, setting):
    """Save the form of a card and wait until the device has taken it."""
    press(page, setting, "Save")
    expect(card(page, setting).get_by_text("Saved.")).to_be_visible(timeout=ANSWER_MS)


def sign_in_by_redirect(page, setting, endpoints):
    """Sign in on the page that [Open sign-in page] opens; return where that browser ends."""
    with page.expect_popup() as opened:
        card(page, setting).get_by_role("link", name="Open sign-in page").click()
    provider = opened.value
    sign_in_at_provider(provider, endpoints)
    # Nobody serves that address: the browser shows an error page, its address bar the address.
    with provider.expect_request("http://127.0.0.1:8765/**") as ended:
        provider.get_by_role("button", name="Approve", exact=True).click()
    provider.close()
    return ended.value.url


def entered_client(device):
    """Return a client of the device as it was before other tests: no alternative account is
    entered, the other settings are."""
    client = device.client()
    client.call("DELETE", "/api/tokens/smtp2")
    client.put_setting("smtp2", **UNENTERED, port=587, security="starttls")
    for setting in ("smtp", "ifax", "estatus"):
        client.put_setting(setting, **UNENTERED)
    enter_settings(client, device.endpoints)
    return client
