"""The words of the page: every one is there, is used, and has the same places in all languages."""

import json
import re

import pytest
from web.page_helpers import STATIC, page_words

from mfpmail.core import events, fields, settings, token
from mfpmail.service import jobs

LANGUAGES = ("en", "el", "de", "es", "it", "ja")
COMPLETE = ("en", "el")
KEY = re.compile(r"[a-z]\w*(?:\.\w+)+")

# The words of the manuals. The Greek one writes POP3 with Greek letters, which nobody can find.
MANUAL = {
    "token.title": ("Token", "Διακριτικό", "Token", "token", "token", "トークン"),
    "state.NOT_ACQUIRED": ("Not Acquired", "Δεν ανακτήθηκε"),
    "state.AWAITING_AUTH": ("Awaiting Authentication", "Αναμονή για πιστοποίηση"),
    "state.ACQUIRED": ("Acquired", "Ανακτήθηκε"),
    "state.INVALID": ("Invalid", "Άκυρο"),
    "token.get": (
        *("Get Token", "Λήψη διακριτικού", "Token abrufen", "Obtener token", "Recupera Token"),
    ),
    "token.delete": ("Delete", "Διαγραφή"),
    "field.auth_method": (
        *("Authentication Method", "Μέθοδος Πιστοποίησης", "Authentifizierungsmethode"),
        *("Opción de autenticación", "Metodo di autenticazione", "認証方式"),
    ),
    "field.server": (
        *("Primary Server", "Πρωτεύων Διακομιστής", "Primärer Server", "Servidor Primario"),
        *("Server primario", "プライマリーサーバー"),
    ),
    "field.port": (
        *("Port Number", "Αριθμός Θύρας", "Port-Nummer", "Número de Puerto", "Numero Porta"),
        "ポート番号",
    ),
    "field.timeout_s": (
        *("Timeout", "Χρονικό διάστημα λήξης", "Zeitüberschreitung", "Tiempo de espera"),
        *("Timeout", "タイムアウト"),
    ),
    "field.sender_name": (
        *("Sender Name", "Όνομ.Αποστολέα", "Absendername", "Nombre Remit.", "Nome Mittente"),
        "送信者名",
    ),
    "field.sender_address": (
        *("Sender Address", "Διεύθυνση Αποστολέα", "Absendeadresse"),
        *("Dirección del Remitente", "Indirizzo Mittente", "送信者アドレス"),
    ),
    "field.security": (
        *("Enable SSL/TLS", "Ενεργοποίηση SSL/TLS", "SSL/TLS aktivieren", "Habilitar SSL/TLS"),
        *("Abilitare SSL/TLS", "SSL/TLSを有効にする"),
    ),
    "field.server.pop3": (
        *("POP3 Server", "Σέρβερ POP3", "POP3-Server", "Servidor POP3", "Server POP3"),
    ),
    "field.check_interval_min": (
        *("Check Interval", "Διάστημα ελέγχου", "Prüfungsintervall"),
        *("Intervalo de comprobación", "Controlla intervallo"),
    ),
    "field.provider": ("Provider", "Πάροχος", "Anbieter", "proveedor", "provider"),
    "field.account": (
        *("Account name", "Όνομα λογαριασμού", "Kontoname", "nombre de cuenta", "nome account"),
    ),
}


def parts_of(language):
    """Return a language's file: `manual`, `own` and, where it is not complete, `fallback`."""
    return json.loads((STATIC / ("lang-%s.json" % language)).read_text(encoding="utf-8"))


def forms(word):
    """Return the texts of a word: one, or one for each number."""
    return list(word.values()) if isinstance(word, dict) else [word]


def placeholders(word):
    """Return the names in the most general text of a word."""
    return set(re.findall(r"\{(\w+)\}", word["other"] if isinstance(word, dict) else word))


@pytest.fixture(scope="module")
def scripts():
    return "\n".join(path.read_text() for path in STATIC.glob("*.js"))


@pytest.fixture(scope="module")
def named(scripts):
    """The keys that the scripts name, and patterns for those that they put together."""
    literals = set(re.findall(r'"(%s)"' % KEY.pattern, scripts))
    composed = re.findall(r"`([a-z]\w*\.[^`/ ]*\$\{[^`]*)`", scripts)
    patterns = [re.sub(r"\\\$\\\{.*?\\\}", r"\\w+", re.escape(text)) for text in composed]
    # What stands in menus is named by its last part.
    assert r"menu\.\w+" in patterns
    return literals, patterns


def test_words_that_the_page_names_are_there(named):
    literals, patterns = named
    words = page_words("en")
    assert literals <= set(words)
    for pattern in patterns:
        assert any(re.fullmatch(pattern, key) for key in words), pattern


def test_words_are_all_used(named, scripts):
    literals, patterns = named
    unused = set(page_words("en")) - literals
    unused = {key for key in unused if not any(re.fullmatch(p, key) for p in patterns)}
    assert unused == set()
    menu = re.search(r"SCREENS = \{(.*?)\n\};", scripts, re.DOTALL).group(1)
    names = set(re.findall(r'"(\w+)"', "".join(re.findall(r"path: \[(.*?)\]", menu))))
    names |= {"admin", "system", "title", "language", "skip", "leave_title", "leave_text"}
    assert {key[5:] for key in page_words("en") if key.startswith("menu.")} == names


def test_there_is_a_file_for_every_language_that_can_be_chosen(scripts):
    offered = re.search(r"LANGUAGES = \{(.*?)\}", scripts, re.DOTALL).group(1)
    assert set(re.findall(r"(\w\w): ", offered)) == set(LANGUAGES)
    files = {path.name for path in STATIC.glob("lang-*")}
    assert files == {"lang-%s.json" % language for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_is_complete_or_names_what_stands_in(language):
    parts, english = parts_of(language), set(page_words("en"))
    assert not set(parts["manual"]) & set(parts["own"])
    if language in COMPLETE:
        assert set(parts) == {"manual", "own"}
        assert set(page_words(language)) == english
    else:
        assert parts["fallback"] == "en"
        assert set(page_words(language)) <= english


@pytest.mark.parametrize("language", LANGUAGES)
def test_word_has_the_same_places_as_in_english(language):
    english = page_words("en")
    for key, word in page_words(language).items():
        assert isinstance(word, dict) == isinstance(english[key], dict), key
        assert placeholders(word) == placeholders(english[key]), key
        for text in forms(word):
            assert set(re.findall(r"\{(\w+)\}", text)) <= placeholders(word), key
            assert text and text == text.strip() and "  " not in text, key
            assert text.isprintable(), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_the_manual_are_taken_as_they_are(language):
    column = LANGUAGES.index(language)
    manual = parts_of(language)["manual"]
    known = {key: row[column] for key, row in MANUAL.items() if column < len(row)}
    assert {key: manual.get(key) for key in known} == known
    if language not in COMPLETE:  # of those, nothing but the table is known
        assert set(manual) == set(known)


def test_greek_words_are_not_mixed_with_latin_letters():
    """A Latin o or A in a Greek word looks right and cannot be searched for."""
    for key, word in page_words("el").items():
        for part in re.findall(r"[^\W\d_]+", " ".join(forms(word))):
            assert len({"Ͱ" <= letter <= "Ͽ" or letter >= "ἀ" for letter in part}) == 1, key


def choices_of_the_page(scripts):
    """Return `{field: values}` of everything that the forms let one choose."""
    providers = re.search(r"PROVIDERS = \[(.*?)\]", scripts).group(1)
    block = re.search(r"CHOICES = \{(.*?)\n\};", scripts, re.DOTALL).group(1)
    block = block.replace("PROVIDERS", "[%s]" % providers)
    rows = re.findall(r"(\w+): \[(.*?)\]", block)
    return {name: set(re.findall(r'"(\w+)"', values)) for name, values in rows}


def test_forms_have_every_field_and_every_choice_of_the_device(scripts):
    words = page_words("en")
    rules = {
        name: rule for setting in settings.ALL for name, rule in fields.schema(setting).items()
    }
    for name in rules:
        assert '"%s"' % name in scripts and "field." + name in words, name
    lists = {name: set(rule[2]) for name, rule in rules.items() if isinstance(rule[2], tuple)}
    wanted = {n: values for n, values in lists.items() if isinstance(min(values), str)}
    assert choices_of_the_page(scripts) == wanted
    for name, values in wanted.items():
        if name != "language":  # named in itself
            keys = [
                "choice." + v if v in ("yes", "no") else "choice.%s.%s" % (name, v) for v in values
            ]
            assert set(keys) <= set(words)


def test_everything_that_the_device_names_has_a_word(scripts):
    words = set(page_words("en"))
    listed = re.search(r"EVENTS = \[(.*?)\]", scripts, re.DOTALL).group(1)
    assert set(re.findall(r'"(\w+)"', listed)) == set(events.all_names())
    assert {"event." + name for name in events.all_names()} <= words
    assert {"setting." + name for name in settings.SETTINGS} <= words
    states = (token.NOT_ACQUIRED, token.AWAITING_AUTH, token.ACQUIRED, token.INVALID)
    assert {"state." + state for state in states} <= words
    states = (jobs.QUEUED, jobs.SENDING, jobs.HELD, jobs.RETRYING, *jobs.FINISHED)
    assert {"job.state." + state for state in states} <= words
