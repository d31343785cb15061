"""A client that says to the device what no browser would, byte by byte, and reads the answer."""

import json
import socket

from device import DeviceError

ANSWER_S = 30
CRLF = b"\r\n"
BOUNDARY = "=_a 'boundary'"
FORM_TYPE = 'multipart/form-data; boundary="%s"' % BOUNDARY


class Answer:
    """One HTTP answer; `status` is None when the device closed without one."""

    def __init__(self, data):
        head, _, self.body = data.partition(CRLF + CRLF)
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1]) if data else None
        fields = [line.split(":", 1) for line in lines[1:]]
        self.headers = {name.lower(): value.strip() for name, value in fields}

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def refusal(self):
        """The status and the code of an error answer, which always has a sentence as well."""
        assert self.json["message"]
        return self.status, self.json["error"]


def connect(device):
    """Return a socket that is connected to the device."""
    port = int(device.url.rsplit(":", 1)[1])
    return socket.create_connection(("127.0.0.1", port), ANSWER_S)


def say(device, *pieces):
    """Send the bytes, then read the Answer.

    All is sent before the first byte is read, as simple clients do: an answer that comes with a
    reset of the connection would be lost.
    """
    with connect(device) as sock:
        for piece in pieces:
            sock.sendall(piece)
        return Answer(read_answer(sock))


def hang_up_after(device, data):
    """Send the bytes, then close without waiting for anything."""
    with connect(device) as sock:
        sock.sendall(data)


def read_answer(sock):
    """Return the bytes of one answer, up to its length or to the end."""
    data = b""
    while not is_complete(data):
        piece = sock.recv(65536)
        if not piece:
            break
        data += piece
    return data


def is_complete(data):
    head, end, body = data.partition(CRLF + CRLF)
    for line in head.lower().split(CRLF) if end else ():
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return False


def request(method, path, headers=(), body=b"", length=None):
    """Return the bytes of a request; `length` replaces the true Content-Length."""
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: device"]
    lines += ["%s: %s" % pair for pair in dict(headers).items()]
    if length is not None or body:
        lines.append("Content-Length: %s" % (len(body) if length is None else length))
    return "\r\n".join(lines).encode() + CRLF + CRLF + body


def log_in(device, entered):
    """Return the Answer to a sign-in with this JSON value."""
    return say(device, request("POST", "/api/login", body=json.dumps(entered).encode()))


def sign_in(device):
    """Return the header fields of a new sign-in: its cookie and its CSRF token."""
    answer = log_in(device, {"password": device.password})
    cookie = answer.headers["set-cookie"].split(";")[0]
    return {"Cookie": cookie, "X-CSRF-Token": answer.json["csrf"]}


def refused(client, method, path, **arguments):
    """Make a call that must fail; return its status and its JSON."""
    try:
        answer = client.call(method, path, **arguments)
    except DeviceError as error:
        assert error.answer["message"]
        return error.status, error.answer
    raise AssertionError("%s %s was answered: %s" % (method, path, answer))


def field(name, value):
    """Return a form's field as a part."""
    return 'Content-Disposition: form-data; name="%s"' % name, value


def file(name, content, content_type="application/pdf"):
    """Return a form's file as a part; `name` stands in the header as it is."""
    header = 'Content-Disposition: form-data; name="file"; filename="%s"\r\nContent-Type: %s'
    return header % (name, content_type), content


def form(parts, end=True):
    """Return a multipart body of `(header, content)` parts."""
    body = b""
    for header, content in parts:
        body += ("--%s\r\n%s\r\n\r\n" % (BOUNDARY, header)).encode() + content + CRLF
    return body + (("--%s--\r\n" % BOUNDARY).encode() if end else b"")


def upload(headers, body, content_type=FORM_TYPE, length=None):
    """Return the bytes of a request for a new job."""
    headers = dict(headers, **{"Content-Type": content_type})
    return request("POST", "/api/jobs", headers, body, length)
