"""Receiving at the running device: what comes in, who is answered, large maildrops and mails."""

import base64
import email.message
import email.policy
import threading
from pathlib import Path

import pytest
from devices import PASSWORD, RUNTIMES, get_token, started_device

from device import DeviceProcess, wait_for
from sandbox.accounts import PASSWORDS
from sandbox.sandbox import Sandbox
from sandbox.tokencheck import TokenChecker
from story import pop_fields, smtp_fields

ALICE, BOB = "alice@sandbox.test", "bob@sandbox.test"
PDF = b"%PDF-1.4\n"
SETTINGS = ("ifax", "eprint", "estatus")
MAILS = 10_000
FITTING_BYTES = 20_000_000
HUGE_BYTES = 100_000_000
LIMIT_S = 30
LARGE_FLASH = Path(__file__).with_name("largeflash")


class Maildrop:
    """The maildrop of an account at a sandbox, by its folder."""

    def __init__(self, state, account):
        self._folder = Path(state) / "maildrops" / account
        self._count = 0

    def put(self, *pieces):
        """Lay a mail into it that comes in pieces of bytes."""
        self._count += 1
        hidden = self._folder.parent / "coming"
        with hidden.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        hidden.rename(self._folder / ("uid-%06d" % self._count))

    def mails(self):
        """Return the mails that lie in it, parsed."""
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in sorted(self._folder.iterdir())
        ]

    @property
    def count(self):
        return len(list(self._folder.iterdir()))


@pytest.fixture
def large_flash(monkeypatch):
    """Devices that are started have a flash of 160 MiB."""
    monkeypatch.setattr("device.TOOLS", LARGE_FLASH)


@pytest.fixture(params=RUNTIMES)
def own(request, tmp_path):
    """Return a running device, the folder of the sandbox that it has for itself, and that."""
    state = tmp_path / "sandbox"
    with (
        Sandbox(state) as provider,
        started_device(request.param, provider, tmp_path / "device") as process,
    ):
        client = process.client()
        client.put_setting("eprint", **pop_fields(process.endpoints))
        get_token(client, process.endpoints, "eprint")
        yield process, state, provider


def mail(sender=BOB, subject="Print", text="", files=(), **header):
    made = email.message.EmailMessage(policy=email.policy.SMTP)
    made["From"], made["To"], made["Subject"] = sender, ALICE, subject
    for name, value in header.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    for name, content in files:
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return bytes(made)


def large_mail(size_bytes):
    """Yield the pieces of a mail with a PDF file of this size, and first what it holds."""
    block = (PDF + bytes(range(256)) * 300)[:57000]
    lines = base64.encodebytes(block).replace(b"\n", b"\r\n")
    yield mail(files=[("x", b"")]).split(b"\r\n\r\n")[0].split(b"\r\nMIME")[0]
    yield b'\r\nContent-Type: application/pdf; name="large.pdf"'
    yield b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    for _ in range(size_bytes // len(block)):
        yield lines


def large_content(size_bytes):
    block = (PDF + bytes(range(256)) * 300)[:57000]
    return block * (size_bytes // len(block))


def check(client, name="eprint"):
    return client.call("POST", "/api/receive/" + name, timeout_s=120)


def check_huge_comes_in_whole(device, client):
    """Fetch the only mail of a maildrop, which has a file of HUGE_BYTES."""
    before = used_bytes(client)
    found = check(client)
    assert (found["received"], found["files"], found["left"]) == (1, 1, 0)
    (item,) = items(client)
    assert (item["type"], item["size"]) == ("application/pdf", len(large_content(HUGE_BYTES)))
    assert client.download(item["id"]) == large_content(HUGE_BYTES)
    assert client.call("GET", "/api/status")["faults"] == []
    if device.runtime == "micropython":
        wait_for(lambda: used_bytes(client), lambda used: used - before < 8192, "low heap", LIMIT_S)


def items(client):
    return client.call("GET", "/api/inbox")["items"]


def used_bytes(client):
    return client.call("GET", "/api/status")["memory"]["used_bytes"]


def test_only_what_can_be_printed_comes_in_and_the_sender_is_told(own):
    device, state, _ = own
    client = device.client()
    client.put_setting("smtp", **smtp_fields(device.endpoints))
    get_token(client, device.endpoints, "smtp")
    client.put_setting("eprint", answer_unsupported="yes", unsupported="delete")
    inbox, bob = Maildrop(state, ALICE), Maildrop(state, BOB)
    inbox.put(mail(files=[("a.zip", b"PK\x03\x04" + bytes(99))], subject="Άχρηστο"))
    inbox.put(mail(files=[("b.zip", b"PK\x03\x04")], subject="Loop", Auto_Submitted="auto-replied"))
    inbox.put(mail(files=[("c.bin", PDF + bytes(999)), ("d.zip", b"PK\x03\x04")]))
    found = check(client)
    while found["more"]:
        found = check(client)
    assert (found["left"], inbox.count) == (0, 0)
    (item,) = items(client)
    assert (item["name"], item["type"], item["size"]) == ("c.bin", "application/pdf", 1008)
    assert client.download(item["id"]) == PDF + bytes(999)

    (note,) = wait_for(bob.mails, bool, "note to the sender", LIMIT_S)
    assert note["Subject"] == "Not printed: Άχρηστο"
    assert note["Auto-Submitted"] == "auto-replied"
    assert "PDF, JPEG, TIFF and PNG" in note.get_content()


def test_status_is_mailed_to_who_may_ask(own):
    device, state, _ = own
    client = device.client()
    client.put_setting("smtp", **smtp_fields(device.endpoints))
    client.put_setting("estatus", **pop_fields(device.endpoints), allow_from=BOB)
    for name in ("smtp", "estatus"):
        get_token(client, device.endpoints, name)
    inbox, bob = Maildrop(state, ALICE), Maildrop(state, BOB)
    inbox.put(mail("eve@sandbox.test", "status"))
    inbox.put(mail(subject="ΚΑΤΆΣΤΑΣΗ"))
    found = check(client, "estatus")
    while found["more"]:
        found = check(client, "estatus")
    assert (found["left"], found["unsupported"]) == (1, 1)
    (answer,) = wait_for(bob.mails, bool, "answer", LIMIT_S)
    assert answer["Auto-Submitted"] == "auto-replied"
    assert "- E-mail Status, %s: Acquired" % ALICE in answer.get_content()
    assert items(client) == []


def test_check_at_start_needs_nobody(own):
    device, state, _ = own
    client = device.client()
    client.put_setting("eprint", check_at_start="yes")
    device.kill()
    Maildrop(state, ALICE).put(mail(text="Good morning.\n"))
    device.start()
    client = device.client()
    (item,) = wait_for(lambda: items(client), bool, "mail by itself", LIMIT_S)
    assert item["name"] == "message.txt"


def test_ten_thousand_mails_are_worked_off_in_several_checks(own):
    device, state, _ = own
    client = device.client()
    inbox = Maildrop(state, ALICE)
    for number in range(MAILS):
        inbox.put(b"From: %s\r\nSubject: %d\r\n\r\nx\r\n" % (BOB.encode(), number))
    first_used = None
    for checks in range(1, 5):
        found = check(client)
        assert (found["received"], found["left"], found["more"]) == (20, MAILS - 20 * checks, True)
        assert inbox.count == MAILS - 20 * checks
        first_used = first_used or used_bytes(client)
    wanted = [str(number) for number in range(80)]
    assert [item["subject"] for item in items(client)] == wanted
    if device.runtime == "micropython":
        # The ids of the mails, and the journal; other work may be under way at the moment.
        wait_for(lambda: used_bytes(client), lambda used: used - first_used < 8192, "heap", LIMIT_S)
    assert client.call("GET", "/api/status")["faults"] == []


def test_huge_mail_stays_and_one_that_fits_comes_in_whole(own):
    device, state, provider = own
    client = device.client()
    inbox = Maildrop(state, ALICE)
    inbox.put(*large_mail(HUGE_BYTES))
    inbox.put(*large_mail(FITTING_BYTES))
    if device.runtime == "cpython":  # its storage is a folder with room for everything
        (state / "maildrops" / ALICE / "uid-000001").unlink()
    answers, shown = [], []
    before = used_bytes(client)
    checking = threading.Thread(target=lambda: answers.append(check(device.client())))
    checking.start()
    while checking.is_alive():
        last = client.call("GET", "/api/status")["last_checks"]["eprint"]
        shown.append((last or {}).get("receiving"))
        checking.join(0.1)
    stays = int(device.runtime == "micropython")
    (found,) = answers
    assert (found["received"], found["left"], found["too_large"]) == (1, stays, stays)
    assert provider.counters["pop3_retrievals"] == 1
    done = [entry["bytes_done"] for entry in shown if entry]
    assert done == sorted(done) and done[-1] > 0
    (item,) = items(client)
    assert client.download(item["id"]) == large_content(FITTING_BYTES)
    status = client.call("GET", "/api/status")
    assert status["faults"] == []
    if stays:
        assert "1 too large for the storage" in status["last_checks"]["eprint"]["message"]
        wait_for(lambda: used_bytes(client), lambda used: used - before < 8192, "low heap", LIMIT_S)
        assert check(client)["too_large"] == 1
        assert provider.counters["pop3_retrievals"] == 1


def test_mail_of_100_mb_comes_in_whole(large_flash, own):
    device, state, _ = own
    Maildrop(state, ALICE).put(*large_mail(HUGE_BYTES))
    check_huge_comes_in_whole(device, device.client())
    assert Maildrop(state, ALICE).count == 0


class Wire:
    """What mail servers were shown: the tokens, by the provider that was asked about them."""

    def __init__(self, monkeypatch):
        self.tokens = {}
        judge = TokenChecker.refusal

        def refusal(checker, user, access_token, scope):
            seen = self.tokens.setdefault(checker.introspection_endpoint, set())
            seen.add((user, access_token))
            return judge(checker, user, access_token, scope)

        monkeypatch.setattr(TokenChecker, "refusal", refusal)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_three_settings_at_three_providers_share_nothing(runtime, tmp_path, monkeypatch):
    wire, said = Wire(monkeypatch), []
    accounts = dict(zip(SETTINGS, (ALICE, BOB, ALICE), strict=True))
    with (
        Sandbox(tmp_path / "ifax", on_event=said.append, access_token_expires_in_s=60) as first,
        Sandbox(tmp_path / "eprint", on_event=said.append, access_token_expires_in_s=60) as second,
        Sandbox(tmp_path / "estatus", on_event=said.append, access_token_expires_in_s=60) as third,
    ):
        providers = dict(zip(SETTINGS, (first, second, third), strict=True))
        anchors = tmp_path / "anchors.pem"
        pems = [Path(p.endpoints["ca_pem"]).read_text() for p in providers.values()]
        anchors.write_text("".join(pems))
        with DeviceProcess(tmp_path / "device", PASSWORD, anchors, runtime) as device:
            client = device.client()
            for name, provider in providers.items():
                account = accounts[name]
                points = dict(provider.endpoints, account=account)
                points["account_password"] = PASSWORDS[account]
                client.put_setting(name, **pop_fields(points), check_at_start="yes")
                get_token(client, points, name)
                drop = Maildrop(tmp_path / name, account)
                drop.put(mail(text="for %s\n" % name, subject=name))
            device.kill()
            device.start()  # each is checked at the start, with a token that was renewed
            client = device.client()
            wait_for(
                lambda: client.call("GET", "/api/status")["last_checks"].values(),
                lambda last: None not in last,
                "three checks",
                LIMIT_S,
            )
            wait_for(lambda: items(client), bool, "mail", LIMIT_S)
            assert [(item["setting"], item["subject"]) for item in items(client)] == [
                ("eprint", "eprint")
            ]
            for name in SETTINGS:
                assert check(client, name)["left"] == (name != "eprint")
        shown = {
            n: wire.tokens[p.endpoints["introspection_endpoint"]] for n, p in providers.items()
        }
        for name in SETTINGS:
            assert providers[name].counters["token_requests"] > 1
            assert len(shown[name]) > 1  # renewed meanwhile
            assert {user for user, _ in shown[name]} == {accounts[name]}
            for other in SETTINGS:
                common = {t for _, t in shown[name]} & {t for _, t in shown[other]}
                assert not common or other == name
    assert [line for line in said if "refused" in line] == []
