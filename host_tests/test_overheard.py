"""No device said a secret in any test of this run; this file runs last (see conftest.py)."""

from devices import PASSWORD, enter_settings, get_token
from overheard import SECRET_FIELDS, Overheard, overheard
from web.hostile_flash import stored

FAKE_TOKEN = "aVeryLongAccessToken.0123456789"


def test_leak_is_found_whole_and_cut_off():
    for text in ('{"detail": "Bearer %s"}' % FAKE_TOKEN, "token=%s..." % FAKE_TOKEN[:12]):
        listener = Overheard()
        listener.know(FAKE_TOKEN, "short", None)
        listener.hear("a log", text)
        assert listener.leaks() == [(FAKE_TOKEN[:12], "a log")]
    listener.hear("a log", "The password is %s." % PASSWORD)
    assert (PASSWORD, "a log") in listener.leaks()


def test_no_leak_in_what_only_looks_alike():
    listener = Overheard()
    listener.know(FAKE_TOKEN)
    listener.hear("a log", FAKE_TOKEN[1:] + " " + FAKE_TOKEN[:11])
    assert listener.leaks() == []


def test_devices_are_listened_to(device):
    client = device.client()
    enter_settings(client, device.endpoints)
    get_token(client, device.endpoints, "smtp")
    client.call("POST", "/api/settings/smtp/test")
    record = stored(device, "tokens/smtp")
    device.kill()
    for field in SECRET_FIELDS:
        assert not record[field] or record[field] in overheard.secrets
    assert record["account"].split("@")[1] in overheard.words


def test_no_secret_was_heard_in_the_whole_run(record_property):
    counts = len(overheard.secrets), len(overheard.words)
    record_property("figure", "secrets: %d known, none among %d words heard" % counts)
    assert len(overheard.secrets) >= 4
    assert overheard.leaks() == []
