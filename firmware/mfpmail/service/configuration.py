"""The settings on flash."""

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

            found = {name: from_stored(name, stored.get(name, {})) for name in settings.ALL}
            self._note_secrets(found)
        # Settings that nobody entered are alike: one in memory is enough.
        self._settings = {n: _first_like(found, s) for n, s in found.items()}

    def get(self, name):
        """Return a setting, secrets included."""
        return self._settings[name]

    def secret_ends_at(self, name):
        """Return the Unix time at which the client secret of a setting ends, None if unknown."""
        return self._secrets_end.get(name)

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
            changed = token_held and settings.changed_token_fields(self._settings[name], merged)
            if changed:
                sentence = "Delete the token before you change: %s." % ", ".join(changed)
                raise MailError("token_held", sentence)
            after = dict(self._settings)
            after[name] = merged
            self._store.save(_PATH, _VERSION, after)
            self._note_secrets(after)
            self._settings = after
        return merged

    def sender(self):
        """Return `(name, address)` that mails go out with: those of the first account that is
        entered for sending."""
        smtp, other = self._settings[settings.SMTP], self._settings[settings.ALTERNATIVE]
        if other["server"] and not smtp["server"]:
            smtp = other
        return smtp["sender_name"], settings.sender_of(smtp)

    def _note_secrets(self, found):
        """Work out the ends of the client secrets while the code for it is loaded."""
        from mfpmail.core.datetimes import parse_day

        with_secret = [n for n, s in found.items() if s.get("client_secret")]
        days = {name: found[name]["client_secret_ends_on"] for name in with_secret}
        self._secrets_end = {name: parse_day(day) for name, day in days.items() if day}


def _first_like(found, setting):
    for other in found.values():
        if other == setting:
            return other
    return setting
