"""The four settings on flash."""

from mfpmail.core import settings
from mfpmail.core.errors import MailError, SettingsError

_PATH = "settings.json"
_VERSION = 1


class Configuration:
    """All settings; `store` is the record store. The checks are loaded when they are needed."""

    def __init__(self, store, overlays):
        self._store = store
        self._overlays = overlays
        stored = store.load(_PATH, _VERSION) or {}
        with overlays:
            from mfpmail.core.fields import from_stored

            self._settings = {
                name: from_stored(name, stored.get(name, {})) for name in settings.SETTINGS
            }

    def get(self, name):
        """Return a setting, secrets included."""
        return self._settings[name]

    def put(self, name, changes, token_held):
        """Merge `changes` and store; return the setting.

        Raises SettingsError `bad_settings` with all bad fields, MailError `token_held` when a
        field that belongs to the token would change under it.
        """
        with self._overlays:
            from mfpmail.core.fields import validate

            merged, faults = validate(name, self._settings[name], changes)
        if faults:
            raise SettingsError("bad_settings", "Some fields cannot be taken.", faults)
        changed = settings.changed_token_fields(self._settings[name], merged)
        if token_held and changed:
            raise MailError(
                "token_held",
                "Delete the token before you change: %s." % ", ".join(changed),
                hint="Press [Delete], change the setting, then press [Get Token].",
            )
        after = dict(self._settings)
        after[name] = merged
        self._store.save(_PATH, _VERSION, after)
        self._settings = after
        return merged
