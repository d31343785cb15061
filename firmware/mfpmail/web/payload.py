"""What a request brings as JSON."""

import json

from mfpmail.core import limits
from mfpmail.core.errors import ProtocolError
from mfpmail.core.text import encode_utf8


def json_object(request):
    """Return the request's JSON object, its texts good for UTF-8.

    Raises ProtocolError `bad_json` or `body_too_large`.
    """
    if request.content_length > limits.MAX_JSON_BODY_BYTES:
        raise ProtocolError("body_too_large", "The request is too large.")
    try:
        value = json.loads(request.body.decode())
    except (ValueError, RuntimeError, MemoryError):  # the last two: nested without end
        value = None
    if not isinstance(value, dict):
        raise ProtocolError("bad_json", "The request is no JSON object.")
    return {_text(name): _text(member) for name, member in value.items()}


def _text(value):
    """MicroPython leaves the halves of an escaped emoji apart, CPython keeps single halves."""
    return encode_utf8(value).decode() if isinstance(value, str) else value
