"""What the files of the administrator's page must keep to."""

import gzip
from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "firmware" / "mfpmail" / "web" / "static"
MAX_PAGE_BYTES = 21000
MAX_LINES = 350
MARKUP = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")


def test_page_first_load_is_light():
    files = STATIC.iterdir()
    assert sum(len(gzip.compress(f.read_bytes(), 9)) for f in files) <= MAX_PAGE_BYTES


def test_page_files_are_short():
    assert all(len(f.read_text().splitlines()) <= MAX_LINES for f in STATIC.iterdir())


def test_page_scripts_make_no_markup_from_text():
    texts = [f.read_text() for f in STATIC.glob("*.js")]
    assert not [word for word in MARKUP if any(word in text for text in texts)]
