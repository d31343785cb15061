"""What the HTTP adapters of every machine share: limits, checks of what goes out and comes in.

Pure code: no socket, no clock.
"""

from mfpmail.core.errors import HttpError

MAX_HEAD_BYTES = 16384  # status line and header fields of one answer
MAX_HEAD_FIELDS = 100
MAX_BODY_BYTES = 65536

CHUNKED = "chunked"
UNTIL_CLOSE = -1


_HTTP_MESSAGES = {
    "http_redirect": "%s answered with a redirect, which is not followed.",
    "http_too_large": "The answer of %s is too large.",
    "http_malformed": "The answer of %s is not valid HTTP.",
}

# Set by the adapter itself: a second value would let the two ends disagree about the request.
_RESERVED = ("host", "content-length", "transfer-encoding", "connection")


def http_error(code, host):
    """An `HttpError` with the usual sentence; `code` is a key of `_HTTP_MESSAGES`."""
    return HttpError(code, _HTTP_MESSAGES[code] % host)


def split_url(url):
    """`(host, port, target)` of an `https` URL, for example `("a.example", 443, "/token?x=1")`.

    The host is a plain name or IPv4 address: no user information, no IPv6 literal. Blanks,
    control characters, non-ASCII characters and fragments are refused, so that nothing in the URL
    can end the request line early. Raises `HttpError` `not_https`.
    """
    authority, slash, target = url[8:].partition("/")
    host, colon, port_text = authority.partition(":")
    port = _port(port_text) if colon else 443
    if url[:8] != "https://" or not port or not _all_in(host, _is_host_char):
        raise _bad_url()
    if not _all_in(slash + target or "/", _is_target_char):
        raise _bad_url()
    return host, port, "/" + target


def request_fields(headers, host, port, body):
    """The header fields to send: those given, and the ones every request carries.

    `body` is bytes; None where there is none, so that no length is named (RFC 9110 section 8.6).
    Raises `HttpError` `http_malformed` when a name or value could break the header block, or when
    a field is given that only the adapter may set.
    """
    fields = {}
    names = []
    for name in headers:
        value = headers[name]
        if name.lower() in _RESERVED or not _is_field(name, value):
            raise HttpError("http_malformed", "A header field of the request is not allowed.")
        names.append(name.lower())
        fields[name] = value
    if "accept" not in names:
        fields["Accept"] = "application/json"
    fields["Host"] = host if port == 443 else "%s:%d" % (host, port)
    if body is not None:
        fields["Content-Length"] = str(len(body))
    fields["Connection"] = "close"
    return fields


def split_status_line(line, host):
    """The status code of an HTTP/1.x status line (bytes; RFC 9112 section 4).

    Raises `HttpError` `http_malformed`.
    """
    words = line.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or len(words[1]) != 3:
        raise http_error("http_malformed", host)
    if not words[1].isdigit():
        raise http_error("http_malformed", host)
    return int(words[1])


def split_field_line(line, host):
    """`(name, value)` of one header field line, the name in lower case (RFC 9112 section 5).

    A missing colon, a blank before it and a folded line are refused: `HttpError`
    `http_malformed`.
    """
    name, colon, value = line.partition(b":")
    if not colon or not name or name != name.strip():
        raise http_error("http_malformed", host)
    try:
        return str(name, "utf-8").lower(), str(value.strip(), "utf-8")
    except UnicodeError:
        raise http_error("http_malformed", host)


def body_framing(status, headers, host):
    """How the body ends: its length in bytes, `CHUNKED` or `UNTIL_CLOSE` (RFC 9112 section 6.3).

    Answers whose length could be read in two ways are refused: `HttpError` `http_malformed`.
    A length above `MAX_BODY_BYTES` is refused before a byte of it is read: `http_too_large`.
    """
    coding = headers.get("transfer-encoding")
    length = headers.get("content-length")
    if coding is not None:
        if coding.lower() != CHUNKED or length is not None:
            raise http_error("http_malformed", host)
        return CHUNKED
    if status in (204, 304):
        return 0
    if length is None:
        return UNTIL_CLOSE
    if not _is_number(length) or len(length) > 18:
        raise http_error("http_malformed", host)
    if int(length) > MAX_BODY_BYTES:
        raise http_error("http_too_large", host)
    return int(length)


def add_field(headers, name, value):
    """Adds a header field; values of a repeated name are joined by a comma (RFC 9110 5.3)."""
    headers[name] = headers[name] + ", " + value if name in headers else value


def _bad_url():
    return HttpError("not_https", "The address must be https:// with a plain host name.")


def _port(text):
    if not _is_number(text) or len(text) > 5:
        return 0
    port = int(text)
    return port if port < 65536 else 0


def _is_number(text):
    return _all_in(text, lambda char: "0" <= char <= "9")


def _all_in(text, is_allowed):
    return text != "" and all(is_allowed(char) for char in text)


def _is_host_char(char):
    return "a" <= char <= "z" or "A" <= char <= "Z" or "0" <= char <= "9" or char in "-."


def _is_target_char(char):
    return "!" <= char <= "~" and char != "#"


def _is_field(name, value):
    return _all_in(name, _is_token_char) and all(" " <= char <= "~" for char in value)


def _is_token_char(char):
    return _is_host_char(char) or char in "!#$%&'*+^_`|~"
