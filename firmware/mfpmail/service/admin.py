"""The administrator's password and the sign-ins that it gave."""

import binascii

PATH = "admin"
VERSION = 1

_MAX_SIGN_INS = 8
_IDLE_MS = 30 * 60 * 1000


class Admin:
    """Checks the password and remembers who is signed in (until the next start).

    The code that hashes is loaded when it is needed: call `ensure_password` and `sign_in` within
    an overlay.
    """

    def __init__(self, store, clock, random_bytes):
        self._clock = clock
        self._random_bytes = random_bytes
        self._store = store
        self._stored = store.load(PATH, VERSION)
        self._sign_ins = {}

    def ensure_password(self):
        """Make a first password where there is none; return it once, or None."""
        if self._stored:
            return None
        from mfpmail.core import password

        first = binascii.hexlify(self._random_bytes(6)).decode()
        self._stored = password.make(first, self._random_bytes(password.SALT_BYTES))
        self._store.save(PATH, VERSION, self._stored)
        return first

    def sign_in(self, entered):
        """Return `(session, csrf)` for the right password, or None."""
        from mfpmail.core import password

        if not password.matches(entered, self._stored):
            return None
        self._forget_idle()
        if len(self._sign_ins) >= _MAX_SIGN_INS:
            oldest = min(self._sign_ins, key=lambda name: self._sign_ins[name][1])
            del self._sign_ins[oldest]
        session = binascii.hexlify(self._random_bytes(16)).decode()
        csrf = binascii.hexlify(self._random_bytes(16)).decode()
        self._sign_ins[session] = [csrf, self._clock.now_ms()]
        return session, csrf

    def csrf_of(self, session):
        """Return the CSRF token of a sign-in that is still good, or None; using it keeps it."""
        self._forget_idle()
        known = self._sign_ins.get(session)
        if not known:
            return None
        known[1] = self._clock.now_ms()
        return known[0]

    def sign_out(self, session):
        """End a sign-in."""
        self._sign_ins.pop(session, None)

    def _forget_idle(self):
        limit_ms = self._clock.now_ms() - _IDLE_MS
        for name in [n for n, known in self._sign_ins.items() if known[1] < limit_ms]:
            del self._sign_ins[name]
