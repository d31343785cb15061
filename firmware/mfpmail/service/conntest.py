"""The connection test of one setting: really connects, signs in, and asks one real thing."""

from mfpmail.core import errors, settings
from mfpmail.core.errors import MailError

UPDATE_FAILED = "Token update failed. Please delete the token and obtain it again."


async def run_test(servers, name, setting):
    """Return `{"result", "step", "message", "hint"}`; `result` is "ok" or the kind of the error.

    `servers` is the MailServers. Nothing is sent and nothing is deleted.
    """
    session = None
    try:
        session = await servers.open(name)
        if settings.protocol(name) == "smtp":
            await session.probe_sender(settings.sender_of(setting))
            found = "The server takes mail from %s." % settings.sender_of(setting)
            await session.quit()
        else:
            found = "%d mails are waiting." % await _count(session)
    except MailError as error:
        return _failure(error, session)
    finally:
        if session:
            await session.abort()
    return {"result": "ok", "step": "done", "message": found, "hint": ""}


async def _count(session):
    found = []
    await session.list_mails(lambda number, unique_id: found.append(None))
    return len(found)


def _failure(error, session):
    step = getattr(error, "step", None) or session.step
    message = error.message
    if step == "token" and error.kind in errors.DEAD_TOKEN and error.code != "token_missing":
        message = "%s (%s)" % (UPDATE_FAILED, error.message)
    return {"result": error.kind, "step": step, "message": message, "hint": error.hint}
