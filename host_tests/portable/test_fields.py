"""core/fields.py, core/settings.py, core/providers.py: what may be entered, and what it means."""

from mfpmail.core import fields, settings
from mfpmail.core.providers import resolve
from support import OAUTH


def faults_of(changes, setting="smtp"):
    return fields.validate(setting, fields.defaults(setting), changes)[1]


def entered(**changes):
    setting = fields.defaults("smtp")
    setting.update(OAUTH)
    setting.update(changes)
    return setting


def test_defaults_of_every_setting_are_valid():
    for name in settings.SETTINGS:
        assert faults_of(fields.defaults(name), name) == {}


def test_validate_merges_and_leaves_the_stored_setting():
    stored = fields.defaults("smtp")
    merged, faults = fields.validate("smtp", stored, {"server": "mail.test", "port": 465})
    assert (faults, merged["server"], merged["port"]) == ({}, "mail.test", 465)
    assert merged["timeout_s"] == stored["timeout_s"] == 20
    assert stored["server"] == ""


def test_validate_bad_values_are_faults():
    for name, values in (
        ("server", ("a b", "http://mail.test", "mail.test/x", "a\r\nb", "h" * 254, 5, None)),
        ("port", (0, 65536, "25", True, None, 2.5)),
        ("timeout_s", (0, 301)),
        ("security", ("ssl", "", None, [])),
        ("auth_method", ("xoauth2", 1)),
        ("provider", ("yahoo",)),
        ("grant", ("password",)),
        ("account", ("alice", "@b.test", "alice@", "a b@c.test", "<a@b.test>", "a@b.test\r\n")),
        ("sender_address", ("x", "a@b.test,c@d.test")),
        ("sender_name", ("a\x00", "n" * 65, "a\nBcc: x")),
        ("tenant", ("a/b", "a b", "../x")),
        ("client_secret", (7, "s" * 257, "a\nb")),
        ("token_endpoint", ("http://a.test", "https://", "https://u@a.test/", "https://a b", 1)),
        ("check_interval_min", (5,)),
        ("no_such_field", ("x",)),
    ):
        for value in values:
            assert list(faults_of({name: value})) == [name], (name, value)


def test_validate_pop_settings_have_their_own_fields():
    assert faults_of({"check_interval_min": 480, "port": 995}, "ifax") == {}
    assert list(faults_of({"check_interval_min": 481}, "ifax")) == ["check_interval_min"]
    assert sorted(faults_of({"sender_name": "x", "secondary_server": "y"}, "eprint")) == [
        "secondary_server",
        "sender_name",
    ]


def test_validate_sign_in_with_security_off_is_refused():
    for method in ("oauth2", "password"):
        assert list(faults_of({"auth_method": method, "security": "off"})) == ["security"]
    assert faults_of({"auth_method": "none", "security": "off"}) == {}


def test_from_stored_bad_values_become_defaults():
    found = fields.from_stored("smtp", {"port": "x", "server": "mail.test", "foreign": 1})
    assert (found["port"], found["server"]) == (587, "mail.test")
    assert sorted(found) == sorted(fields.defaults("smtp"))


def test_from_stored_sign_in_in_clear_becomes_tls():
    found = fields.from_stored("smtp", {"security": "off", "auth_method": "password"})
    assert found["security"] == "starttls"


def test_public_hides_secrets_and_tells_whether_there_is_one():
    shown = settings.public(entered(client_secret="geheim"))
    assert "geheim" not in str(shown)
    assert (shown["client_secret_set"], shown["password_set"]) == (True, False)


def test_changed_token_fields_are_those_of_the_token():
    after = entered(account="b@mail.test", tenant="t", server="other.test", client_id="2")
    found = settings.changed_token_fields(entered(), after)
    assert sorted(found) == ["account", "client_id", "tenant"]


def test_sender_of_falls_back_to_the_account():
    assert settings.sender_of(entered()) == "scan@mail.test"
    assert settings.sender_of(entered(sender_address="x@mail.test")) == "x@mail.test"


def test_resolve_microsoft_has_endpoints_and_a_scope_for_each_protocol():
    for provider, tenant, path in (
        ("microsoft", "", "organizations"),
        ("microsoft", "contoso.test", "contoso.test"),
        ("outlook", "ignored", "consumers"),
    ):
        blank = {"provider": provider, "tenant": tenant, "scope": ""}
        for name in fields.schema("smtp"):
            if name.endswith("_endpoint"):
                blank[name] = ""
        for protocol, permission in (("smtp", "SMTP.Send"), ("pop3", "POP.AccessAsUser.All")):
            found, missing = resolve(entered(**blank), protocol)
            assert missing == {}
            base = "https://login.microsoftonline.com/%s/oauth2/v2.0/" % path
            assert found["device_authorization_endpoint"] == base + "devicecode"
            assert found["token_endpoint"] == base + "token"
            scope = "https://outlook.office.com/%s offline_access openid profile" % permission
            assert found["scope"] == scope


def test_resolve_custom_without_endpoints_tells_all_that_is_missing():
    _, missing = resolve(fields.defaults("smtp"), "smtp")
    assert sorted(missing) == ["account", "client_id"]
    custom = fields.defaults("smtp")
    custom["provider"] = "custom"
    _, missing = resolve(custom, "smtp")
    assert sorted(missing) == [
        "account",
        "client_id",
        "device_authorization_endpoint",
        "scope",
        "token_endpoint",
    ]


def test_resolve_with_another_auth_method_is_told():
    assert "auth_method" in resolve(entered(auth_method="password"), "smtp")[1]
