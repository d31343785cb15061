"""The screens of the page: the manual's menu, walked in Greek and in English, narrow and wide."""

import re
import zlib
from pathlib import Path

import pytest
from devices import get_token
from playwright.sync_api import expect
from web.axe_helpers import axe_script, violations
from web.page_helpers import (
    ALL_SCREENS,
    ANSWER_MS,
    NARROW,
    SMTP_SCREENS,
    WIDE,
    card,
    choose,
    open_page,
    page_words,
    save,
    show,
    sign_in,
)

PICTURES = Path(__file__).resolve().parents[2] / "build" / "pages"  # of every screen
SETTING_PATHS = {
    "network-smtp": ("network", "service", "smtp"),
    "network-quick": ("network", "quick"),
    "alert-smtp": ("control", "alert", "smtp_settings"),
    "alert-status": ("control", "alert", "email_status"),
    "initial-quick": ("initial", "network_quick"),
    "fax-server": ("image_send", "fax", "server"),
    "printer-email": ("printer", "email_print"),
}
RAW_KEY = re.compile(
    r"\b(menu|token|state|form|field|hint|choice|home|job|inbox|life|grant|setting)\.\w|[{}]"
)
TEXT = "Γεια σας\nsecond line\n"


def png_picture():
    """Return a grey picture of 8 x 8 pixels as a PNG file (RFC 2083)."""

    def chunk(kind, data):
        checked = kind + data
        return b"%b%b%b" % (
            len(data).to_bytes(4, "big"),
            checked,
            zlib.crc32(checked).to_bytes(4, "big"),
        )

    size = (8).to_bytes(4, "big")
    header = chunk(b"IHDR", size + size + bytes([8, 0, 0, 0, 0]))
    rows = chunk(b"IDAT", zlib.compress(b"\0\x55\x55\x55\x55\x55\x55\x55\x55" * 8))
    return b"\x89PNG\r\n\x1a\n" + header + rows + chunk(b"IEND", b"")


@pytest.fixture
def full_device(configured_device, client):
    """The device with something on every screen: tokens, a code, a picture and a text received,
    a job that waits, a warning."""
    device = configured_device
    for setting in ("smtp", "eprint"):
        get_token(client, device.endpoints, setting)
    files = [
        ("picture.png", png_picture(), "image/png"),
        ("notes.txt", TEXT.encode(), "text/plain"),
    ]
    client.wait_for_job(client.send(device.endpoints["account"], "Two files", "Hi.\n", files)["id"])
    client.call("POST", "/api/receive/eprint")
    client.call("DELETE", "/api/tokens/smtp")
    client.send(device.endpoints["account"], "Waits", "Later.\n")
    client.call("POST", "/api/tokens/ifax/get")
    yield device
    for job in client.call("GET", "/api/jobs")["items"]:
        client.call("DELETE", "/api/jobs/" + job["id"])


def open_all(page):
    """Unfold and show what a screen has folded away; return when it is filled in."""
    expect(page.locator("#screen > *")).to_be_visible(timeout=ANSWER_MS)
    page.wait_for_load_state("networkidle")
    for summary in page.locator("#screen details:not([open]) > summary").all():
        if summary.is_visible():
            summary.click()
    for button in page.locator("#screen").get_by_role("button", expanded=False).all()[::-1]:
        button.click()  # those before it keep their place
        expect(page.locator("#screen [aria-busy]")).to_have_count(0)


def is_too_wide(page):
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("el", "dark")])
def test_every_screen_is_whole_narrow_and_wide_and_nothing_shuts_people_out(
    browser, full_device, language, scheme, record_property
):
    words = page_words(language)
    shown = {"viewport": WIDE, "color_scheme": scheme}
    with open_page(browser, full_device.url, language, init_script=axe_script(), **shown) as page:
        assert violations(page) == []
        sign_in(page, full_device.password, language)
        for screen in ALL_SCREENS:
            show(page, screen)
            open_all(page)
            if screen in SETTING_PATHS:
                path = [words["menu." + n] for n in ("admin", "system", *SETTING_PATHS[screen])]
                expect(page.locator("#path")).to_have_text(" › ".join(path))
                expect(page.get_by_role("heading", level=1)).to_have_text(path[-1])
                expect(page.locator("#screen")).to_contain_text(words["token.title"])
            assert not RAW_KEY.search(page.locator("body").inner_text()), screen
            for size in (WIDE, NARROW):
                page.set_viewport_size(size)
                assert not is_too_wide(page), screen
                name = "%s-%s-%d.png" % (screen, language, size["width"])
                page.screenshot(path=PICTURES / name, full_page=True)
                assert violations(page) == [], screen
            page.set_viewport_size(WIDE)
    figure = "axe-core: %d screens in %s, narrow and wide, %s: nothing serious"
    record_property("figure", figure % (len(ALL_SCREENS), language, scheme))


def test_menu_names_every_screen_once_and_leads_there(home):
    menu = home.get_by_role("navigation", name="Menu")
    links = menu.get_by_role("link")
    addresses = [link.get_attribute("href") for link in links.all()]
    assert sorted(addresses) == sorted("#/" + screen for screen in ALL_SCREENS)

    for link in links.all():
        link.click()
        expect(link).to_have_attribute("aria-current", "page")
        expect(menu.locator("[aria-current]")).to_have_count(1)
        expect(home.locator("#main h1")).to_be_focused()
        assert link.inner_text().endswith(home.locator("#main h1").inner_text())


def test_menu_on_a_telephone_is_walked_by_keyboard_and_folds_itself(home):
    home.set_viewport_size(NARROW)
    home.locator("header a").focus()
    link = home.get_by_role("link", name="Jobs", exact=True)
    expect(link).to_be_hidden()

    summary = home.get_by_text("Menu", exact=True)
    for _ in range(5):
        home.keyboard.press("Tab")
        if summary.evaluate("node => node === document.activeElement"):
            break
    home.keyboard.press("Enter")
    for _ in ALL_SCREENS:
        home.keyboard.press("Tab")
        if link.evaluate("node => node === document.activeElement"):
            break
    home.keyboard.press("Enter")

    expect(home.get_by_role("heading", level=1, name="Jobs")).to_be_focused()
    expect(link).to_be_hidden()


def test_skip_button_leads_past_the_menu(home):
    home.get_by_role("button", name="Sign out").focus()
    home.keyboard.press("Tab")
    expect(home.get_by_role("button", name="Skip the menu")).to_be_focused()
    home.keyboard.press("Enter")
    expect(home.locator("#main h1")).to_be_focused()


def test_unknown_address_shows_home(browser, configured_device):
    with open_page(browser, configured_device.url + "/#/constructor") as page:
        sign_in(page, configured_device.password)
        expect(page.get_by_role("heading", level=1)).to_have_text("Home")


def test_setting_changed_on_one_smtp_screen_is_changed_on_all(home, client):
    form = show(home, "alert-smtp")
    form.get_by_label("Sender Name").fill("Second floor")
    show(home, "network-quick")
    expect(form.get_by_label("Sender Name")).to_have_value("Second floor")  # not saved yet
    save(home, "smtp")

    for screen in SMTP_SCREENS:
        expect(show(home, screen).get_by_label("Sender Name")).to_have_value("Second floor")
    assert client.call("GET", "/api/settings/smtp")["sender_name"] == "Second floor"


def test_typed_text_survives_a_walk_through_other_screens(home):
    card(home, "estatus").get_by_label("Check Interval").fill("7")
    show(home, "log")
    show(home, "home")

    expect(card(home, "estatus").get_by_label("Check Interval")).to_have_value("7")


def test_job_without_a_token_waits_in_the_queue_and_on_the_smtp_screen(home, full_device, client):
    queue = show(home, "home").get_by_role("region", name="Queue")
    row = queue.get_by_role("listitem").filter(has_text="Waits")
    expect(row).to_contain_text("Held", timeout=ANSWER_MS)
    expect(row.get_by_role("progressbar")).to_be_visible()
    expect(card(home, "smtp")).to_contain_text("One job waits for the token.", timeout=ANSWER_MS)

    get_token(client, full_device.endpoints, "smtp")

    show(home, "jobs")
    job = home.get_by_role("listitem").filter(has_text="Waits")
    expect(job.locator(".pill")).to_have_text("Sent", timeout=ANSWER_MS)
    show(home, "home")
    expect(queue).to_contain_text("Nothing waits to be sent.", timeout=ANSWER_MS)


def test_home_tells_of_receiving_clock_and_memory(home, full_device, client):
    client.put_setting("eprint", check_interval_min=15)
    received = show(home, "home").get_by_role("region", name="Receiving")
    home.reload()
    expect(received).to_contain_text("last check", timeout=ANSWER_MS)
    expect(received).to_contain_text("next check about")
    facts = home.get_by_role("region", name="Device")
    for name in ("Clock", "On for", "Memory", "Storage", "Version"):
        expect(facts.get_by_text(name, exact=True)).to_be_visible()
    expect(facts).to_contain_text(re.compile(r"\d kB used, \d+ kB free"))


def test_inbox_shows_pictures_and_texts(home, full_device):
    inbox = show(home, "inbox")
    picture = inbox.get_by_role("listitem").filter(has_text="picture.png").last
    picture.get_by_role("button", name="Show").click()
    image = picture.get_by_role("img", name="picture.png")
    expect(image).to_be_visible(timeout=ANSWER_MS)
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 8
    text = inbox.get_by_role("listitem").filter(has_text="notes.txt").last
    text.get_by_role("button", name="Show").click()
    expect(text.locator("pre")).to_have_text(TEXT, timeout=ANSWER_MS)

    text.get_by_role("button", name="Hide").click()
    expect(text.locator("pre")).to_have_count(0)


def test_log_shows_the_newest_line_first(home, client):
    client.call("POST", "/api/events", json={"event": "paper_jam", "detail": "tray 2"})
    log = show(home, "log")

    expect(log.get_by_role("region", name="Last alerts")).to_contain_text(
        "Paper jam tray 2", timeout=ANSWER_MS
    )
    first = log.get_by_role("region", name="Last lines").get_by_role("listitem").first
    assert client.call("GET", "/api/status")["log"][-1]["text"] in first.inner_text()


def test_only_the_next_step_is_a_filled_button(home, client):
    filled = home.locator("main").locator("button.main, a.main")
    show(home, "network-smtp")
    expect(filled).to_have_text(["Get Token"], timeout=ANSWER_MS)
    choose(home, "smtp", "Provider", "Google")
    expect(filled).to_have_text(["Save"])
    client.call("POST", "/api/tokens/ifax/get")
    show(home, "fax-server")
    expect(filled).to_have_text(["Open sign-in page"], timeout=ANSWER_MS)


def test_screen_asked_for_while_the_device_is_out_of_reach_comes_once_it_is_back(home):
    home.context.set_offline(True)
    banner = home.get_by_text("The device does not answer.")
    expect(banner).to_be_visible(timeout=ANSWER_MS)
    home.evaluate("location.hash = '#/log'")
    expect(home.get_by_role("heading", level=1)).to_have_text("Log")

    home.context.set_offline(False)

    expect(home.get_by_role("region", name="Last lines")).to_be_visible(timeout=ANSWER_MS)
    expect(banner).to_be_hidden()
