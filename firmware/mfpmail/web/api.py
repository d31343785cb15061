"""The JSON API: what the pages, the tools and the tests call.

One table names every call; microdot itself has a single route for all of them, as each route of
its own costs memory for as long as the device runs.
"""

from mfpmail.core import settings
from mfpmail.core.errors import SettingsError
from mfpmail.service.status import status_of
from mfpmail.web.answers import error_answer, json_answer, json_list
from mfpmail.web.guard import COOKIE, json_object

_COOKIE = COOKIE + "=%s; Path=/; HttpOnly; SameSite=Strict"

# "METHOD path", * standing for a name → method of Api. `_exists` says which names there are.
CALLS = {
    "GET login": "signed_in",
    "POST logout": "log_out",
    "GET status": "status",
    "GET settings": "all_settings",
    "GET settings/*": "one_setting",
    "PUT settings/*": "change_setting",
    "POST settings/*/test": "test_setting",
    "GET tokens": "all_tokens",
    "GET tokens/*": "one_token",
    "POST tokens/*/get": "get_token",
    "POST tokens/*/redirect": "take_redirect",
    "DELETE tokens/*": "delete_token",
    "POST jobs": "new_job",
    "GET jobs": "all_jobs",
    "GET jobs/*": "one_job",
    "DELETE jobs/*": "delete_job",
    "POST receive/*": "receive",
    "GET inbox": "all_items",
    "GET inbox/*": "one_item",
    "DELETE inbox/*": "delete_item",
}


class Api:
    """The calls of a signed-in administrator; `device` is the Device they work on.

    Every call takes the request and the name in its path, and returns a microdot answer.
    """

    def __init__(self, device):
        self._device = device

    def find(self, method, path):
        """Return `(call, name)` for a request; `call` is None when there is no such thing."""
        parts = path.split("/")
        name = None
        if len(parts) > 1:
            name = parts[1]
            parts[1] = "*"
        call = CALLS.get(method + " " + "/".join(parts))
        if not call or (name is not None and not self._exists(parts[0], name)):
            return None, None
        return getattr(self, call), name

    def _exists(self, kind, name):
        if kind == "jobs":
            return self._device.outbox.find(name) is not None
        if kind == "inbox":
            return self._device.inbox.find(name) is not None
        return name in (settings.POP_SETTINGS if kind == "receive" else settings.SETTINGS)

    async def log_in(self, request, _):
        """The one call without a session: the password for a cookie and its CSRF token."""
        entered = json_object(request).get("password")
        if not isinstance(entered, str):
            fault = "Enter the password."
            raise SettingsError("bad_login", fault, {"password": fault})
        found = self._device.admin.sign_in(entered)
        if not found:
            self._device.journal.write("sign-in refused")
            return error_answer(401, "wrong_password", "The password is wrong.")
        return json_answer({"csrf": found[1]}, 200, {"Set-Cookie": _COOKIE % found[0]})

    async def signed_in(self, request, _):
        return json_answer({"csrf": self._device.admin.csrf_of(request.cookies[COOKIE])})

    async def log_out(self, request, _):
        self._device.admin.sign_out(request.cookies[COOKIE])
        return json_answer({}, 200, {"Set-Cookie": _COOKIE % "" + "; Max-Age=0"})

    async def status(self, request, _):
        return json_answer(status_of(self._device))

    async def all_settings(self, request, _):
        get = self._device.configuration.get
        return json_answer({name: settings.public(get(name)) for name in settings.SETTINGS})

    async def one_setting(self, request, name):
        return json_answer(settings.public(self._device.configuration.get(name)))

    async def change_setting(self, request, name):
        keeper = self._device.keepers[name]
        merged = self._device.configuration.put(name, json_object(request), keeper.held)
        keeper.ask_at_once()
        if name == settings.SMTP:
            self._device.outbox.release_held()  # what held them may be mended now
        return json_answer(settings.public(merged))

    async def test_setting(self, request, name):
        return json_answer(await self._device.postman.test(name))

    async def all_tokens(self, request, _):
        keepers = self._device.keepers
        return json_answer({"items": [keepers[name].public() for name in settings.SETTINGS]})

    async def one_token(self, request, name):
        return json_answer(self._device.keepers[name].public())

    async def get_token(self, request, name):
        shown = await self._device.keepers[name].start()
        if shown["code_expires_at"]:
            shown["expires_in"] = shown["code_expires_at"] - self._device.clock.now_s()
        return json_answer(shown)

    async def take_redirect(self, request, name):
        pasted = json_object(request).get("url")
        if not isinstance(pasted, str):
            fault = "Paste the address at which the browser ended."
            raise SettingsError("bad_redirect", fault, {"url": fault})
        await self._device.keepers[name].take_redirect(pasted)
        return json_answer(self._device.keepers[name].public())

    async def delete_token(self, request, name):
        self._device.keepers[name].delete()
        return json_answer(self._device.keepers[name].public())

    async def new_job(self, request, _):
        overlays = self._device.overlays
        async with overlays.turn:
            with overlays:
                from mfpmail.web.upload import take_job

                job = await take_job(request, self._device)
        return json_answer(job.public(), 201)

    async def all_jobs(self, request, _):
        return json_list(self._device.outbox.listing())

    async def one_job(self, request, name):
        return json_answer(self._device.outbox.find(name).public())

    async def delete_job(self, request, name):
        self._device.outbox.delete(self._device.outbox.find(name))
        return json_answer({})

    async def receive(self, request, name):
        return json_answer(await self._device.maildrops.check(name))

    async def all_items(self, request, _):
        return json_list(self._device.inbox.items())

    async def one_item(self, request, name):
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Disposition": "attachment",
            "Content-Length": str(self._device.inbox.find(name)["size"]),
        }
        return self._device.inbox.open(name), 200, headers

    async def delete_item(self, request, name):
        self._device.inbox.delete(name)
        return json_answer({})
