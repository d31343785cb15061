"""Mails from nasty inputs, as the device composes them, and what CPython's `email` must read."""

import base64
import email
import email.policy
import email.utils
from email.header import decode_header, make_header

from mfpmail.core.datetimes import format_date
from mfpmail.service.compose import addresses_in, faults_of, new_record

SENDER = "scan@sandbox.test"
NOW_S = 1795464000
MAX_LINE_BYTES = 998  # RFC 5322 section 2.1.1
MAX_HEADER_CHARS = 78
NAMES = {
    "Greek": "Σάρωση εγγράφου από τον εκτυπωτή του τρίτου ορόφου, σελίδες 1 έως 24",
    "Japanese": "複合機からの印刷ジョブが完了しました。三階の複合機です。",
    "emoji": "😀📠👨‍👩‍👧 " * 8 + "🏴‍☠️",
    "right-to-left": "טופס סרוק\u200f \u200eمسح ضوئي \u202bמעורב\u202c abc",
    "combining": "e\u0301\u0323" * 20 + "가각" * 20,
    "no blanks": "x" * 255,
    "no blanks, Japanese": "印" * 255,
    "quotes": 'The "big" \\ printer\\" said "\\',
    "encoded look": "=?utf-8?B?zrE=?= =?x?= =?utf-8?Q?",
    "parameter look": "a;b=c; filename*0*=utf-8''%41 %zz '",
    "address look": "a@b <c@d>, (comment) e@f:;",
    "special": "!#$%&'*+-/=?^_`{|}~()<>[]:;@\\,.\"",
    "dots": "...",
    "one": "0",
}
TEXTS = {
    "empty": "",
    "line of 998": "x" * 998 + "\r\n" + "y" * 998,
    "line of 999": "x" * 999,
    "line of 5000 Greek letters": "λ" * 5000,
    "dots": ".\r\n..\r\n...\r\n.x\r\n.\r\n\r\n.",
    "dots without an end": "." * 3000,
    "dots, a line of 998": "." * 998 + "\n.\n" + "." * 998,
    "From": "From me\n\nFrom you\n>From",
    "line ends": "a\rb\nc\r\nd\n\re\r\r\nf\r\n\r\ng\n\n\r",
    "line ends alone": "\n" * 50,
    "blanks at line ends": "a \nb\t\n \n\t\n  ",
    "NUL": "a\0b",
    "controls": "".join(map(chr, range(1, 32))) + "\x7f\x80\x85\x9f\u2028\u2029\ufeff",
    "emoji": "😀📠👨‍👩‍👧\n" * 300,
    "boundaries": "--\n--=_\n--=_=\n--=_0011223344556677\n--=_0011223344556677--\n--\n",
    "header look": "Subject: x\n\nBcc: y@z\n",
}
FILES = {
    "empty": b"",
    "one byte": b"\0",
    "every byte": bytes(range(256)) * 9,
    "56, 57, 58 bytes": b"x" * 56,
    "lines of dots": b".\r\n" * 700,
    "line ends": b"\r\n\n\r\0" * 300,
    "boundary": b"\r\n--=_000102030405060708090a0b0c0d0e0f--\r\n.\r\n",
    "large": bytes(range(251)) * 800,
}
HTML = (
    "<html><head><title>Σ</title></head><body>\n<p>Γειά &amp; <b>χαρά</b>.</p>\n.\n"
    '<img src="cid:file1@inline">\n' + "<p>" + "x" * 1200 + "</p>\r\r\n</body></html>"
)
UTF8_ADDRESS = "ελένη@sandbox.test"


def mail(text="Hello", files=(), html="", **fields):
    """Return what `compose` takes; `files` are `(name, content)` or `(name, content, type)`."""
    values = {"to": "alice@sandbox.test", "subject": "Scan", "sender": ("Printer", SENDER)}
    values.update(fields)
    values["contents"] = [file[1] for file in files]
    values["files"] = [
        {"name": file[0], "type": (file + ("application/pdf",))[2], "size": len(file[1])}
        for file in files
    ]
    for name, content in (("text", text), ("html", html)):
        data = content.encode()
        values[name] = content
        values[name + "_bytes"] = len(data)
        values[name + "_pieces"] = lambda data=data: _cut(data, 512)
    return values


def _cut(data, count):
    return (data[at : at + count] for at in range(0, len(data), count))


def cases():
    """Return `{name: mail}`."""
    found = {"subject: " + n: mail(subject=text) for n, text in NAMES.items()}
    found.update({"sender: " + n: mail(sender=(text[:60], SENDER)) for n, text in NAMES.items()})
    found.update({"text: " + name: mail(text) for name, text in TEXTS.items()})
    found.update({"text, file: " + n: mail(t, [("a", b"1")]) for n, t in TEXTS.items()})
    found.update({"html: " + name: mail(text, html=text + "<p>") for name, text in TEXTS.items()})
    found.update({"file: " + name: mail(files=[("f.bin", data)]) for name, data in FILES.items()})
    found.update(
        {"file name: " + n: mail(files=[(text[:128].strip(), b"1")]) for n, text in NAMES.items()}
    )
    found.update(_structures())
    return found


def _structures():
    many = ["person%d@sandbox.test" % n for n in range(100)]
    image = ("σάρωση.png", b"\x89PNG", "image/png")
    long = "a" * 64 + "@" + ".".join(["d" * 63, "e" * 63, "f" * 61])
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    return {
        "100 recipients": mail(to=",".join(many)),
        "100 recipients in Cc": mail(to="", cc=", ".join(many)),
        "99 recipients in Bcc": mail(bcc=",".join(many[1:])),
        "Bcc alone": mail(to="", bcc="secret@sandbox.test"),
        "every list": mail(
            to="a@x.test,b@x.test", cc="c@x.test", bcc="d@x.test", reply_to="e@x.test, f@x.test"
        ),
        "longest address": mail(to=long, cc=long, reply_to=long),
        "international domains": mail(to="a@ελληνικά.gr,b@例え。テスト", reply_to="c@bücher.de"),
        "html alone": mail("", html=HTML),
        "text and html": mail("Γειά", html=HTML),
        "html and files": mail("Γειά", [image, ("b.pdf", FILES["every byte"])], HTML),
        "html alone and a file": mail("", [("b.pdf", b"")], HTML),
        "16 files": mail("", [("%d" % n, bytes(n)) for n in range(16)]),
        "long media type": mail(files=[("a.docx", b"1", word)]),
        "everything empty": mail("", [("0", b"")], subject="", sender=("", SENDER)),
    }


def utf8_cases():
    """Return `{name: mail}` of those that need SMTPUTF8."""
    return {
        "to": mail(to=UTF8_ADDRESS, subject=NAMES["Greek"]),
        "cc, reply to, file": mail(
            TEXTS["controls"],
            [("σ", FILES["every byte"])],
            cc="用户@例え.テスト, 😀@x.test",
            reply_to=UTF8_ADDRESS,
        ),
        "many": mail(html=HTML, to=",".join(["άτομο%d@sandbox.test" % n for n in range(60)])),
    }


class _Writer:
    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += data


def rendered(values):
    """Return `(record, mail)` as the device stores and sends it; the files are encoded here by
    the standard library."""
    assert faults_of(values, "spool") == {}
    writer = _Writer()
    record = new_record("000001-ab", values, NOW_S, lambda count: bytes(range(count)), writer)
    out, at = b"", 0
    for entry in record["plan"]:
        if entry < 0:
            lines = base64.encodebytes(values["contents"][-1 - entry])
            out += lines.replace(b"\n", b"\r\n")
        else:
            out += writer.data[at : at + entry]
            at += entry
    assert at == len(writer.data)
    return record, out


def check(values, record, data):
    """Assert that a mail is fit for the wire and holds exactly what was entered."""
    check_wire(record, data)
    parsed = parse(data, record["smtputf8"])
    for part in parsed.walk():
        assert not part.defects
        assert record["smtputf8"] or not [value for value in part.values() if value.defects]
    check_header(values, record, parsed)
    check_texts(values, parsed)
    check_files(values, parsed)


def parse(data, smtputf8):
    """Return the mail as `email` reads it; from bytes it knows no addresses beyond ASCII."""
    if smtputf8:
        return email.message_from_string(data.decode(), policy=email.policy.default)
    return email.message_from_bytes(data, policy=email.policy.default)


def check_wire(record, data):
    assert len(data) == record["bytes_total"]
    rest = data.replace(b"\r\n", b"")
    assert b"\r" not in rest and b"\n" not in rest and b"\0" not in rest
    assert max(map(len, data.split(b"\r\n"))) <= MAX_LINE_BYTES
    header, body = data.split(b"\r\n\r\n", 1)
    assert all(byte < 127 for byte in body)
    assert header.isascii() or record["smtputf8"]
    parsed = email.message_from_bytes(data)
    for part in parsed.walk():
        for field in part.as_bytes().split(b"\n\n")[0].decode().split("\n"):
            words = field.split()
            # What cannot be folded, an address or a media type, may be longer.
            assert len(field) <= MAX_HEADER_CHARS or len(words[-1]) > 60, field


def check_header(values, record, parsed):
    assert parsed["Subject"] == values["subject"]
    assert parsed["Date"] == format_date(NOW_S)
    assert parsed["Message-ID"] == record["message_id"]
    check_sender(values, parsed)
    visible = {}
    for field, name in (("To", "to"), ("Cc", "cc"), ("Reply-To", "reply_to")):
        visible[name] = [on_the_wire(a) for a in addresses_in(values.get(name, ""))]
        shown = [a.addr_spec for a in parsed[field].addresses] if parsed[field] else []
        assert shown == visible[name]
    hidden = [on_the_wire(a) for a in addresses_in(values.get("bcc", ""))]
    recipients = [recipient["address"] for recipient in record["recipients"]]
    assert recipients == visible["to"] + visible["cc"] * (visible["cc"] != visible["to"]) + hidden
    assert parsed["Bcc"] is None
    assert not [a for a in hidden if a in parsed.as_string()]


def check_sender(values, parsed):
    (sender,) = parsed["From"].addresses
    assert sender.addr_spec == values["sender"][1]
    # The newer interface of CPython before 3.14 puts blanks between encoded words of a name.
    field = email.message_from_string(parsed.as_string(), policy=email.policy.compat32)["From"]
    name, _ = email.utils.parseaddr(field)
    assert str(make_header(decode_header(name))) == values["sender"][0]


def on_the_wire(address):
    """Return the address with A-labels, made by CPython's codec."""
    local_part, _, domain = address.replace("\u3002", ".").partition("@")
    return local_part + "@" + domain.encode("idna").decode()


def check_texts(values, parsed):
    plain = parsed.get_body(("plain",))
    if values["text"] or not values["html"]:
        assert content_of(plain) == normalised(values["text"])
    if values["html"]:
        html = parsed.get_body(("html",))
        assert content_of(html) == normalised(values["html"])
        kinds = [part.get_content_type() for part in parsed.walk()]
        assert kinds.index("text/plain") < kinds.index("text/html")
        assert kinds.count("multipart/alternative") == 1


def content_of(part):
    assert part.get_content_charset() == "utf-8"
    return part.get_payload(decode=True).decode().replace("\r\n", "\n")


def normalised(text):
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if not text or text.endswith("\n") else text + "\n"


def check_files(values, parsed):
    # `iter_attachments` leaves files out where the text is an alternative.
    parts = [part for part in parsed.walk() if part.get_filename() is not None]
    assert [part.get_payload(decode=True) for part in parts] == values["contents"]
    for part, file in zip(parts, values["files"], strict=True):
        assert part["Content-Disposition"].params["filename"] == file["name"]
        assert part["Content-Type"].params["name"] == file["name"]
        assert part.get_content_type() == file["type"]
