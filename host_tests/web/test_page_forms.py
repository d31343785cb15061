"""The forms of the administrator's page: what the provider brings along, and what somebody
entered."""

from playwright.sync_api import expect
from web.page_helpers import (
    ANSWER_MS,
    answer,
    choose,
    open_form,
    press,
    save,
    show,
)

GMAIL = {
    "server": "smtp.gmail.com",
    "port": 465,
    "security": "tls",
    "grant": "authorization_code",
}


def shows(form, **values):
    """The fields of a form have these values; they are named by their labels' first word."""
    labels = {"server": "Primary Server", "port": "Port Number", "security": "Enable SSL/TLS"}
    for name, value in values.items():
        expect(form.get_by_label(labels[name])).to_have_value(str(value))


def test_form_nobody_filled_in_proposes_the_values_of_the_provider_and_saves_them(home, client):
    form = open_form(home, "smtp2")
    shows(form, server="smtp.office365.com", port=587, security="starttls")
    expect(form.get_by_label("Way to sign in")).to_have_value("device_code")

    choose(home, "smtp2", "Provider", "Google")
    shows(form, server="smtp.gmail.com", port=465, security="tls")
    choose(home, "smtp2", "Provider", "Outlook.com")
    shows(form, server="smtp-mail.outlook.com", port=587, security="starttls")
    choose(home, "smtp2", "Provider", "Custom")
    shows(form, server="", port=587, security="starttls")
    choose(home, "smtp2", "Provider", "Google")
    save(home, "smtp2")

    stored = client.call("GET", "/api/settings/smtp2")
    assert {name: stored[name] for name in GMAIL} == GMAIL


def test_form_proposed_values_are_saved_with_what_was_entered(home, client):
    form = open_form(home, "smtp2")
    form.get_by_label("Account name").fill("scan@example.com")
    save(home, "smtp2")

    stored = client.call("GET", "/api/settings/smtp2")
    assert (stored["server"], stored["account"]) == ("smtp.office365.com", "scan@example.com")


def test_form_preset_never_replaces_what_somebody_entered(home, client):
    form = open_form(home, "smtp2")
    form.get_by_label("Primary Server").fill("relay.example.com")
    form.get_by_label("Port Number").fill("2525")
    choose(home, "smtp2", "Enable SSL/TLS", "STARTTLS")
    choose(home, "smtp2", "Enable SSL/TLS", "SSL/TLS")

    for provider in ("Google", "Outlook.com"):
        choose(home, "smtp2", "Provider", provider)
        shows(form, server="relay.example.com", port=2525, security="tls")
    save(home, "smtp2")

    stored = client.call("GET", "/api/settings/smtp2")
    assert (stored["server"], stored["port"]) == ("relay.example.com", 2525)
    assert (stored["security"], stored["provider"]) == ("tls", "outlook")


def test_form_preset_leaves_a_stored_server_alone(home, configured_device):
    form = open_form(home, "smtp")
    choose(home, "smtp", "Provider", "Google")

    endpoints = configured_device.endpoints
    shows(form, server=endpoints["host"], port=endpoints["smtp_tls_port"])


def test_form_emptied_server_of_an_entered_account_stays_empty(home):
    form = open_form(home, "estatus")
    form.get_by_label("POP3 Server").fill("")
    save(home, "estatus")
    expect(form.get_by_label("POP3 Server")).to_have_value("")
    home.reload()

    open_form(home, "estatus")
    expect(form.get_by_label("POP3 Server")).to_have_value("")


def test_form_asks_for_the_end_of_a_secret_only_where_there_is_one(home):
    form = open_form(home, "estatus")
    ends_on = form.get_by_label("Secret ends on")
    expect(ends_on).to_be_hidden()

    form.get_by_label("Client secret", exact=True).fill("s3cret")
    expect(ends_on).to_have_accessible_description("YYYY-MM-DD; the device warns before")
    ends_on.fill("31.1.2027")
    press(home, "estatus", "Save")
    expect(ends_on).to_have_attribute("aria-invalid", "true", timeout=ANSWER_MS)
    ends_on.fill("2027-01-31")
    save(home, "estatus")

    expect(ends_on).to_have_value("2027-01-31")


def test_endpoints_missing_are_marked_where_they_stand(home, client):
    client.put_setting("estatus", device_authorization_endpoint="", token_endpoint="")
    home.reload()
    form = open_form(home, "estatus")
    form.get_by_text("Endpoints", exact=True).click()
    expect(form.get_by_label("Token endpoint")).to_be_hidden()

    press(home, "estatus", "Get Token")
    answer(home, "OK")

    field = form.get_by_label("Device authorization endpoint")
    expect(field).to_be_focused(timeout=ANSWER_MS)
    expect(field).to_have_attribute("aria-invalid", "true")


def test_addresses_for_warnings_are_saved_and_bad_ones_marked(home, client):
    form = show(home, "device")
    warnings = form.get_by_role("group", name="Warnings", exact=True)
    field = warnings.get_by_label("Send warnings to")
    field.fill("admin@example.com, nobody")
    form.get_by_role("button", name="Save").click()
    expect(field).to_have_attribute("aria-invalid", "true", timeout=ANSWER_MS)

    field.fill("admin@example.com, it@example.com")
    field.press("Enter")
    expect(form.get_by_text("Saved.")).to_be_visible(timeout=ANSWER_MS)

    stored = client.call("GET", "/api/settings/device")["alert_to"]
    client.put_setting("device", alert_to="")
    assert stored == "admin@example.com, it@example.com"


def test_device_form_shows_and_saves_every_field(home, client):
    form = show(home, "device")
    expect(form.get_by_label("Paper jam")).to_be_checked(timeout=ANSWER_MS)
    before = client.call("GET", "/api/settings/device")
    form.get_by_label("Language of its mails").select_option(label="Ελληνικά")
    form.get_by_label("Name of the device").fill("Σαρωτής 2ου")
    form.get_by_label("Time difference from UTC").fill("120")
    form.get_by_label("Paper jam").uncheck()
    form.get_by_label("Toner low").uncheck()
    form.get_by_label("Send the status to").fill("it@example.com")
    form.get_by_label("How often").select_option(label="Every week")
    form.get_by_label("At what hour").fill("6")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_text("Saved.")).to_be_visible(timeout=ANSWER_MS)

    stored = client.call("GET", "/api/settings/device")
    client.put_setting("device", **before)
    events = stored.pop("alert_events").split(",")
    assert "token_invalid" in events and not {"paper_jam", "toner_low"} & set(events)
    assert stored == {
        "language": "el",
        "device_name": "Σαρωτής 2ου",
        "utc_offset_min": 120,
        "alert_to": "",
        "status_to": "it@example.com",
        "status_every": "weekly",
        "status_hour": 6,
    }


def test_reception_rules_are_saved_and_bad_ones_opened(home, client):
    form = open_form(home, "eprint")
    form.get_by_text("Receiving", exact=True).click()
    allowed = form.get_by_label("Take mail only from")
    allowed.fill("@example.com, nobody")
    form.get_by_text("Receiving", exact=True).click()
    expect(allowed).to_be_hidden()
    press(home, "eprint", "Save")
    expect(allowed).to_be_focused(timeout=ANSWER_MS)

    allowed.fill("@example.com")
    choose(home, "eprint", "Tell their senders", "Yes")
    save(home, "eprint")

    stored = client.call("GET", "/api/settings/eprint")
    client.put_setting("eprint", allow_from="", answer_unsupported="no")
    assert (stored["allow_from"], stored["answer_unsupported"]) == ("@example.com", "yes")


def test_page_is_as_wide_as_a_small_telephone(home):
    home.set_viewport_size({"width": 320, "height": 700})
    open_form(home, "smtp2")
    choose(home, "smtp2", "Provider", "Custom")

    assert home.evaluate("document.documentElement.scrollWidth") == 320
