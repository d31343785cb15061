"""The JSON API: what the pages, the tools and the tests call.

One table names every call; microdot itself has a single route for all of them, as each route of
its own costs memory for as long as the device runs. What a page asks for again and again stands
here, the rest is loaded for the call (`web.commands`).
"""

from mfpmail.core import errors, settings
from mfpmail.web.answers import error_answer, json_answer, json_list
from mfpmail.web.wording import Wording

# "METHOD path", * standing for a name → method of Api, or function of `web.commands`.
CALLS = {
    "GET login": "signed_in",
    "POST logout": "log_out",
    "GET status": "status",
    "POST status/mail": "mail_status",
    "POST events": "report_event",
    "GET settings": "all_settings",
    "GET settings/*": "one_setting",
    "PUT settings/*": "change_setting",
    "POST settings/*/test": "test_setting",
    "GET providers": "all_providers",
    "GET tokens": "all_tokens",
    "GET tokens/*": "one_token",
    "POST tokens/*/get": "get_token",
    "POST tokens/*/redirect": "take_redirect",
    "POST tokens/*/revoke": "revoke_token",
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
        self.device = device
        self.wording = Wording(device.texts, device.configuration)

    def find(self, method, path):
        """Return `(call, name)` for a request; `call` is None when there is no such thing."""
        parts = path.split("/")
        name = None
        if len(parts) > 1 and path != "status/mail":  # no name, but a thing of its own
            name = parts[1]
            parts[1] = "*"
        call = CALLS.get(method + " " + "/".join(parts))
        if not call or (name is not None and not self._exists(parts[0], name)):
            return None, None
        return getattr(self, call, None) or self.command(call), name

    def _exists(self, kind, name):
        """`name` stands in an address of this kind: is there such a thing?"""
        if kind == "jobs":
            return self.device.outbox.find(name) is not None
        if kind == "inbox":
            return self.device.inbox.find(name) is not None
        if kind == "receive":
            return name in settings.POP_SETTINGS
        return name in (settings.ALL if kind == "settings" else settings.SETTINGS)

    def command(self, call):
        """Return a function of `web.commands` as a call."""

        async def run(request, name):
            with self.device.overlays:
                from mfpmail.web import commands

                return await getattr(commands, call)(self, request, name)

        return run

    def token(self, request, name):
        """Return the display of a token, in words."""
        return self.wording.explain(request, self.device.keepers[name].public())

    async def all_tokens(self, request, _):
        return json_answer({"items": [self.token(request, n) for n in settings.SETTINGS]})

    async def one_token(self, request, name):
        return json_answer(self.token(request, name))

    async def all_jobs(self, request, _):
        jobs = self.device.outbox.listing()
        return json_list(self.wording.explain(request, job) for job in jobs)

    async def one_job(self, request, name):
        job = self.device.outbox.find(name)
        return json_answer(self.wording.explain(request, job.public()))

    async def all_items(self, request, _):
        return json_list(self.device.inbox.items())

    # These three work for long: what is loaded meanwhile is missing from their own work.

    async def new_job(self, request, _):
        device = self.device
        if device.postman.is_lean:
            await device.postman.make_way()
        error = None
        try:
            async with device.overlays.turn:
                with device.overlays:
                    import mfpmail.web.parts  # noqa: F401 - of both, and loaded but once

                    job, rest = await self._take_job(request)
                    if rest:
                        job, error = await self._pass_on(request, rest)
        finally:
            device.supervisor.wake()  # the queue has made way
        shown = self.wording.explain(request, job.public())
        if not error:
            return json_answer(shown, 201)
        shown["error"] = shown["reason"]  # it has the shape of an error as well
        return json_answer(shown, 503 if getattr(error, "kind", "") == errors.TRANSIENT else 502)

    # Each a coroutine of its own: the code of the first is gone before the second runs.

    async def _take_job(self, request):
        with self.device.overlays:
            from mfpmail.web.upload import take_job

            return await take_job(request, self.device)

    async def _pass_on(self, request, rest):
        with self.device.overlays:
            from mfpmail.web.passing import pass_on

            return await pass_on(request, self.device, rest)

    async def receive(self, request, name):
        return json_answer(await self.device.maildrops.check(name))

    async def test_setting(self, request, name):
        if name == settings.DEVICE:
            return error_answer(404, "not_found", "This setting has no server.")
        answer = await self.device.postman.test(name)
        lead = answer.pop("lead", "")
        answer = self.wording.explain(request, answer)
        if lead:
            said = self.wording.explain(request, {"topic": lead, "detail": ""})
            answer["message"] = "%s (%s)" % (said["message"], answer["message"])
        return json_answer(answer)
