"""Records by name over the storage port; damaged ones are kept aside and reported."""

from mfpmail.core import record
from mfpmail.core.errors import MailError


class Store:
    """`faults` lists what could not be read since the start, as sentences."""

    def __init__(self, files, log):
        self.files = files
        self.faults = []
        self._log = log

    def load(self, path, version, upgrades=None):
        """Return the stored value, or None when there is none or it is damaged. `upgrades` bring
        a value of older firmware up to `version`, see `record.load`.

        Such a file never stops the start: a damaged one is renamed to `*.bad` for whoever looks
        into it, one of newer firmware to `*.newer`.
        """
        data = self.files.read(path)
        if data is None:
            return None
        try:
            return record.load(version, data, upgrades)
        except MailError as error:
            self._report("%s: %s" % (path, error.message))
            self.files.rename(path, path + (".newer" if error.code == "record_newer" else ".bad"))
            return None

    def save(self, path, version, value):
        """Store `value`; it is on flash when this returns."""
        self.files.write(path, record.dump(version, value))

    def _report(self, sentence):
        self.faults.append(sentence)
        self._log(sentence)
