"""The calls of the API that are not made again and again; see `web.api.Api`.

Each takes the Api, the request and the name in its path, and returns a microdot answer.
"""

from mfpmail.core import settings
from mfpmail.core.errors import MailError, SettingsError
from mfpmail.core.presets import PROVIDERS, preset
from mfpmail.service.status import status_of
from mfpmail.web.answers import error_answer, json_answer
from mfpmail.web.guard import COOKIE
from mfpmail.web.payload import json_object

_COOKIE = COOKIE + "=%s; Path=/; HttpOnly; SameSite=Strict"


async def log_in(api, request, _):
    """The one call without a session: the password for a cookie and its CSRF token."""
    entered = json_object(request).get("password")
    if not isinstance(entered, str):
        fault = "Enter the password."
        raise SettingsError("bad_login", fault, {"password": fault})
    found = api.device.admin.sign_in(entered)
    if not found:
        api.device.journal.write("sign-in refused")
        return error_answer(401, "wrong_password", "The password is wrong.")
    return json_answer({"csrf": found[1]}, 200, {"Set-Cookie": _COOKIE % found[0]})


async def signed_in(api, request, _):
    return json_answer({"csrf": api.device.admin.csrf_of(request.cookies[COOKIE])})


async def log_out(api, request, _):
    api.device.admin.sign_out(request.cookies[COOKIE])
    return json_answer({}, 200, {"Set-Cookie": _COOKIE % "" + "; Max-Age=0"})


async def status(api, request, _):
    shown = status_of(api.device)
    for warning in shown["warnings"]:
        words = api.wording.explain(request, {"topic": warning["topic"], "detail": ""})
        warning.update(words)
    shown["alerts"] = api.device.alerts.last
    return json_answer(shown)


async def report_event(api, request, _):
    """Take what the printer's firmware reports; whoever wants to know is told within seconds."""
    from mfpmail.core.events import faults_of

    entered = json_object(request)
    faults = faults_of(entered)
    if faults:
        raise SettingsError("bad_event", "The event cannot be taken.", faults)
    found = [entered.get("detail", ""), entered.get("state", "on")]
    api.device.alerts.report(entered["event"], *found)
    return json_answer({}, 202)


async def mail_status(api, request, _):
    """Have a status mail queued now, whatever the schedule says: within seconds it is a job."""
    from mfpmail.service.statusmail import check

    check(api.device)
    api.device.alerts.report("status_mail")
    return json_answer({}, 202)


async def all_settings(api, request, _):
    get = api.device.configuration.get
    return json_answer({name: settings.public(get(name)) for name in settings.ALL})


async def one_setting(api, request, name):
    return json_answer(settings.public(api.device.configuration.get(name)))


async def change_setting(api, request, name):
    keeper = api.device.keepers.get(name)
    held = keeper is not None and keeper.held
    merged = api.device.configuration.put(name, json_object(request), held)
    if keeper:
        keeper.settings_changed()
    api.device.supervisor.look()
    if name in (settings.SMTP, settings.ALTERNATIVE):
        api.device.outbox.release_held()  # what held them may be mended now
    return json_answer(settings.public(merged))


async def all_providers(api, request, _):
    """What belongs to the well-known providers, for a form to fill in."""
    return json_answer({p: {n: preset(p, n) for n in ("smtp", "pop3")} for p in PROVIDERS})


async def get_token(api, request, name):
    await api.device.keepers[name].start()
    shown = api.token(request, name)
    if shown["code_expires_at"]:
        shown["expires_in"] = shown["code_expires_at"] - api.device.clock.now_s()
    return json_answer(shown)


async def take_redirect(api, request, name):
    pasted = json_object(request).get("url")
    if not isinstance(pasted, str):
        fault = "Paste the address at which the browser ended."
        raise SettingsError("bad_redirect", fault, {"url": fault})
    await api.device.keepers[name].take_redirect(pasted)
    return json_answer(api.token(request, name))


async def delete_token(api, request, name):
    api.device.keepers[name].delete()
    return json_answer(api.token(request, name))


async def revoke_token(api, request, name):
    """Delete the token and have the provider end it too; `revocation` in the answer says how that
    went."""
    secret = api.device.keepers[name].delete()
    shown = api.token(request, name)
    shown["revocation"] = await _revoked(api, request, name, secret)
    return json_answer(shown)


async def _revoked(api, request, name, secret):
    try:
        if secret:
            await api.device.keepers[name].revoke(secret)
    except MailError as error:
        return api.wording.explain(request, error.cause())
    return {"reason": "", "message": "", "hint": "", "detail": ""}


async def delete_job(api, request, name):
    api.device.outbox.delete(api.device.outbox.find(name))
    return json_answer({})


async def one_item(api, request, name):
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": "attachment",
        "Content-Length": str(api.device.inbox.find(name)["size"]),
    }
    return api.device.inbox.open(name), 200, headers


async def delete_item(api, request, name):
    api.device.inbox.delete(name)
    return json_answer({})
