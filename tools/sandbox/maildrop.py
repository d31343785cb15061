"""Mail on disk: a folder for each account, a file for each message. Nothing is held in memory."""

import contextlib
import itertools
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

INCOMING = "incoming"


@dataclass(frozen=True)
class StoredMail:
    """One message; `uid` names it for good (RFC 1939 section 7)."""

    uid: str
    path: Path
    size_bytes: int


class MaildropStore:
    """The maildrops of `accounts` under `folder`."""

    def __init__(self, folder, accounts):
        self._folder = Path(folder)
        self._accounts = tuple(accounts)
        self._serial = itertools.count()
        for name in (INCOMING, *self._accounts):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        for leftover in (self._folder / INCOMING).iterdir():
            leftover.unlink()

    def has(self, address):
        """Whether `address` is an account; case does not matter."""
        return address.lower() in self._accounts

    @contextlib.contextmanager
    def incoming(self):
        """A file to write a message to; it is gone after the block unless delivered in it."""
        with tempfile.NamedTemporaryFile(dir=self._folder / INCOMING) as file:
            yield file

    def deliver(self, file, addresses):
        """Puts the message in `file`, an `incoming()` one, into each account's maildrop."""
        file.flush()
        for account in sorted({address.lower() for address in addresses}):
            os.link(file.name, self._folder / account / self._new_uid())

    def messages(self, account):
        """The `StoredMail` of an account, oldest first."""
        paths = sorted((self._folder / account.lower()).iterdir())
        return [StoredMail(path.name, path, path.stat().st_size) for path in paths]

    def delete(self, mail):
        """Deletes a message; none is missed if another session was faster."""
        mail.path.unlink(missing_ok=True)

    def _new_uid(self):
        return f"{time.time_ns():020d}-{next(self._serial) % 10**6:06d}"
