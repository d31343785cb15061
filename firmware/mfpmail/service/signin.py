"""Opens a mail connection and signs in: the one place where a token meets a mail server."""

from mfpmail.core import settings, token
from mfpmail.core.errors import MailError


class MailServers:
    """Makes signed-in sessions; `keepers` maps settings to their TokenKeeper.

    A setting's token is only ever shown to that setting's server: each has its own keeper.
    """

    def __init__(self, net, overlays, configuration, keepers, hello_name):
        self._net = net
        self._overlays = overlays
        self._configuration = configuration
        self._keepers = keepers
        self._hello_name = hello_name

    async def open(self, name, host=""):
        """Return a signed-in SmtpSession or Pop3Session, at `host` instead of the setting's
        (primary) server if one is given.

        A refused token is renewed once, on a new connection, as a refusal alone does not prove
        that it is bad. Raises MailError; its `step` says what was being done.
        """
        setting = self._configuration.get(name)
        if not setting["server"]:
            raise _at("connect", MailError("no_server", "No server has been entered."))
        if host and host != setting["server"]:
            setting = dict(setting)
            setting["server"] = host
        if setting["auth_method"] != "oauth2":
            return await self._try(name, setting, None)
        access_token = await self._token(self._keepers[name].access_token())
        try:
            return await self._try(name, setting, access_token)
        except MailError as error:
            if error.code != "auth_rejected":
                raise
        access_token = await self._token(self._keepers[name].refresh(access_token))
        return await self._try(name, setting, access_token)

    def reject(self, name, error):
        """An account is not available, as its mail server says; looked at again after some
        hours."""
        self._keepers[name].reject(error, True)

    def setting(self, name):
        """Return a setting, secrets included; another dict after each change of it."""
        return self._configuration.get(name)

    def may_use(self, name):
        """Say whether the account of a setting may still be used: its token was not deleted and
        has not died."""
        has_token = self._configuration.get(name)["auth_method"] == "oauth2"
        return not has_token or self._keepers[name].state == token.ACQUIRED

    async def _token(self, exchange):
        try:
            return await exchange
        except MailError as error:
            raise _at("token", error)

    async def _try(self, name, setting, access_token):
        """Return the session; what was loaded for one that fails makes room for the renewal."""
        with self._overlays:
            return await self._signed_in(self._session(name, setting), name, setting, access_token)

    async def _signed_in(self, session, name, setting, access_token):
        try:
            await session.open()
            await _authenticate(session, setting, access_token)
            if access_token:
                self._keepers[name].succeeded()
        except MailError as error:
            await session.abort()
            raise _at(session.step, error)
        except BaseException:  # cancelled: leave no connection behind
            await session.abort()
            raise
        return session

    def _session(self, name, setting):
        """Make a session, loading the code of that direction only."""
        if settings.protocol(name) == "smtp":
            from mfpmail.session.smtp import SmtpSession

            return SmtpSession(self._net, setting, self._hello_name)
        from mfpmail.session.pop3 import Pop3Session

        return Pop3Session(self._net, setting)


async def _authenticate(session, setting, access_token):
    if setting["auth_method"] == "oauth2":
        await session.authenticate_xoauth2(setting["account"], access_token)
    elif setting["auth_method"] == "password":
        user = setting["username"] or setting["account"]
        await session.authenticate_password(user, setting["password"])


def _at(step, error):
    error.step = step
    return error
