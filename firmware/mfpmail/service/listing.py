"""Which mails of a maildrop are to be looked at next. Nothing here grows with the maildrop."""

from mfpmail.service.seen import KEPT, TWICE

_MAX_MAILS_PER_CHECK = 20


class Listing:
    """What one listing of the maildrop shows: of all its mails only those are kept in memory that
    are looked at next, from the one behind the cursor on and round again."""

    def __init__(self, seen):
        self.total = self.kept = 0
        self.is_cut = False  # there are more than `waiting` returns
        self.is_unique = not seen.is_nameless  # the server's ids tell the mails apart
        self._seen = seen
        self._behind = []
        self._before = []

    def take(self, number, unique_id, size_bytes=None):
        """Take a mail that is listed; see `Pop3Session.list_mails`."""
        self.total += 1
        known = self._seen.mark(unique_id) if unique_id else TWICE
        if known == TWICE:
            self.is_unique = False
        elif known == KEPT:
            self.kept += 1
        else:
            window = self._before if number <= self._seen.cursor else self._behind
            if unique_id in [mail[1] for mail in window]:
                self.is_unique = False
            if len(window) < _MAX_MAILS_PER_CHECK:
                window.append((number, unique_id, known))
            else:
                self.is_cut = True

    def close(self):
        """Return `(number, unique_id, what is known)` of the mails to look at, in this order."""
        if self.is_unique:
            self._seen.prune()
            mails = self._behind + self._before
        else:  # each mail has to be looked at
            self.kept = 0
            count, start = min(self.total, _MAX_MAILS_PER_CHECK), self._seen.cursor
            mails = [(1 + (start + i) % self.total, "", None) for i in range(count)]
            self.is_cut = count < self.total
        self.is_cut = self.is_cut or len(mails) > _MAX_MAILS_PER_CHECK
        return mails[:_MAX_MAILS_PER_CHECK]
