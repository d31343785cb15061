"""The browser of the tests that look at the pages."""

import pytest
from web.page_helpers import open_browser


@pytest.fixture(scope="module")
def browser():
    with open_browser() as started:
        yield started
