"""The browser of the tests that look at the pages."""

import pytest
from web.page_helpers import entered_client, open_browser, open_page, sign_in


@pytest.fixture(scope="module")
def browser():
    with open_browser() as started:
        yield started


@pytest.fixture
def client(configured_device):
    return entered_client(configured_device)


@pytest.fixture
def home(browser, configured_device, client):
    with open_page(browser, configured_device.url) as page:
        sign_in(page, configured_device.password)
        yield page
