"""Media types of the files that a printer meets (RFC 2046)."""

DEFAULT_TYPE = "application/octet-stream"
_TYPES = {
    "pdf": "application/pdf",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "txt": "text/plain",
    "csv": "text/csv",
    "zip": "application/zip",
    "xml": "application/xml",
    "json": "application/json",
}


def guess_type(file_name):
    """Return the media type for the extension of a file name."""
    return _TYPES.get(file_name.rpartition(".")[2].lower(), DEFAULT_TYPE)
