"""core/presets.py and core/fields.py: what follows the provider, and what somebody entered."""

from mfpmail.core import fields
from mfpmail.core.presets import PROVIDERS, preset
from mfpmail.core.providers import resolve

EVENT_LISTS = ("all", "", "paper_out", "job_failed, token_dies,storage_fault")
GMAIL = {"server": "smtp.gmail.com", "port": 465, "security": "tls", "grant": "authorization_code"}


def entered(setting, *changes):
    """Return a setting after one change after another."""
    merged = fields.defaults(setting)
    for change in changes:
        merged, faults = fields.validate(setting, merged, change)
        assert faults == {}, faults
    return merged


def shown(merged, names=GMAIL):
    return {name: merged[name] for name in names}


def test_preset_of_every_provider_is_a_setting_that_can_be_stored():
    for provider in PROVIDERS:
        for setting, protocol in (("smtp", "smtp"), ("smtp2", "smtp"), ("ifax", "pop3")):
            merged = entered(setting, {"provider": provider})
            assert shown(merged) == preset(provider, protocol)
            assert merged["server"]
            entered(setting, merged)


def test_preset_leaves_only_account_and_client_to_be_entered():
    for provider in PROVIDERS:
        changes = {"provider": provider, "account": "a@b.test", "client_id": "c"}
        for setting, protocol in (("smtp", "smtp"), ("eprint", "pop3")):
            assert resolve(entered(setting, changes), protocol)[1] == {}


def test_preset_fills_in_what_nobody_entered():
    assert shown(entered("smtp", {"provider": "google"})) == GMAIL
    assert entered("estatus", {"provider": "outlook"})["server"] == "outlook.office365.com"


def test_preset_of_another_provider_gives_way_to_the_new_one():
    merged = entered("smtp", {"provider": "microsoft"}, {"provider": "google"})
    assert shown(merged) == GMAIL
    merged = entered("smtp", {"provider": "google"}, {"provider": "outlook"})
    assert (merged["server"], merged["port"]) == ("smtp-mail.outlook.com", 587)
    assert (merged["security"], merged["grant"]) == ("starttls", "device_code")


def test_preset_never_replaces_what_was_entered():
    merged = entered("smtp", {"server": "relay.test", "port": 2525}, {"provider": "google"})
    assert (merged["server"], merged["port"], merged["security"]) == ("relay.test", 2525, "tls")
    merged = entered("smtp", {"provider": "google", "port": 587, "security": "starttls"})
    assert (merged["port"], merged["security"]) == (587, "starttls")


def test_preset_is_not_brought_back_by_a_change_of_something_else():
    merged = entered("smtp", {"provider": "google"}, {"port": 587, "security": "starttls"})
    merged = fields.validate("smtp", merged, {"timeout_s": 30, "provider": "google"})[0]
    assert (merged["port"], merged["security"]) == (587, "starttls")


def test_preset_of_nothing_for_a_custom_provider():
    assert preset("custom", "smtp") == {}
    merged = entered("smtp", {"provider": "custom"})
    assert (merged["server"], merged["port"]) == ("", 587)


def test_setting_that_nobody_entered_has_no_server():
    for setting in ("smtp", "smtp2", "ifax"):
        assert fields.from_stored(setting, {})["server"] == ""


def test_day_and_addresses_are_checked():
    for name, setting, good, bad in (
        (
            "client_secret_ends_on",
            "smtp",
            ("", "2027-01-31", "2028-02-29"),
            ("2027-02-29", "31.1.2027", "2027-13-01", "2027-1-1", 7),
        ),
        ("alert_to", "device", ("", "a@b.test", "a@b.test, c@d.test"), ("a", "a@b.test,", 7)),
        ("language", "device", ("en", "el"), ("xx", "", None)),
        ("status_to", "device", ("", "a@b.test, c@d.test"), ("a@b.test c@d.test", None)),
        ("alert_events", "device", EVENT_LISTS, ("paper", "all, paper_jam", "paper_jam,", 7)),
        ("status_every", "device", ("off", "daily", "weekly", "monthly"), ("", "hourly", None)),
        ("status_hour", "device", (0, 23), (-1, 24, "7", True)),
        ("utc_offset_min", "device", (-720, 0, 840), (-721, 841, None)),
        ("device_name", "device", ("", "Εκτυπωτής 2ου ορόφου"), ("n" * 65, "a\nb", None)),
    ):
        for value in good:
            assert entered(setting, {name: value})[name] == value
        for value in bad:
            merged = fields.defaults(setting)
            assert sorted(fields.validate(setting, merged, {name: value})[1]) == [name], value


def test_device_faults_are_told_all_at_once():
    wrong = {"status_every": "hourly", "status_hour": 24, "utc_offset_min": 900, "status_to": "a"}
    wrong.update({"alert_events": "fire", "device_name": "a\tb", "alert_to": "b", "language": "xx"})
    faults = fields.validate("device", fields.defaults("device"), wrong)[1]
    assert sorted(faults) == sorted(fields.defaults("device"))
    assert "paper_out" in faults["alert_events"]


def test_device_setting_has_no_other_field():
    assert sorted(fields.defaults("device")) == [
        "alert_events",
        "alert_to",
        "device_name",
        "language",
        "status_every",
        "status_hour",
        "status_to",
        "utc_offset_min",
    ]
    faults = fields.validate("device", fields.defaults("device"), {"server": "a.test"})[1]
    assert sorted(faults) == ["server"]
