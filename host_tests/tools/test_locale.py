"""firmware/mfpmail/locale: every cause that a person can meet is explained in every language."""

import ast
import re
import string
from pathlib import Path

import pytest

from mfpmail.core import causes, errors, events, settings
from mfpmail.hal import failures, httpwire
from mfpmail.service.texts import Texts

PACKAGE = Path(__file__).resolve().parent.parent.parent / "firmware" / "mfpmail"
MAX_TEXT_CHARS = 600

# Topics without a text of their own: the English sentence of the error is shown instead.
UNEXPLAINED = {
    "authorization_pending": "the sign-in goes on, nothing is wrong",
    "bad_address": "addresses are checked where they are entered, with a sentence of their own",
    "bad_content_type": "only a program that calls the API can send one",
    "bad_event": "the answer has a sentence for each field",
    "bad_job": "the answer has a sentence for each field",
    "bad_json": "only a program that calls the API can send it",
    "bad_login": "the answer has a sentence for each field",
    "bad_redirect": "the answer has a sentence for each field",
    "bad_settings": "the answer has a sentence for each field",
    "bad_upload": "only a program that calls the API can send it",
    "body_too_large": "only a program that calls the API can send it",
    "cancelled": "whoever cancelled the job knows; the job is gone",
    "control_character": "what is entered is checked earlier",
    "header_injection": "what is entered is checked earlier",
    "pop3_state": "a fault of the firmware, for its engineers",
    "port_unavailable": "the page cannot be served at all; only the console shows it",
    "record_damaged": "stands among the faults of the storage, for engineers",
    "record_newer": "stands among the faults of the storage, for engineers",
    "smtp_state": "a fault of the firmware, for its engineers",
    "token_event": "a fault of the firmware, for its engineers",
    "upload_cut": "whoever sent it is no longer there",
}

# Topics that are looked up without an error that names them.
FURTHER = {
    "account_down": "status: mail goes through the alternative account",
    "alert_more": "the mail about repeats of an event",
    "alert_token_dies": "the mail that warns",
    "alert_token_invalid": "the mail that warns",
    "answer_eprint": "the note to a sender",
    "answer_ifax": "the note to a sender",
    "alerts_dropped": "below a mail, when others were not sent",
    "check_failed": "in the status mail, as the next ones",
    "check_never": "a maildrop",
    "check_ok": "a maildrop",
    "state_acquired": "a token",
    "state_awaiting_auth": "a token",
    "state_invalid": "a token",
    "state_not_acquired": "a token",
    "status_mail": "the status mail itself",
    "mail_refused": "any refusal of a mail that no table has",
    "note_failed": "the mail to the sender of one that failed",
    "out_of_memory": "the API's answer while the heap is full",
    "owner_differs": "beside the token",
    "provider_refused": "any error of a provider that no table has",
    "token_dies": "beside the token",
    "token_update_failed": "leads in a failed connection test",
}

EVENTS = ["alert_" + name for name in events.all_names() if not name.startswith("token_")]
FURTHER.update(dict.fromkeys(EVENTS, "the mail about an event"))

ALERT_PLACEHOLDERS = {
    **{topic: {"device", "time", "detail"} for topic in EVENTS},
    "alert_more": {"subject", "count", "device", "time", "detail"},
    "status_mail": {
        *("device", "time", "tokens", "since", "sent", "failed", "waiting", "checks", "warnings"),
        *("free", "days", "hours"),
    },
    "alert_token_dies": {"setting", "account", "days", "date", "device"},
    "note_failed": {"device", "subject", "time", "recipients", "cause", "advice"},
    "alert_token_invalid": {"setting", "account", "cause", "advice", "device"},
}
OWN_LABELS = {"Remove stored secret"}  # of the page, so translated
SAME_IN_GREEK = {"setting_ifax", "setting_smtp"}  # names that the Greek manual leaves as they are


def error_names():
    """Return the names of the error classes and of the functions that make errors by code."""
    family = [c for c in vars(errors).values() if isinstance(c, type)]
    names = {c.__name__ for c in family if issubclass(c, errors.MailError)}
    return names | {"network_error", "tls_error", "http_error"}


def constant(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def topic_of(call):
    """Return the topic that a call which makes an error names, None where a variable does."""
    for keyword in call.keywords:
        if keyword.arg == "topic":
            return constant(keyword.value)
    if len(call.args) > 3:
        return constant(call.args[3])
    return constant(call.args[0]) if call.args else None


def raised_in(source, names):
    """Yield the topic of every error that a source makes with a constant one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
            if name in names and topic_of(node):
                yield topic_of(node)


def topics_of_tables():
    """Yield the topics of what providers and mail servers answer, and of the adapters."""
    for table in (causes.ERRORS, causes.SUBERRORS, causes.NUMBERS, causes.POP3_REPLIES):
        for (_kind, topic), _signals in causes.rows(table):
            yield topic
    for _signals, (kind, topic) in causes.rows(causes.SMTP_REPLIES):
        yield topic
        if kind == errors.TRANSIENT_HOUR:
            yield topic + "_lasting"
    for table in (failures._NETWORK_MESSAGES, failures._TLS_MESSAGES, httpwire._HTTP_MESSAGES):
        yield from table


@pytest.fixture(scope="module")
def raised():
    """Every topic that the firmware can raise."""
    names = error_names()
    found = set(topics_of_tables())
    for path in PACKAGE.rglob("*.py"):
        found.update(raised_in(path.read_text(), names))
    return found


def lines_of(language):
    content = (PACKAGE / "locale" / (language + ".txt")).read_bytes().decode()
    assert content.endswith("\n")
    return content[:-1].split("\n")


def rows_of(language):
    """Return `{topic: (cause, what to do)}`."""
    split = [line.split("\t") for line in lines_of(language)]
    return {topic: (cause, advice) for topic, cause, advice in split}


def is_greek(text):
    return any("\u0370" <= c <= "\u03ff" or "\u1f00" <= c <= "\u1fff" for c in text)


def placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_there_is_a_file_for_every_language_and_no_other():
    names = sorted(path.name for path in (PACKAGE / "locale").iterdir())
    assert names == sorted(language + ".txt" for language in settings.LANGUAGES)


@pytest.mark.parametrize("language", settings.LANGUAGES)
def test_every_line_is_topic_cause_and_what_to_do(language):
    for line in lines_of(language):
        assert line.count("\t") == 2, line
        topic, cause, advice = line.split("\t")
        assert topic.replace("_", "a").isalnum() and topic.isascii() and topic.islower(), line
        assert cause, line
        for text in (cause, advice):
            assert text == text.strip() and "  " not in text, line
            assert text.isprintable(), line
            assert len(text) <= MAX_TEXT_CHARS, line


@pytest.mark.parametrize("language", settings.LANGUAGES)
def test_topics_are_sorted_and_each_is_there_once(language):
    topics = [line.split("\t")[0] for line in lines_of(language)]
    assert topics == sorted(set(topics))


def test_languages_explain_the_same_topics():
    wanted = set(rows_of("en"))
    for language in settings.LANGUAGES:
        assert set(rows_of(language)) == wanted


def test_languages_give_advice_for_the_same_topics():
    wanted = {topic for topic, (_, advice) in rows_of("en").items() if advice}
    for language in settings.LANGUAGES:
        assert {t for t, (_, advice) in rows_of(language).items() if advice} == wanted


def test_everything_raised_is_explained(raised):
    assert raised - set(UNEXPLAINED) - set(rows_of("en")) == set()


def test_every_row_is_used(raised):
    names = {"setting_" + name for name in settings.SETTINGS}
    assert set(rows_of("en")) - raised - set(FURTHER) == names


def test_exceptions_are_needed(raised):
    assert set(UNEXPLAINED) <= raised
    assert not set(UNEXPLAINED) & set(rows_of("en"))
    assert not set(FURTHER) & raised
    assert set(FURTHER) <= set(rows_of("en"))


def test_scan_finds_topics_wherever_an_error_names_them():
    source = """
raise MailError("plain", "A sentence.")
raise errors.ReplyError("smtp_%d" % code, "A sentence.", kind, "fourth")
error = TlsError("code", "A sentence.", topic="named")
raise tls_error("made", host)
raise MailError(code, "A sentence.")
raise ValueError("foreign")
"""
    assert set(raised_in(source, error_names())) == {"plain", "fourth", "named", "made"}


@pytest.mark.parametrize("language", settings.LANGUAGES)
def test_only_alerts_have_placeholders_and_only_known_ones(language):
    for topic, texts in rows_of(language).items():
        wanted = ALERT_PLACEHOLDERS.get(topic, set())
        assert set().union(*map(placeholders, texts)) == wanted, topic


@pytest.mark.parametrize("language", settings.LANGUAGES)
def test_alerts_are_a_subject_of_one_line_and_a_text_of_several(language):
    for topic in ALERT_PLACEHOLDERS:
        subject, text = rows_of(language)[topic]
        assert "\\" not in subject
        assert "\\n" in text and "\\" not in text.replace("\\n", "")
    others = [
        texts for topic, texts in rows_of(language).items() if topic not in ALERT_PLACEHOLDERS
    ]
    assert not any("\\" in text for texts in others for text in texts)


@pytest.mark.parametrize("topic", ALERT_PLACEHOLDERS)
def test_alerts_name_the_same_in_the_same_place(topic):
    wanted = [placeholders(text) for text in rows_of("en")[topic]]
    for language in settings.LANGUAGES:
        assert [placeholders(text) for text in rows_of(language)[topic]] == wanted


def test_greek_is_greek():
    for topic, texts in rows_of("el").items():
        for text in texts:
            assert is_greek(text) or not text or topic in SAME_IN_GREEK, topic
    assert not any(is_greek(text) for texts in rows_of("en").values() for text in texts)


def test_greek_words_are_not_mixed_with_latin_letters():
    """A Latin o or A in a Greek word looks right and cannot be searched for."""
    for topic, texts in rows_of("el").items():
        for word in re.findall(r"[^\W\d_]+", " ".join(texts).replace("\\n", " ")):
            assert len({is_greek(letter) for letter in word}) == 1, (topic, word)


def test_greek_names_the_buttons_in_greek():
    names = {
        "[Get Token]": "[Λήψη διακριτικού]",
        "[Delete]": "[Διαγραφή]",
        "[Save]": "[Αποθήκευση]",
    }
    english, greek = rows_of("en"), rows_of("el")
    for topic in english:
        for name, translated in names.items():
            in_english = name in " ".join(english[topic])
            assert in_english == (translated in " ".join(greek[topic])), (topic, name)


def test_both_languages_name_the_same_hosts_codes_and_commands():
    pattern = r"https?://\S+[\w/]|\w+(?:\.\w+)+|\b\d{2,3}\b(?!,)|\b[A-Z]\w+-[A-Z]\w+|\$\w+"
    english, greek = rows_of("en"), rows_of("el")
    for topic in english:
        for exact in re.findall(pattern, " ".join(english[topic]), re.ASCII):
            assert exact in " ".join(greek[topic]), (topic, exact)


def test_menus_of_the_vendors_keep_their_names():
    english, greek = rows_of("en"), rows_of("el")
    for topic in english:
        quoted = set(re.findall("“(.*?)”", " ".join(english[topic]))) - OWN_LABELS
        assert {name for name in quoted if "«%s»" % name not in " ".join(greek[topic])} == set()


def test_manual_says_how_a_failed_update_is_mended():
    wanted = "Token update failed. Please delete the token and obtain it again.", ""
    assert rows_of("en")["token_update_failed"] == wanted


@pytest.mark.parametrize("language", settings.LANGUAGES)
def test_device_finds_every_row(language):
    texts = Texts(lambda name: (PACKAGE / "locale" / (name + ".txt")).open("rb"))
    for topic, wanted in rows_of(language).items():
        assert texts.find(language, topic) == wanted
