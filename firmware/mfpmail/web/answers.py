"""The shape of every error answer: `{"error": CODE, "message": TEXT}` and its HTTP status."""

import json

from mfpmail.core.errors import TRANSIENT, ProtocolError, SettingsError, StorageError

_STATUS = {
    "no_sign_in": 409,
    "redirect_state": 400,
    "redirect_empty": 400,
    "token_held": 409,
    "token_missing": 409,
    "spool_full": 507,
    "body_too_large": 413,
}


def json_answer(value, status=200, headers=None):
    """Return a microdot answer with a JSON body."""
    all_headers = {"Content-Type": "application/json"}
    all_headers.update(headers or {})
    return json.dumps(value), status, all_headers


def json_list(items):
    """Return `{"items": [...]}`, written item by item: a long list is never in memory."""
    return _listed(items), 200, {"Content-Type": "application/json"}


def _listed(items):
    separator = '{"items": ['
    for item in items:
        yield separator + json.dumps(item)
        separator = ", "
    yield "]}" if separator == ", " else separator + "]}"


def error_answer(status, code, message, **more):
    """Return an error; `more` adds `fields`."""
    answer = {"error": code, "message": message}
    answer.update(more)
    return json_answer(answer, status)


def mail_error_answer(error, explain):
    """Return the answer that a MailError means; `explain(shown)` puts it into words."""
    if isinstance(error, SettingsError):
        return error_answer(422, error.code, error.message, fields=error.fields)
    shown = explain({"error": error.code, "topic": error.topic, "detail": error.message})
    return json_answer(shown, _status_of(error))


def _status_of(error):
    if error.code in _STATUS:
        return _STATUS[error.code]
    if isinstance(error, StorageError):
        return 507
    if isinstance(error, ProtocolError):
        return 400
    return 503 if error.kind == TRANSIENT else 502
