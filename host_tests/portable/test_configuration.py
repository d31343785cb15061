"""service/configuration.py: one PUT is taken whole or not at all, and survives a restart."""

from fakes.files import FakeFiles
from mfpmail.core.token import NOT_ACQUIRED
from mfpmail.service.configuration import Configuration
from mfpmail.service.overlay import Overlays
from mfpmail.service.store import Store
from support import OAUTH, failure


def started(files):
    return Configuration(Store(files, lambda sentence: None), Overlays(True))


def test_put_merges_and_leaves_the_other_settings():
    configuration = started(FakeFiles())
    configuration.put("ifax", {"server": "pop.test"}, False)
    merged = configuration.put("ifax", {"check_interval_min": 15}, False)
    assert (merged["server"], merged["check_interval_min"]) == ("pop.test", 15)
    assert configuration.get("eprint")["server"] == ""


def test_put_bad_fields_are_told_all_at_once_and_nothing_is_stored():
    files = FakeFiles()
    configuration = started(files)
    changes = {"server": "a b", "port": 0, "account": "x", "timeout_s": 30, "what": 1}
    error = failure(configuration.put, "smtp", changes, False)
    assert error.code == "bad_settings"
    assert sorted(error.fields) == ["account", "port", "server", "what"]
    assert configuration.get("smtp")["timeout_s"] == 20
    assert files.content == {}


def test_put_sign_in_with_security_off_is_refused():
    configuration = started(FakeFiles())
    for method in ("oauth2", "password"):
        changes = {"auth_method": method, "security": "off"}
        assert "security" in failure(configuration.put, "smtp", changes, False).fields


def test_put_token_fields_are_locked_while_a_token_is_held():
    configuration = started(FakeFiles())
    configuration.put("smtp", OAUTH, False)
    for name, value in (
        ("provider", "outlook"),
        ("account", "other@mail.test"),
        ("tenant", "t"),
        ("client_id", "client-2"),
    ):
        error = failure(configuration.put, "smtp", {name: value, "timeout_s": 60}, True)
        assert error.code == "token_held"
        assert name in error.message
        assert configuration.get("smtp")["timeout_s"] == 20
    unchanged = {"account": OAUTH["account"], "timeout_s": 60}
    assert configuration.put("smtp", unchanged, True)["timeout_s"] == 60


def test_put_survives_a_restart():
    files = FakeFiles()
    started(files).put("smtp", {"server": "mail.test", "password": "geheim"}, False)
    found = started(files).get("smtp")
    assert (found["server"], found["password"]) == ("mail.test", "geheim")


def test_put_that_cannot_be_stored_changes_nothing():
    files = FakeFiles()
    configuration = started(files)
    files.fail_writes = True
    assert failure(configuration.put, "smtp", {"port": 25}, False).code == "storage_failed"
    assert configuration.get("smtp")["port"] == 587


def test_damaged_file_starts_with_defaults_and_is_kept_aside():
    files = FakeFiles()
    started(files).put("smtp", {"server": "mail.test"}, False)
    files.content["settings.json"] = damaged = files.content["settings.json"][:-9]
    configuration = started(files)
    assert configuration.get("smtp")["server"] == ""
    assert files.content == {"settings.json.bad": damaged}


def test_device_with_every_record_damaged_starts_and_reports_them():
    from fakes.ports import FakePorts
    from mfpmail.service.device import Device
    from support import configure, spool

    ports = FakePorts()
    device = Device(ports)
    device.admin.ensure_password()
    configure(device)
    spool(device)
    ports.files.content["tokens/smtp"] = b"damaged"
    paths = [p for p in ports.files.content if not p.endswith("/0")]
    for path in paths:
        ports.files.content[path] = b"damaged"
    device = Device(ports)
    assert device.keepers["smtp"].state == NOT_ACQUIRED
    assert device.outbox.jobs == []
    assert device.admin.ensure_password() is not None
    assert [p for p in paths if p + ".bad" not in ports.files.content and "." in p] == []
    assert len(device.store.faults) >= 4
