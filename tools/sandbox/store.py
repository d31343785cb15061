"""What the authorization server remembers: codes, access tokens, refresh tokens.

Codes and tokens are kept as SHA-256 digests only. All methods may be called from any thread.
"""

import hashlib
import json
import os
import secrets
import threading
import time
from dataclasses import asdict
from pathlib import Path

from .records import APPROVED, DENIED, PENDING, USED, AuthorizationCode, DeviceCode, Token

SLOW_DOWN_STEP_S = 5  # RFC 8628 section 3.5
KEEP_DEAD_S = 24 * 3600
MAX_SPENT_REFRESH_TOKENS = 64  # for each grant; enough to notice a replay


class Store:
    """Codes and tokens, in memory and, with `path`, in one JSON file.

    `refresh_grace_s`: within this time a spent refresh token is accepted once more, for a client
    that never got the answer; 0 means that any second use revokes the grant (RFC 9700 4.14).
    """

    def __init__(self, path=None, refresh_grace_s=0, clock=time.time):
        self.clock = clock
        self._path = Path(path) if path else None
        self._refresh_grace_s = refresh_grace_s
        self._lock = threading.RLock()
        self._device_codes = {}
        self._authorization_codes = {}
        self._access_tokens = {}
        self._refresh_tokens = {}
        self.mail_servers_secret = secrets.token_urlsafe(24)
        self.cookie_key = secrets.token_urlsafe(24)
        if self._path and self._path.exists():
            self._load()
        self._save()

    # Device codes

    def add_device_code(self, device_code, user_code, client_id, scope, expires_in_s, interval_s):
        """Remembers a new device authorization."""
        with self._lock:
            expires_at = self.clock() + expires_in_s
            digest = _digest(device_code)
            self._device_codes[digest] = DeviceCode(
                digest, user_code, client_id, scope, expires_at, interval_s
            )
            self._save()

    def find_device_code(self, device_code):
        """The `DeviceCode`, also an expired or used one; None if there is no such code."""
        with self._lock:
            return self._fresh(self._device_codes.get(_digest(device_code)))

    def find_user_code(self, user_code):
        """The pending `DeviceCode` that a person may decide on now, or None."""
        wanted = _letters(user_code)
        with self._lock:
            for record in self._device_codes.values():
                if record.status == PENDING and _letters(record.user_code) == wanted:
                    return None if self._fresh(record).expired else record
            return None

    def decide(self, user_code, account, approved):
        """Approves or denies a pending user code for `account`; False if it is not pending."""
        with self._lock:
            record = self.find_user_code(user_code)
            if record is None:
                return False
            record.status = APPROVED if approved else DENIED
            record.account = account
            self._save()
            return True

    def polled_too_fast(self, record):
        """Notes a poll of the token endpoint; True if it came too early (RFC 8628 3.5)."""
        with self._lock:
            now = self.clock()
            # A tenth is let off, since timers and networks are not exact.
            too_fast = record.polled_at and now - record.polled_at < 0.9 * record.interval_s
            record.polled_at = now
            if too_fast:
                record.interval_s += SLOW_DOWN_STEP_S
            return bool(too_fast)

    def use_device_code(self, record):
        """Takes an approved device code out of use; False if it was not approved or is used."""
        with self._lock:
            if record.status != APPROVED:
                return False
            record.status = USED
            self._save()
            return True

    # Authorization codes

    def add_authorization_code(self, code, expires_in_s, **facts):
        """Remembers a code; `facts` are the other fields of `AuthorizationCode`."""
        with self._lock:
            record = AuthorizationCode(
                digest=_digest(code),
                grant_id=secrets.token_hex(8),
                expires_at=self.clock() + expires_in_s,
                **facts,
            )
            self._authorization_codes[record.digest] = record
            self._save()

    def find_authorization_code(self, code):
        """The `AuthorizationCode`, also an expired or used one; None if there is no such code."""
        with self._lock:
            return self._fresh(self._authorization_codes.get(_digest(code)))

    def use_authorization_code(self, record):
        """Takes a code out of use; False if it has expired or was used before.

        A second use revokes the grant (RFC 6749 section 4.1.2).
        """
        with self._lock:
            if record.used:
                self.revoke_grant(record.grant_id)
                return False
            record.used = not record.expired
            self._save()
            return record.used

    # Tokens

    def add_tokens(
        self, grant_id, client_id, account, scope, token, grant_scope=None, refresh_expires_at=0
    ):
        """Remembers what the token endpoint is about to hand out.

        `token` is the token response; `grant_scope` is what later refreshes may ask for;
        `refresh_expires_at` is when the refresh token ends, 0 = never.
        """
        with self._lock:
            now = self.clock()
            access = _digest(token["access_token"])
            self._access_tokens[access] = Token(
                access, grant_id, client_id, account, scope, now, now + token["expires_in"]
            )
            if "refresh_token" in token:
                refresh = _digest(token["refresh_token"])
                self._refresh_tokens[refresh] = Token(
                    refresh,
                    grant_id,
                    client_id,
                    account,
                    grant_scope or scope,
                    now,
                    refresh_expires_at,
                )
            self._save()

    def find_access_token(self, access_token):
        """The `Token` (perhaps expired), or None if unknown or revoked."""
        with self._lock:
            return self._fresh(self._access_tokens.get(_digest(access_token)))

    def find_refresh_token(self, refresh_token):
        """The `Token` (perhaps spent), or None if unknown, revoked or expired."""
        with self._lock:
            record = self._refresh_tokens.get(_digest(refresh_token))
            ended = record and record.expires_at and self.clock() >= record.expires_at
            return None if ended else record

    def spend_refresh_token(self, record):
        """Takes a refresh token out of use, once; False means reuse, and the grant is revoked."""
        with self._lock:
            if record.digest not in self._refresh_tokens:
                return False
            now = self.clock()
            if not record.spent_at:
                record.spent_at = now
                record.replays_left = 1 if self._refresh_grace_s else 0
            elif record.replays_left and now - record.spent_at <= self._refresh_grace_s:
                record.replays_left = 0
                self._kill_successor(record)
            else:
                self.revoke_grant(record.grant_id)
                return False
            self._save()
            return True

    def link_successor(self, record, refresh_token):
        """Notes which refresh token was handed out in exchange for `record`."""
        with self._lock:
            record.successor = _digest(refresh_token)
            self._save()

    def revoke_access_token(self, record):
        """Revokes this access token alone."""
        with self._lock:
            self._access_tokens.pop(record.digest, None)
            self._save()

    def revoke_grant(self, grant_id):
        """Revokes every token that came from one sign-in."""
        with self._lock:
            for table in (self._access_tokens, self._refresh_tokens):
                for digest in [d for d, r in table.items() if r.grant_id == grant_id]:
                    del table[digest]
            self._save()

    def revoke_all(self):
        """Revokes every token of every account."""
        with self._lock:
            self._access_tokens.clear()
            self._refresh_tokens.clear()
            self._save()

    def expire_access_tokens(self):
        """Lets every access token expire now; refresh tokens stay good."""
        with self._lock:
            for record in self._access_tokens.values():
                record.expires_at = self.clock()
            self._save()

    # Inside

    def _fresh(self, record):
        if record is not None:
            record.expired = self.clock() >= record.expires_at
        return record

    def _kill_successor(self, record):
        """The successor was lost on its way: whoever shows it now is not the client."""
        successor = self._refresh_tokens.get(record.successor)
        if successor is not None:
            successor.spent_at = successor.spent_at or self.clock()
            successor.replays_left = 0

    def _prune(self):
        dead = self.clock() - KEEP_DEAD_S
        for table in (
            self._device_codes,
            self._authorization_codes,
            self._access_tokens,
            self._refresh_tokens,
        ):
            for digest in [d for d, r in table.items() if 0 < r.expires_at < dead]:
                del table[digest]
        spent = {}
        for record in reversed(list(self._refresh_tokens.values())):
            if record.spent_at:
                spent[record.grant_id] = spent.get(record.grant_id, 0) + 1
                if spent[record.grant_id] > MAX_SPENT_REFRESH_TOKENS:
                    del self._refresh_tokens[record.digest]

    def _load(self):
        data = json.loads(self._path.read_text())
        self.mail_servers_secret = data["mail_servers_secret"]
        self.cookie_key = data["cookie_key"]
        self._device_codes = {r["digest"]: DeviceCode(**r) for r in data["device_codes"]}
        # A file of an earlier version has none of these.
        codes = data.get("authorization_codes", [])
        self._authorization_codes = {r["digest"]: AuthorizationCode(**r) for r in codes}
        self._access_tokens = {r["digest"]: Token(**r) for r in data["access_tokens"]}
        self._refresh_tokens = {r["digest"]: Token(**r) for r in data["refresh_tokens"]}

    def _save(self):
        self._prune()
        if self._path is None:
            return
        data = {
            "mail_servers_secret": self.mail_servers_secret,
            "cookie_key": self.cookie_key,
            "device_codes": [asdict(r) for r in self._device_codes.values()],
            "authorization_codes": [asdict(r) for r in self._authorization_codes.values()],
            "access_tokens": [asdict(r) for r in self._access_tokens.values()],
            "refresh_tokens": [asdict(r) for r in self._refresh_tokens.values()],
        }
        temporary = self._path.with_suffix(".tmp")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(data))
        os.replace(temporary, self._path)


def _digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


def _letters(user_code):
    """A user code as people type it: case and punctuation do not matter (RFC 8628 6.1)."""
    return "".join(c for c in user_code.upper() if c.isalnum())
