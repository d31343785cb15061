"""Uploads of mails that are to be sent while they come, and devices that take them."""

from fakes.dialogues import QUIT, SMTP_SIGNED_IN, transaction
from fakes.ports import FakePorts
from mfpmail.service.device import Device
from support import acquire, configure, run

SCAN = bytes(range(256)) * 2
BLOCKS = 48  # of a scan that is too large for the heap of a device under test
FIELDS = (("to", b"a@far.test"), ("subject", b"Scan"), ("text", b"See.\n.\n"), ("mode", b"pass"))
DOT = b"\r\n.\r\n"


class Upload:
    """The request of an uploader; `read_bytes` counts what was taken of it.

    `body` is bytes, or a list of them. `cut_after_bytes` is how much it says before it vanishes;
    `on_read()` is called before each read.
    """

    def __init__(self, body, cut_after_bytes=None):
        self.headers = {"Content-Type": "multipart/form-data; boundary=b"}
        self.stream = self
        self.read_bytes = 0
        self.on_read = lambda: None
        self._pieces = [body] if isinstance(body, bytes) else body
        self.content_length = sum([len(piece) for piece in self._pieces])
        self._left_bytes = self.content_length if cut_after_bytes is None else cut_after_bytes
        self._at = 0

    async def read(self, count):
        self.on_read()
        while self._pieces and self._at == len(self._pieces[0]):
            self._pieces, self._at = self._pieces[1:], 0
        if not self._pieces:
            return b""
        end = min(self._at + min(count, self._left_bytes), len(self._pieces[0]))
        data = self._pieces[0][self._at : end]
        self._at = end
        self._left_bytes -= len(data)
        self.read_bytes += len(data)
        return data


def large_form(*parts):
    """Return the body of a form whose last part is a scan of BLOCKS times 512 bytes."""
    head, _, end = form(*parts + (scan(b"here"),)).partition(b"here")
    return [head] + [SCAN] * BLOCKS + [end]


def forget_written(ports):
    """Let the server's memory not grow with the mail; return a list of the sizes it took."""
    sizes = []

    def note(data):
        sizes.append(len(data))
        if len(sizes) > 8:  # the envelope was looked at
            del ports.net.streams[-1].writes[8:]

    ports.net.on_write = note
    return sizes


def form(*parts):
    """Return an upload's body of `(field, content)` and `(file name, content, type)`."""
    body = b""
    for part in parts:
        head = b'name="%s"' % part[0].encode()
        if len(part) == 3:
            head = b'name="file"; filename="%s"\r\nContent-Type: %s' % (
                part[0].encode(),
                part[2].encode(),
            )
        body += b"--b\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + part[1] + b"\r\n"
    return body + b"--b--\r\n"


def scan(content=SCAN, name="scan.pdf"):
    return name, content, "application/pdf"


def device_with(*scripts, acquired=True):
    ports = FakePorts(*scripts)
    device = Device(ports)
    configure(device)
    if acquired:
        run(acquire(device, ports.http))
    return device, ports


async def passed(device, upload):
    """Take an upload as the API does; return the job and the error."""
    job, rest = await taken(device, upload)
    return (job, None) if job else await passed_on(device, upload, rest)


async def taken(device, upload):
    with device.overlays:
        from mfpmail.web.upload import take_job

        return await take_job(upload, device)


async def passed_on(device, upload, rest):
    with device.overlays:
        from mfpmail.web.passing import pass_on

        return await pass_on(upload, device, rest)


def delivered(final=b"250 2.0.0 queued\r\n", recipients=(("a@far.test", b"250 ok\r\n"),)):
    return SMTP_SIGNED_IN + transaction(recipients, final) + [QUIT]


def assert_nothing_left(device, ports):
    assert device.outbox.jobs == []
    assert ports.files.names("outbox") == []
    assert all(stream.closed for stream in ports.net.streams)
    assert not device.postman.sending.locked()
