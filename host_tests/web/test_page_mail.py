"""Inbox and upload on the administrator's page in Chromium."""

import pytest
from devices import get_token
from playwright.sync_api import expect
from web.page_helpers import ANSWER_MS, answer, open_page, show, sign_in

SLOW_BYTES_S = 50000


@pytest.fixture
def home(browser, configured_device):
    with open_page(browser, configured_device.url) as page:
        sign_in(page, configured_device.password)
        yield page


def receive_file(device, name):
    """Let the device send itself a file and fetch it; return its inbox item."""
    client = device.client()
    for setting in ("smtp", "eprint"):
        get_token(client, device.endpoints, setting)
    files = [(name, b"%PDF-1.4 page", "application/pdf")]
    client.wait_for_job(client.send(device.endpoints["account"], name, "Hello.\n", files)["id"])
    client.call("POST", "/api/receive/eprint")
    items = client.call("GET", "/api/inbox")["items"]
    return next(item for item in items if item["name"] == name)


def test_inbox_item_is_removed_only_after_the_question(configured_device, browser):
    item = receive_file(configured_device, "to remove.pdf")
    with open_page(browser, configured_device.url) as page:
        sign_in(page, configured_device.password)
        inbox = show(page, "inbox")
        link = inbox.get_by_role("link", name=item["name"])
        row = inbox.get_by_role("listitem").filter(has_text=item["name"])

        row.get_by_role("button", name="Remove").click()
        expect(page.get_by_role("dialog")).to_contain_text("“to remove.pdf” will be deleted")
        answer(page, "Cancel")
        expect(link).to_be_visible()
        row.get_by_role("button", name="Remove").click()
        answer(page, "OK")

        expect(link).to_have_count(0, timeout=ANSWER_MS)
        expect(page.get_by_role("heading", name="Inbox")).to_be_focused()
    left = configured_device.client().call("GET", "/api/inbox")["items"]
    assert item["id"] not in [other["id"] for other in left]


def test_upload_cancelled_leaves_no_job_and_keeps_the_form(home, configured_device, tmp_path):
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"x" * 2000000)
    mail = show(home, "send")
    mail.get_by_label("To", exact=True).fill(configured_device.endpoints["account"])
    mail.get_by_label("Subject").fill("Half a mail")
    mail.get_by_label("File").set_input_files(scan)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1}
    slow["uploadThroughput"] = SLOW_BYTES_S
    home.context.new_cdp_session(home).send("Network.emulateNetworkConditions", slow)
    expect(mail.get_by_role("button", name="Cancel")).to_be_hidden()

    mail.get_by_role("button", name="Send").click()
    expect(mail.get_by_role("progressbar")).to_be_visible()
    mail.get_by_role("button", name="Cancel").click()

    expect(mail.get_by_text("Cancelled. The mail was not handed over.")).to_be_visible()
    expect(mail.get_by_role("button", name="Cancel")).to_be_hidden()
    expect(mail.get_by_role("button", name="Send")).to_be_focused()
    expect(mail.get_by_label("Subject")).to_have_value("Half a mail")
    jobs = configured_device.client().call("GET", "/api/jobs")["items"]
    assert "Half a mail" not in [job["subject"] for job in jobs]
