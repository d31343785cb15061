"""Puts what happened into words, in the language of whoever asks."""

from mfpmail.core import settings


class Wording:
    """`texts` is the service's Texts; the device's own language is the last choice."""

    def __init__(self, texts, configuration):
        self._texts = texts
        self._configuration = configuration

    def explain(self, request, shown):
        """Replace `topic` in an answer by `message`, the cause, and `hint`, what to do; without
        a text for it the message is what happened, `detail`. Return the answer."""
        cause, advice = "", ""
        topic = shown.pop("topic", "")
        if topic:
            cause, advice = self._texts.find(self._language(request), topic)
        shown["message"] = cause or shown["detail"]
        shown["hint"] = advice
        return shown

    def _language(self, request):
        """Return the first known language of Accept-Language (RFC 9110 section 12.5.4)."""
        for entry in request.headers.get("Accept-Language", "").split(","):
            language = entry.strip()[:2].lower()
            if language in settings.LANGUAGES:
                return language
        return self._configuration.get(settings.DEVICE)["language"]
