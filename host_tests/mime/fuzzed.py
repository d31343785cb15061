"""Mails for the parser: well-formed ones of every structure, and the same with damage.

The same ones in every run: `hypothesis` draws them from a fixed seed, in a process of its own, as
it also takes what it finds in the modules that are loaded.

python fuzzed.py mails|damaged COUNT
"""

import email.policy
import json
import subprocess
import sys
from email.message import EmailMessage

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = st.one_of(
    st.sampled_from(
        ["a.pdf", "σάρωση εγγράφου.tif", "複合機.png", "a b;c=d.pdf", "it's 100%.txt", "x" * 120]
    ),
    st.text(
        st.characters(
            exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Zs"), exclude_characters='/\\"?'
        ),
        min_size=1,
        max_size=40,
    ).filter(lambda name: name not in (".", "..")),
)
CONTENTS = st.one_of(
    st.binary(max_size=700),
    st.sampled_from([b"", b"\0", b"\r\n--b\r\n" * 20, b"=" * 80, bytes(range(256)) * 5]),
)
TYPES = st.sampled_from([("application", "pdf"), ("image", "tiff"), ("image", "jpeg")])
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r"), max_size=300)
ENCODINGS = st.sampled_from(["base64", "quoted-printable", "base64"])
FILES = st.lists(st.tuples(NAMES, CONTENTS, TYPES, ENCODINGS), max_size=4)
DAMAGE = st.sampled_from(
    [b"\r\n", b"\n", b"\r\n\r\n", b"--", b"=", b"==", b"\0", b"\xff", b" ", b"\t", b";", b'"', b":"]
    + [b"\r\n--b\r\n", b"boundary=", b"Content-Type: multipart/mixed; boundary=b\r\n", b"A" * 300]
    + [b"Content-Transfer-Encoding: base64\r\n", b"=?utf-8?B?", b"?=", b"*0*=", b"=3D", b"=zz"]
)
POLICIES = st.sampled_from([email.policy.SMTP, email.policy.default, email.policy.SMTPUTF8])


@st.composite
def mails(draw):
    """A mail with a text, at times HTML, and files, at times one level deeper."""
    message = EmailMessage()
    message["From"] = "a@mail.example"
    message["Subject"] = draw(st.sampled_from(["Scan", "Σάρωση", "x" * 200]))
    message.set_content(draw(TEXTS))
    if draw(st.booleans()):
        message.add_alternative("<p>text</p>", subtype="html")
    add_files(message, draw(FILES))
    if draw(st.booleans()):
        outer = EmailMessage()
        outer["From"] = "b@mail.example"
        outer.set_content("Outer")
        outer.make_mixed()
        del message["From"], message["Subject"]
        outer.attach(message)
        add_files(outer, draw(FILES))
        message = outer
    multiparts = [part for part in message.walk() if part.is_multipart()]
    for number, part in enumerate(multiparts):
        part.set_boundary("=_%d_of_these_parts" % number)
    return message.as_bytes(policy=draw(POLICIES))


def add_files(message, files):
    for name, data, (maintype, subtype), encoding in files:
        message.add_attachment(
            data, maintype=maintype, subtype=subtype, filename=name, cte=encoding
        )


@st.composite
def damaged(draw):
    """A mail of which pieces are missing, doubled, or replaced by what means something."""
    data = draw(mails())
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 120)))
        kind = draw(st.sampled_from(["cut", "double", "insert", "end"]))
        if kind == "cut":
            data = data[:start] + data[end:]
        elif kind == "double":
            data = data[:end] + data[start:end] + data[end:]
        elif kind == "insert":
            data = data[:start] + draw(DAMAGE) + data[start:]
        else:
            data = data[: max(start, 1)]
    return data


def corpus(kind, count):
    """Return that many mails of a kind, `mails` or `damaged`: the same ones in every run."""
    command = [sys.executable, __file__, kind, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [bytes.fromhex(mail) for mail in json.loads(done.stdout)]


def drawn(strategy, count):
    """Return that many examples."""
    found = []

    @settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(data):
        found.append(data)

    collect()
    return found[:count]


if __name__ == "__main__":
    KINDS = {"mails": mails, "damaged": damaged}
    print(json.dumps([mail.hex() for mail in drawn(KINDS[sys.argv[1]](), int(sys.argv[2]))]))
