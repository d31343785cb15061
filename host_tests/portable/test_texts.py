"""service/texts.py and web/wording.py: the words for a topic, in the language of whoever asks."""

import io

from fakes.keeper import Bench
from fakes.ports import FakePorts
from mfpmail.core import settings
from mfpmail.service.texts import Texts
from mfpmail.web.wording import Wording

LOCALES = {
    "en": "aa\tA cause.\tDo it.\nab\tAnother.\t\nab_c\tA third.\tCall.\nz\tLast.\tEnd.\n",
    "el": "aa\tΜια αιτία.\tΚάντε το.\n",
}


class Request:
    def __init__(self, accept_language=None):
        self.headers = {"Accept-Language": accept_language} if accept_language else {}


def texts(locales=LOCALES):
    return Texts(lambda language: io.BytesIO(locales[language].encode()))


def wording(**changes):
    configuration = Bench().configuration
    configuration.put(settings.DEVICE, changes, False)
    return Wording(texts(), configuration)


def test_find_every_line_and_nothing_else():
    found = texts()
    assert found.find("en", "aa") == ("A cause.", "Do it.")
    assert found.find("en", "ab") == ("Another.", "")
    assert found.find("en", "ab_c") == ("A third.", "Call.")
    assert found.find("en", "z") == ("Last.", "End.")
    for unknown in ("", "a", "aaa", "ab_", "b", "zz", "A"):
        assert found.find("en", unknown) == ("", ""), unknown
    assert found.find("el", "aa") == ("Μια αιτία.", "Κάντε το.")
    assert texts({"en": ""}).find("en", "aa") == ("", "")


def test_find_every_line_of_the_device_s_own_texts():
    ports = FakePorts()
    found = Texts(ports.open_locale)
    for language in settings.LANGUAGES:
        file = ports.open_locale(language)
        count = 0
        line = file.readline()
        while line:
            topic, cause, advice = line.decode().rstrip("\n").split("\t")
            assert found.find(language, topic) == (cause, advice), topic
            count += 1
            line = file.readline()
        file.close()
        assert count > 50


def test_explain_gives_cause_and_advice_and_keeps_what_the_server_said():
    shown = wording().explain(Request(), {"topic": "aa", "detail": "535 5.7.3"})
    assert shown == {"message": "A cause.", "hint": "Do it.", "detail": "535 5.7.3"}


def test_explain_without_a_text_shows_what_happened():
    for topic in ("unheard_of", ""):
        shown = wording().explain(Request(), {"topic": topic, "detail": "It broke."})
        assert shown == {"message": "It broke.", "hint": "", "detail": "It broke."}


def test_explain_speaks_the_first_language_it_knows_of_those_asked_for():
    for accepted, device, message in (
        (None, "en", "A cause."),
        (None, "el", "Μια αιτία."),
        ("el", "en", "Μια αιτία."),
        ("el-GR,el;q=0.9,en;q=0.8", "en", "Μια αιτία."),
        ("de, el;q=0.5", "en", "Μια αιτία."),
        ("EN-us", "el", "A cause."),
        ("de,fr", "el", "Μια αιτία."),
        (",;", "en", "A cause."),
    ):
        shown = wording(language=device).explain(Request(accepted), {"topic": "aa", "detail": ""})
        assert shown["message"] == message, (accepted, device)
