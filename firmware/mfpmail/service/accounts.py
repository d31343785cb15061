"""Chooses the account and the server that mail leaves through, and keeps the connection."""

import asyncio

from mfpmail.core import errors, settings
from mfpmail.core.errors import MailError, NetworkError, ReplyError, TlsError

_AVOIDED_MS = 300000
_IDLE_S = 5  # how long a connection waits for another mail where memory allows it
_MINUTE_MS = 60000
_MAX_PER_MINUTE = 30  # of Exchange Online, which delays what exceeds it and then refuses more
_LIMITED = ("microsoft", "outlook")
_CLOSING = "smtp_421"


class Accounts:
    """The first account for sending and the alternative one, each with up to two servers.

    `servers` is the MailServers. `postman` keeps what must outlive this object, which is made for
    each round of sending: which account is in use, since when, what is avoided and when mails were
    handed over. `line` is the open connection, `(account, setting, session, host)`, or None: at
    first what the round before has left open. `settle` must come last.
    """

    def __init__(self, servers, postman, clock, log):
        self.line, postman.idle_line = postman.idle_line, None
        self.via = ""  # the account of the last sign-in or of the connection in use
        self._servers = servers
        self._postman = postman
        self._clock = clock
        self._log = log
        self._rejected = {}

    async def hand_over(self, work):
        """Return what `await work(session)` returns, on the connection that is still open or on a
        new one; `via` is its account.

        One that has broken between two mails is replaced. After an error it is closed, unless it
        can be used again. Raises MailError as `open` and `work` do.
        """
        self.via = ""
        if not self._is_open():
            await self.open()
            return await self._work(work)
        try:
            return await self._work(work)
        except MailError as error:
            if self.line or not _was_broken(error):
                raise
        self.via = ""
        await self.open()
        return await self._work(work)

    async def take_line(self):
        """Return the connection that is still open or a new one, for somebody who closes it."""
        if not self._is_open():
            await self.open()
        self._note_mail()
        line, self.line = self.line, None
        return line

    async def open(self):
        """Sign in at the first account or, where that fails, at the alternative one. Raises
        MailError; with both, it is the first one's reason."""
        await self.close()
        names = [settings.SMTP, settings.ALTERNATIVE]
        if self._is_avoided(settings.SMTP, settings.SMTP):
            names.reverse()
        failed = {}
        for name in names:
            try:
                self.line = await self._open(name)
            except MailError as error:
                failed[name] = error
                continue
            self._note(name, failed)
            return
        raise _decisive(failed[settings.SMTP], failed[settings.ALTERNATIVE])

    async def close(self):
        """Say goodbye, if a connection is open."""
        line, self.line = self.line, None
        if line:
            await line[2].quit()

    async def drop(self):
        """Close without another word: a mail that is not complete is not delivered."""
        line, self.line = self.line, None
        if line:
            await line[2].abort()

    async def settle(self):
        """Say goodbye, where memory allows it after a while in which another mail may come; not for
        the alternative account: the next mail is to try the first one again."""
        if self._postman.is_lean or not self.line or self.line[0] != settings.SMTP:
            await self.close()
            return
        self._postman.idle_line = self.line
        self._postman.closer = asyncio.create_task(self._close_idle(self.line))

    async def _close_idle(self, line):
        self.line = None
        is_over = False
        try:
            await asyncio.sleep(_IDLE_S)
            is_over = True
        finally:
            if self._postman.idle_line is line:
                self.line, self._postman.idle_line = line, None
                await (self.close() if is_over else self.drop())

    def reject(self, name, error):
        """An account is not available, as its mail server says: in this round no more, and its
        token is Invalid."""
        self._rejected[name] = error
        self._servers.reject(name, error)

    def sender(self, name):
        """Return `(name, address)` with which mail leaves through an account."""
        setting = self._servers.setting(name)
        first = self._servers.setting(settings.SMTP)
        return setting["sender_name"] or first["sender_name"], settings.sender_of(setting)

    def pause_ms(self):
        """Return how long the provider of the account in use wants no further mail."""
        setting = self._servers.setting(self._postman.sending_through)
        if not _is_limited(setting):
            return 0
        sent_ms, now_ms = self._postman.sent_ms, self._clock.now_ms()
        while sent_ms and sent_ms[0] <= now_ms - _MINUTE_MS:
            sent_ms.pop(0)
        return sent_ms[0] + _MINUTE_MS - now_ms if len(sent_ms) >= _MAX_PER_MINUTE else 0

    def _is_open(self):
        """Say whether the next mail may take the connection of the last one: nobody has changed
        the setting or ended the token meanwhile."""
        if not self.line:
            return False
        name, setting, session, _ = self.line
        same = setting is self._servers.setting(name) and name not in self._rejected
        return same and session.usable and self._servers.may_use(name)

    def _note_mail(self):
        if _is_limited(self.line[1]):
            self._postman.sent_ms.append(self._clock.now_ms())

    async def _work(self, work):
        name, setting, session, host = self.line
        self.via = name
        self._note_mail()
        try:
            return await work(session)
        except BaseException as error:
            if isinstance(error, MailError):
                error.step = session.step
                _name_server(error, setting, host)
            if not isinstance(error, MailError) or not session.usable:
                await self.drop()
            raise

    async def _open(self, name):
        if name in self._rejected:
            raise self._rejected[name]
        try:
            line = await self._open_either(name)
        except MailError as error:
            if error.kind not in errors.DEAD_TOKEN:
                self._avoid(name, name)
            elif isinstance(error, ReplyError):
                self.reject(name, error)
            raise
        self._postman.avoided.pop(name, None)
        return line

    async def _open_either(self, name):
        """Sign in at the primary server or, when that cannot be reached, at the secondary one."""
        setting = self._servers.setting(name)
        primary, secondary = setting["server"], setting["secondary_server"]
        primary_key = name + " primary"
        hosts = [primary]
        if primary and secondary not in ("", primary):
            hosts.append(secondary)
        if self._is_avoided(primary_key, name):
            hosts.reverse()
        failed = {}
        for host in hosts:
            try:
                session = await self._servers.open(name, host)
            except MailError as error:
                _name_server(error, setting, host)
                if len(hosts) == 1 or not _is_connect_failure(error):
                    raise
                failed[host] = error
                if host == primary:
                    self._avoid(primary_key, name)
                continue
            if host == primary:
                self._postman.avoided.pop(primary_key, None)
            return name, setting, session, host
        failed[primary].message += " " + failed[secondary].message
        raise failed[primary]

    def _avoid(self, key, name):
        """What failed is likely to fail again, and costs each mail a timeout or a renewal."""
        until_ms = self._clock.now_ms() + _AVOIDED_MS
        self._postman.avoided[key] = self._servers.setting(name), until_ms

    def _is_avoided(self, key, name):
        if key not in self._postman.avoided:
            return False
        setting, until_ms = self._postman.avoided[key]
        changed = setting is not self._servers.setting(name)  # it may be mended now
        return not changed and self._clock.now_ms() < until_ms

    def _note(self, name, failed):
        if name == self._postman.sending_through:
            return
        self._postman.sending_through = name
        self._postman.sending_since = self._clock.now_s()
        first = failed.get(settings.SMTP)
        self._log("sending through %s%s" % (name, ": " + first.message if first else ""))


def _is_limited(setting):
    return setting["auth_method"] == "oauth2" and setting["provider"] in _LIMITED


def _was_broken(error):
    """Say whether a connection had gone before the mail began: nothing of it was taken."""
    return error.step == "mail" and (isinstance(error, NetworkError) or error.code == _CLOSING)


def _is_connect_failure(error):
    """Say whether another server of the same account may do better: this one could not be
    reached or did not get as far as to judge the sign-in."""
    if error.step == "token":
        return False
    if isinstance(error, NetworkError) or error.code == _CLOSING:
        return True
    return error.step != "auth" and isinstance(error, (TlsError, ReplyError))


def _name_server(error, setting, host):
    """Say which of two servers it was."""
    if setting["secondary_server"] and error.step != "token" and host not in error.message:
        error.message = "%s: %s" % (host, error.message)


def _decisive(first, alternative):
    """Return the error that decides what becomes of a mail when no account takes it."""
    if alternative.code == "no_server":
        return first
    if first.code == "no_server":
        return alternative
    if first.kind in errors.DEAD_TOKEN and alternative.kind not in errors.DEAD_TOKEN:
        # The alternative one comes back by itself: the mail must not wait for a person.
        return MailError(first.code, first.message, errors.TRANSIENT, first.topic)
    return first
