"""Mails from nasty inputs, sent by the device's own session through a real Postfix, arrive byte
for byte; with SMTPUTF8 and without."""

import asyncio
import poplib
import ssl
import time
from pathlib import Path

import pytest
from interop import clients
from interop.oidc import approve_oidc
from mime.corpus import SENDER, cases, rendered, utf8_cases

from mfpmail.core.errors import MESSAGE, MailError
from mfpmail.hal.cpython.net import Net
from mfpmail.session.smtp import SmtpSession

HELLO_NAME = "printer.sandbox.test"
ARRIVE_WITHIN_S = 60


class Mail:
    """What a session sends: the bytes as they are, in pieces."""

    sizes_bytes = ()

    def __init__(self, record, data):
        self.smtputf8 = record["smtputf8"]
        self.size_bytes = len(data)
        self._data = data

    def segments(self):
        for at in range(0, len(self._data), 1000):
            yield self._data[at : at + 1000]


@pytest.fixture(scope="module")
def tokens(rig):
    """`{scope: access token}` for sending and for fetching."""
    return {name: obtain(rig.endpoints, name) for name in ("scope_smtp", "scope_pop")}


def obtain(endpoints, scope):
    grant = clients.start_grant(endpoints, endpoints[scope])
    approve_oidc(
        grant["verification_uri_complete"],
        endpoints["account"],
        endpoints["account_password"],
        ca_pem=endpoints["ca_pem"],
    )
    status, token = clients.poll(endpoints, grant)
    assert status == 200, token
    return token["access_token"]


def send_all(endpoints, access_token, security, recipient, mails):
    """Send `(record, data)` each on a connection of its own; return what was raised, by index."""
    return asyncio.run(_send_all(endpoints, access_token, security, recipient, mails))


async def _send_all(endpoints, access_token, security, recipient, mails):
    raised = {}
    for index, (record, data) in enumerate(mails):
        try:
            await _send(endpoints, access_token, security, recipient, Mail(record, data))
        except MailError as error:
            raised[index] = error
    return raised


async def _send(endpoints, access_token, security, recipient, mail):
    settings = {
        "server": endpoints["host"],
        "port": endpoints["smtp_%s_port" % security],
        "security": security,
        "timeout_s": 20,
    }
    anchor = ssl.PEM_cert_to_DER_cert(Path(endpoints["ca_pem"]).read_text())
    session = SmtpSession(Net([anchor]), settings, HELLO_NAME)
    try:
        await session.open()
        await session.authenticate_xoauth2(endpoints["account"], access_token)
        results = await session.send(SENDER, [recipient], mail, None, lambda bytes_done: None)
        assert [reply.code for _, reply in results] == [250]
        await session.quit()
    finally:
        await session.abort()


def fetch_all(endpoints, access_token, count):
    """Return that many mails, as bytes, and delete them; they come in any order."""
    found = []
    deadline = time.monotonic() + ARRIVE_WITHIN_S
    while len(found) < count:
        assert time.monotonic() < deadline, "%d of %d mails arrived" % (len(found), count)
        found += _fetch_present(endpoints, access_token)
    return found


def _fetch_present(endpoints, access_token):
    pop = clients.pop3_tls(endpoints)
    clients.pop3_sign_in(pop, endpoints["account"], access_token)
    found = []
    try:
        for number in range(1, pop.stat()[0] + 1):
            found.append(b"\r\n".join(pop.retr(number)[1]) + b"\r\n")
            pop.dele(number)
    except poplib.error_proto as error:
        raise AssertionError(str(error))
    finally:
        pop.quit()
    return found


def stored_in(maildir, count):
    """Return that many mails of a maildir, as they were on the wire."""
    deadline = time.monotonic() + ARRIVE_WITHIN_S
    while len(files := list((maildir / "new").glob("*"))) < count:
        assert time.monotonic() < deadline, "%d of %d mails arrived" % (len(files), count)
        time.sleep(0.05)
    found = [file.read_bytes().replace(b"\n", b"\r\n") for file in files]
    for file in files:
        file.unlink()
    return found


def assert_arrived(sent, fetched):
    """Each mail is there once, below what the servers wrote on top of it, and is unchanged."""
    from_at = [mail.find(b"Date: ") for mail in fetched]
    arrived = [mail[at:] for mail, at in zip(fetched, from_at, strict=True)]
    assert sorted(arrived) == sorted(sent)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_corpus_through_postfix_and_dovecot_arrives_unchanged(rig, tokens, security):
    pairs = [rendered(values) for values in cases().values()]
    raised = send_all(
        rig.endpoints, tokens["scope_smtp"], security, rig.endpoints["account"], pairs
    )
    assert raised == {}
    fetched = fetch_all(rig.endpoints, tokens["scope_pop"], len(pairs))
    assert_arrived([data for _, data in pairs], fetched)


def test_mail_that_needs_smtputf8_is_stored_unchanged_where_it_is_offered(rig, tokens):
    pairs = [rendered(values) for values in utf8_cases().values()]
    address = rig.postfix.utf8_address
    assert send_all(rig.endpoints, tokens["scope_smtp"], "tls", address, pairs) == {}
    stored = stored_in(rig.postfix.utf8_maildir, len(pairs))
    assert_arrived([data for _, data in pairs], stored)
    assert all(b" with UTF8SMTPSA " in mail for mail in stored)  # as Postfix notes the parameter


def test_mail_that_needs_smtputf8_is_refused_before_it_is_sent_where_it_is_not_offered(rig, tokens):
    pairs = [rendered(values) for values in utf8_cases().values()]
    address = rig.postfix.utf8_address
    raised = send_all(rig.endpoints, tokens["scope_smtp"], "starttls", address, pairs)
    assert len(raised) == len(pairs)
    for error in raised.values():
        assert (error.code, error.kind) == ("smtputf8_not_offered", MESSAGE)
