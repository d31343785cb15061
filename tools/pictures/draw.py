"""Draws the pictures of the README from the running device and from the tables, so that they
cannot lie: `.venv/bin/python tools/pictures/draw.py`. Needs Chromium and the tests' packages."""

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "firmware")]

from playwright.sync_api import sync_playwright  # noqa: E402

from device import DeviceProcess  # noqa: E402
from sandbox.approve import approve  # noqa: E402
from sandbox.sandbox import Sandbox  # noqa: E402
from story import POP_SETTING, pop_fields, scan_bytes, smtp_fields  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
# (file, screen, the browser's language, its window)
PICTURES = (
    ("page.png", "printer-email", "en-GB", {"width": 1100, "height": 800}),
    ("home.png", "home", "el-GR", {"width": 1440, "height": 900}),
    ("phone.png", "printer-email", "el-GR", {"width": 320, "height": 900}),
)
PASSWORD = "picture"  # noqa: S105 - of a device that lives for a picture


def set_up(client, endpoints):
    """Bring the device into a state that shows much: one token acquired, one awaited."""
    client.put_setting("smtp", **smtp_fields(endpoints))
    client.put_setting(POP_SETTING, **pop_fields(endpoints))
    code = client.call("POST", "/api/tokens/smtp/get")
    approve(
        code["verification_uri_complete"],
        endpoints["account"],
        endpoints["account_password"],
        endpoints["ca_pem"],
    )
    client.wait_for_state("smtp", "ACQUIRED")
    job = client.send(endpoints["account"], "Scan", "Page 1.", [("scan.pdf", scan_bytes(200000))])
    client.wait_for_job(job["id"])
    client.call("POST", "/api/tokens/%s/get" % POP_SETTING)


def take_pages(url, folder):
    """Sign in with Chromium and save what an administrator sees: the sign-in for a token, in
    Greek the first screen, and a telephone."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, screen, locale, size in PICTURES:
            page = browser.new_page(viewport=size, locale=locale)
            page.goto("%s/#/%s" % (url, screen))
            page.locator("input:visible").fill(PASSWORD)
            page.keyboard.press("Enter")
            page.locator(".pill.wait").first.wait_for()
            page.wait_for_timeout(500)
            page.screenshot(path=str(folder / name))
            page.close()
        browser.close()


def main():
    """Draw everything."""
    with tempfile.TemporaryDirectory() as folder, Sandbox(Path(folder) / "s") as sandbox:
        ca_pem = sandbox.endpoints["ca_pem"]
        with DeviceProcess(Path(folder) / "d", PASSWORD, ca_pem) as device:
            set_up(device.client(), sandbox.endpoints)
            take_pages(device.url, HERE)


if __name__ == "__main__":
    main()
