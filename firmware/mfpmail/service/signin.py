"""Opens a mail connection and signs in: the one place where a token meets a mail server."""

from mfpmail.core import settings
from mfpmail.core.errors import MailError


class MailServers:
    """Makes signed-in sessions; `keepers` maps settings to their TokenKeeper.

    A setting's token is only ever shown to that setting's server: each has its own keeper.
    """

    def __init__(self, net, configuration, keepers, hello_name):
        self._net = net
        self._configuration = configuration
        self._keepers = keepers
        self._hello_name = hello_name

    async def open(self, name):
        """Return a signed-in SmtpSession or Pop3Session.

        A refused token is renewed once, on a new connection, as a refusal alone does not prove
        that it is bad. Raises MailError; its `step` says what was being done.
        """
        setting = self._configuration.get(name)
        if not setting["server"]:
            raise _at("connect", MailError("no_server", "No server has been entered.", hint=name))
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

    async def _token(self, exchange):
        try:
            return await exchange
        except MailError as error:
            raise _at("token", error)

    async def _try(self, name, setting, access_token):
        session = self._session(name, setting)
        try:
            await session.open()
            await _authenticate(session, setting, access_token)
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
