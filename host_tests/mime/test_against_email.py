"""core/mimeparse.py finds in mails what CPython's `email` finds, on both interpreters.

The mails: those of CPython's own tests, which are read from the standard library and not kept
here, and a corpus of well-formed and of damaged ones. Where the two differ, the reason stands
below.
"""

import email
import email.policy
import hashlib
import importlib.util
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from mime import digests
from mime.fuzzed import corpus

from tree import build_modules

CLOSED = re.compile(rb"\n--[^\r\n]+--\r?\n")
HEAP = "1M"  # for the mails, which are read as a whole here, and for their results
RUN_LIMIT_S = 240
WELL_FORMED = 150
DAMAGED = 300

NO_DELIMITER = "The boundary of a multipart never comes: `email` gives all of it as one part of"
NO_DELIMITER += " that type; here there is no part, and the defect says so."
SAME_BOUNDARY = (
    "A multipart inside has the boundary of the outer one: `email` is at the end with the"
)
SAME_BOUNDARY += " first close-delimiter, and loses the files behind it."
ONLY_CLOSED = "The first delimiter of a multipart is its last: as above, but nothing is missing."
# Of the mails of CPython's tests those that give other attachments.
OF_CPYTHON = {
    "msg_15.txt": SAME_BOUNDARY,
    "msg_17.txt": NO_DELIMITER,
    "msg_31.txt": NO_DELIMITER,
    "msg_39.txt": SAME_BOUNDARY,
}
BROKEN_HEADER = "A line of a header is no field: `email` ends the header there, and what follows is"
BROKEN_HEADER += " content; here it is passed over, as wrapped lines do occur."
NO_BOUNDARY = "A multipart names no boundary and is one block: `email` counts the line end before"
NO_BOUNDARY += " the delimiter of the outer multipart to it."
LONG_BOUNDARY = "A boundary is longer than 200 characters: the multipart is one block, too."
CUT_HEADER = "The mail ends inside the header of a part: `email` gives an empty part."
BASE64 = "One character of base64 is too many: `email` gives the whole text undecoded; here the"
BASE64 += " character is left out."
ESCAPES = "A `=` begins no escape of quoted-printable: here it passes as it is, `email` takes two"
ESCAPES += " for one."
LINE_ENDS = "A CR alone ends a line for `email`."


def test_data_of_cpython_gives_the_same_attachments_on_both_interpreters(tmp_path):
    folder = data_of_cpython()
    names = sorted(path.name for path in folder.glob("*.txt"))
    assert len(names) > 40
    for name in names:
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    found = found_by_both(tmp_path)
    others = {n for n in names if attachments(found[n]) != expected((folder / n).read_bytes())}
    assert others == set(OF_CPYTHON)
    for name in others:
        known = expected((folder / name).read_bytes())
        if OF_CPYTHON[name] == SAME_BOUNDARY:
            files = [entry for entry in known if not entry[0].startswith("multipart/")]
            assert all(entry in attachments(found[name]) for entry in files)
        else:
            assert [entry[0] for entry in known] == ["multipart/mixed"]
            assert found[name][1] == ["truncated"]


def test_well_formed_mails_give_the_same_attachments_on_both_interpreters(tmp_path):
    contents = corpus("mails", WELL_FORMED)
    assert len(contents) == WELL_FORMED
    found = found_by_both(write_all(tmp_path, contents))
    for number, data in enumerate(contents):
        parts, defects, _ = found["%05d" % number]
        assert defects == []
        assert attachments(found["%05d" % number]) == expected(data)
        assert [part[1] for part in parts] == [p.get_content_type() for p in parsed(data).walk()]


def test_damaged_mails_differ_for_known_reasons_only(tmp_path, record_property):
    contents = corpus("damaged", DAMAGED)
    found = found_by_both(write_all(tmp_path, contents))
    counts = Counter()
    for number, data in enumerate(contents):
        name = "%05d" % number
        same = attachments(found[name]) == expected(data)
        reason = "same" if same else reason_of(data, found[name][1])
        assert reason, (data, attachments(found[name]), expected(data))
        counts[reason] += 1
    assert counts["same"] > DAMAGED * 0.6, counts
    record_property("figure", "damaged mails: %d of %d as `email`" % (counts["same"], DAMAGED))


def data_of_cpython():
    """Return the folder of the mails of CPython's tests. Some systems pack it apart from the
    standard library; then this test is left out, which fails in CI."""
    try:
        package = importlib.util.find_spec("test.test_email")
    except ModuleNotFoundError:
        package = None
    folder = Path(package.origin).parent / "data" if package else None
    if not folder or not folder.is_dir():
        pytest.skip("this Python has no test.test_email (Debian: apt install libpython3-testsuite)")
    return folder


def write_all(folder, contents):
    for number, data in enumerate(contents):
        (folder / ("%05d" % number)).write_bytes(data)
    return folder


def found_by_both(folder):
    """Return `{name: (parts, defects, pieces make no difference)}`, the same for both."""
    micropython = Path(sys.executable).with_name("micropython")
    command = [micropython, "-X", "heapsize=" + HEAP, Path(digests.__file__)]
    command += [build_modules() / "lib", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_LIMIT_S)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]
    found = {}
    for line in done.stdout.splitlines():
        name, *result = json.loads(line)
        found[name] = tuple(result)
    assert sorted(found) == sorted(path.name for path in folder.iterdir())
    for path in folder.iterdir():
        assert found[path.name] == tuple(digests.results(path.read_bytes())), path.name
        assert found[path.name][2], path.name
    return found


def attachments(result):
    """Return `[(type, name, SHA-256)]`; what is enclosed as a message has no digest here."""
    rows = [part for part in result[0] if part[3]]
    return [(p[1], p[2], "" if p[1].startswith("message/") else p[6]) for p in rows]


def parsed(data):
    return email.message_from_bytes(data, policy=email.policy.default)


def expected(data):
    """Return the same as `attachments`, as `email` sees it: an enclosed message is one file."""
    found = []
    collect(parsed(data), found)
    return found


def collect(part, found):
    content_type = part.get_content_type()
    is_message = content_type.startswith("message/")
    if part.is_multipart() and not is_message:
        for inner in part.get_payload():
            collect(inner, found)
        return
    # The path of a name is left out here, as it must not lead anywhere.
    name = (part.get_filename() or "").replace("\\", "/").rpartition("/")[2].strip()
    if (
        name
        or part.get_content_disposition() == "attachment"
        or part.get_content_maintype() != "text"
    ):
        content = b"" if is_message else part.get_payload(decode=True)
        found.append(
            (content_type, name, "" if is_message else hashlib.sha256(content).hexdigest())
        )


def reason_of(data, ours):
    """Return why the attachments of a damaged mail are not the same, None for no known reason."""
    theirs = set()
    for part in parsed(data).walk():
        if not part.get_content_type().startswith("multipart/"):
            part.get_payload(decode=True)
        theirs.update(type(defect).__name__ for defect in part.defects)
    signs = (
        ("MissingHeaderBodySeparatorDefect" in theirs, BROKEN_HEADER),
        ("StartBoundaryNotFoundDefect" in theirs and "truncated" in ours, NO_DELIMITER),
        ("StartBoundaryNotFoundDefect" in theirs and CLOSED.search(data), ONLY_CLOSED),
        ("NoBoundaryInMultipartDefect" in theirs and "no_boundary" in ours, NO_BOUNDARY),
        ("NoBoundaryInMultipartDefect" not in theirs and "limit" in ours, LONG_BOUNDARY),
        ("InvalidBase64LengthDefect" in theirs and "damaged" in ours, BASE64),
        (b"\r" in data.replace(b"\r\n", b""), LINE_ENDS),
        ("CloseBoundaryNotFoundDefect" in theirs and "truncated" in ours, CUT_HEADER),
        (b"quoted-printable" in data and "damaged" in ours, ESCAPES),
    )
    return next((reason for sign, reason in signs if sign), None)
