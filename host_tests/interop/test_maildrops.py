"""Large maildrops and large mails at Dovecot, under both interpreters."""

import shutil

import pytest
from devices import PASSWORD, RUNTIMES
from interop.oidc import approve_oidc
from service.test_receiving_device import (
    FITTING_BYTES,
    HUGE_BYTES,
    check,
    check_huge_comes_in_whole,
    items,
    large_content,
    large_flash,  # noqa: F401 - a fixture
    large_mail,
    used_bytes,
)

from device import DeviceProcess
from story import pop_fields

MAILS = 10_000


class Maildir:
    """The maildrop of an account at Dovecot, by its folder; emptied by `clear`."""

    def __init__(self, rig):
        account = rig.endpoints["account"]
        self._home = rig.state_dir / "maildrops" / "mail" / account
        self._count = 0

    def clear(self):
        shutil.rmtree(self._home, ignore_errors=True)
        for name in ("new", "cur", "tmp"):
            (self._home / "Maildir" / name).mkdir(parents=True)
        for path in (self._home, *self._home.rglob("*")):
            shutil.chown(path, "mail", "mail")

    def put(self, *pieces):
        self._count += 1
        path = self._home / "Maildir" / "tmp" / ("17000%05d.M1.host" % self._count)
        with path.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        shutil.chown(path, "mail", "mail")
        path.rename(self._home / "Maildir" / "new" / path.name)

    @property
    def count(self):
        return len([p for n in ("new", "cur") for p in (self._home / "Maildir" / n).iterdir()])


@pytest.fixture(params=RUNTIMES)
def receiving(request, rig, tmp_path):
    """Return a device with a token for the maildrop, and that, empty."""
    maildrop = Maildir(rig)
    maildrop.clear()
    with DeviceProcess(tmp_path, PASSWORD, rig.endpoints["ca_pem"], request.param) as device:
        client = device.client()
        client.put_setting("eprint", **pop_fields(rig.endpoints))
        code = client.call("POST", "/api/tokens/eprint/get")
        approve_oidc(
            code["verification_uri_complete"],
            rig.endpoints["account"],
            rig.endpoints["account_password"],
            rig.endpoints["ca_pem"],
        )
        client.wait_for_state("eprint", "ACQUIRED")
        yield device, client, maildrop
    maildrop.clear()


def test_ten_thousand_mails_are_worked_off_in_several_checks(receiving):
    device, client, maildrop = receiving
    for number in range(MAILS):
        maildrop.put(b"From: a@far.test\nSubject: %d\n\nx\n" % number)
    used = []
    for checks in range(1, 4):
        found = check(client)
        assert (found["received"], found["left"], found["more"]) == (20, MAILS - 20 * checks, True)
        assert maildrop.count == MAILS - 20 * checks
        used.append(used_bytes(client))
    subjects = [item["subject"] for item in items(client)]
    assert len(set(subjects)) == 60
    if device.runtime == "micropython":
        assert used[-1] - used[0] < 8192
    assert client.call("GET", "/api/status")["faults"] == []


def test_huge_mail_stays_and_one_that_fits_comes_in_whole(receiving):
    device, client, maildrop = receiving
    stays = int(device.runtime == "micropython")  # a folder has room for everything
    if stays:
        maildrop.put(*large_mail(HUGE_BYTES))
    maildrop.put(*large_mail(FITTING_BYTES))
    found = check(client)
    assert (found["received"], found["left"], found["too_large"]) == (1, stays, stays)
    assert maildrop.count == stays
    (item,) = items(client)
    assert client.download(item["id"]) == large_content(FITTING_BYTES)
    assert check(client)["too_large"] == stays
    assert client.call("GET", "/api/status")["faults"] == []


def test_mail_of_100_mb_comes_in_whole(large_flash, receiving):  # noqa: F811
    device, client, maildrop = receiving
    maildrop.put(*large_mail(HUGE_BYTES))
    check_huge_comes_in_whole(device, client)
    assert maildrop.count == 0


def test_denied_sender_is_found_out_by_top_and_never_fetched_again(receiving):
    _, client, maildrop = receiving
    client.put_setting("eprint", deny_from="@far.test")
    maildrop.put(b"From: Spam <a@FAR.test>\nSubject: no\n\nx\n")
    maildrop.put(b"From: b@near.test\nSubject: yes\n\nx\n")
    found = check(client)
    assert (found["received"], found["left"], found["unsupported"]) == (1, 1, 1)
    assert [item["subject"] for item in items(client)] == ["yes"]
    assert check(client)["unsupported"] == 1
    assert maildrop.count == 1
