"""What the files of the administrator's page must keep to."""

import gzip

from bench.board import page_files
from web.page_helpers import STATIC

MAX_PAGE_BYTES = 30000
MAX_LINES = 350  # but for the words: each file of those is a language
MARKUP = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")


def sizes():
    """Return `{name: bytes}` of all files as the device sends them."""
    return {f.name: len(gzip.compress(f.read_bytes(), 9)) for f in STATIC.iterdir()}


def text_of(name):
    return (STATIC / name).read_text(encoding="utf-8")


def test_page_first_load_is_light_whichever_screen_and_language():
    weights = sizes()
    names = page_files(weights, text_of)
    assert sum(weights[name] for name in names) <= MAX_PAGE_BYTES


def test_page_first_load_is_that_of_the_heaviest_screen_and_language():
    files = {
        "index.html": '<link href="/static/style.css"><script src="/static/app.js"></script>',
        "style.css": "",
        "app.js": 'import { t } from "./words.js";\nimport("./light.js");\nimport("./heavy.js");',
        "words.js": "",
        "light.js": 'import { t } from "./words.js";',
        "heavy.js": 'import { more } from "./more.js";',
        "more.js": 'import { t } from "./words.js";',
        "lang-en.json": "{}",
        "lang-el.json": "{}",
        "lang-de.json": '{"fallback": "en"}',
    }
    weights = dict.fromkeys(files, 10) | {"light.js": 19, "lang-el.json": 19}
    found = page_files(weights, files.get)
    assert found == set(files) - {"light.js", "lang-el.json"}


def test_page_loads_every_script_of_its_folder():
    scripts = {name for name in sizes() if name.endswith(".js")}
    assert scripts == {"app.js"} | {
        name for name in scripts if any('"./%s"' % name in text_of(other) for other in scripts)
    }


def test_page_files_are_short():
    assert all(
        len(f.read_text().splitlines()) <= MAX_LINES
        for f in STATIC.iterdir()
        if f.suffix != ".json"
    )


def test_page_scripts_make_no_markup_from_text():
    texts = [f.read_text() for f in STATIC.glob("*.js")]
    assert not [word for word in MARKUP if any(word in text for text in texts)]
