"""The web server: microdot, the administrator's page, and the rules that hold for every call."""

import asyncio
import gc

from microdot.microdot import Microdot, Request, Response, send_file

import mfpmail.web
from mfpmail.core import limits
from mfpmail.core.errors import NetworkError
from mfpmail.web.answers import error_answer
from mfpmail.web.api import Api
from mfpmail.web.guard import answered, refusal
from mfpmail.web.reader import RequestReader, ResponseWriter, Slots

_STATIC = mfpmail.web.__file__.rsplit("/", 1)[0] + "/static/"
_PAGE = "index.html"
_BACKLOG = 16  # a browser opens six at once; one that is turned away tries again in a second
_MAX_REQUESTS = 3  # at a time: each takes some kilobytes until it is answered
_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "json": "application/json",
}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

# Larger bodies stay in the socket: only the upload of a job reads one, block by block.
Request.max_body_length = limits.MAX_JSON_BODY_BYTES
Request.max_content_length = 1 << 30
Response.default_content_type = "application/json"


def make_app(device, static_exists):
    """Return the microdot application; `static_exists(path)` says whether a file is there."""
    app = Microdot()
    api = Api(device)

    @app.get("/")
    async def page(request):
        return _send(_PAGE, static_exists)

    @app.get("/static/<name>")
    async def static(request, name):
        if name.startswith(".") or not all(c.isalpha() or c.isdigit() or c in "._-" for c in name):
            return _not_found()
        return _send(name, static_exists)

    @app.route("/api/<path:path>", methods=["GET", "POST", "PUT", "DELETE"])
    async def call_api(request, path):
        return await _call(api, device, request, path)

    @app.after_request
    def harden(request, response):
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    _add_error_answers(app)
    return app


async def _call(api, device, request, path):
    if (request.method, path) == ("POST", "login"):
        return await answered(api.command("log_in"), request, None, api.wording)
    refused = refusal(device, request)
    if refused:
        return refused
    call, name = api.find(request.method, path)
    return await answered(call, request, name, api.wording) if call else _not_found()


def _not_found():
    return error_answer(404, "not_found", "There is no such thing.")


def _send(name, static_exists):
    """Send a file, in the compressed form in which an image carries it."""
    content_type = _TYPES.get(name.rsplit(".", 1)[-1], "application/octet-stream")
    if static_exists(_STATIC + name + ".gz"):
        return send_file(
            _STATIC + name, content_type=content_type, compressed=True, file_extension=".gz"
        )
    if static_exists(_STATIC + name):
        return send_file(_STATIC + name, content_type=content_type)
    return _not_found()


# What microdot itself refuses, before or instead of calling us.
_ERRORS = {
    400: ("bad_request", "The request is malformed."),
    404: ("not_found", "There is no such thing."),
    405: ("method_not_allowed", "This address does not take that."),
    413: ("body_too_large", "The request is too large."),
}


def _add_error_answers(app):
    for status in _ERRORS:
        app.errorhandler(status)(lambda request, status=status: _error(status))

    @app.errorhandler(Exception)
    def failed(request, error):
        name = type(error).__name__
        return error_answer(500, "internal", "The device made a mistake (%s)." % name)


def _error(status):
    return error_answer(status, *_ERRORS[status])


async def serve(app, host, port, on_ready):
    """Serve until cancelled; `on_ready()` is called when the port listens.

    Raises NetworkError `port_unavailable`.
    """

    slots = Slots(_MAX_REQUESTS)

    async def handle(reader, writer):
        request = RequestReader(reader)
        answer = ResponseWriter(writer, request)
        try:
            if await request.wait_for_request():
                async with slots:
                    await app.handle_request(request, answer)
        except (OSError, asyncio.TimeoutError):
            pass  # the browser went away
        except MemoryError:
            gc.collect()  # the browser sees its connection closed, and asks again
        finally:
            await answer.close()

    try:
        server = await asyncio.start_server(handle, host, port, backlog=_BACKLOG)
    except OSError as error:
        sentence = "Port %d of %s is in use, or not allowed (%s)." % (port, host, error.errno)
        raise NetworkError("port_unavailable", sentence)
    on_ready()
    await server.wait_closed()
