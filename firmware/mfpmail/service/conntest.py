"""The connection test of one setting: really connects, signs in, and asks one real thing."""

from mfpmail.core import errors, settings
from mfpmail.core.errors import MailError


async def run_test(servers, name, setting):
    """Return `{"result", "step", "topic", "detail"}`; `result` is "ok" or the kind of the error,
    `lead` is there where the manual's sentence leads in.

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
    return {"result": "ok", "step": "done", "topic": "", "detail": found}


async def _count(session):
    count = [0]

    def take(number, unique_id, size_bytes):
        count[0] += 1

    await session.list_mails(take)
    return count[0]


def _failure(error, session):
    step = getattr(error, "step", None) or session.step
    answer = {"result": error.kind, "step": step}
    answer.update(error.cause())
    if step == "token" and error.kind in errors.DEAD_TOKEN and error.code != "token_missing":
        answer["lead"] = "token_update_failed"
    return answer
