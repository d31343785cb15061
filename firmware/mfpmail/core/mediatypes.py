"""Media types of the files that a printer meets (RFC 2046)."""

from mfpmail.core.errors import MESSAGE, ProtocolError

DEFAULT_TYPE = "application/octet-stream"
_MAX_TYPE_CHARS = 127  # RFC 6838 section 4.2 allows twice as many and advises half
_SPECIALS = '()<>@,;:\\"/[]?='  # RFC 2045 section 5.1
_TYPES = {
    "pdf": "application/pdf",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "txt": "text/plain",
    "csv": "text/csv",
    "zip": "application/zip",
    "xml": "application/xml",
    "json": "application/json",
}


def guess_type(file_name):
    """Return the media type for the extension of a file name."""
    return _TYPES.get(file_name.rpartition(".")[2].lower(), DEFAULT_TYPE)


def check_type(text):
    """Return a media type without parameters, the default one for "".

    Raises ProtocolError `bad_content_type`."""
    names = text.split("/")
    if text and (len(text) > _MAX_TYPE_CHARS or len(names) != 2 or not all(map(_is_token, names))):
        raise ProtocolError("bad_content_type", "A media type is not valid.", MESSAGE)
    return text or DEFAULT_TYPE


def _is_token(text):
    return bool(text) and all("!" <= c <= "~" and c not in _SPECIALS for c in text)
