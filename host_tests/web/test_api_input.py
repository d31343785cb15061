"""Bad input at the running device: a 4xx with a named error, all bad fields at once, no change."""

import json

import pytest
from devices import enter_settings
from web.hostile_client import refused, request, say, sign_in

NAMES = ("smtp", "ifax", "eprint", "estatus")
TOO_DEEP = 1300

NO_OBJECTS = {
    "empty": b"",
    "cut": b'{"port": 25',
    "text": b"port=25",
    "list": b'[{"port": 25}]',
    "null": b"null",
    "number": b"25",
    "string": b'"port"',
    "two values": b'{"port": 25} {"port": 26}',
    "no UTF-8": b'{"sender_name": "\xff\xfe"}',
    "cut UTF-8": b'{"sender_name": "\xce"}',
    "nested lists": b"[" * 3 * TOO_DEEP,
    "nested objects": b'{"a":' * TOO_DEEP + b"1" + b"}" * TOO_DEEP,
}

NO_PORTS = (0, 65536, -1, 10**20, "25", "", True, False, 1.5, 25.0, None, [25], {"port": 25})

BAD_FIELDS = [
    *(("port", value) for value in NO_PORTS),
    *(("timeout_s", value) for value in (0, 301, True, "20", None)),
    *(("security", value) for value in ("ssl", "", "TLS", None, 1, True, ["tls"], {})),
    *(("auth_method", value) for value in ("xoauth2", "", None, 0)),
    *(("provider", value) for value in ("microsoft ", None)),
    *(("grant", value) for value in ("password", None)),
    *(("server", value) for value in ("a b", "http://a.b", "a\r\nb", "x" * 254, 1, "bücher.de")),
    *(("secondary_server", value) for value in ("a/b", None)),
    *(("sender_name", value) for value in ("a\r\nBcc: b@c.d", "a\nb", "\0", "\x7f", "\x85", 1)),
    *(("sender_name", value) for value in (None, "x" * 65)),
    *(("sender_address", value) for value in ("a@b.c\r\nX: y", "a@b.c\n", "a", "@b", "a@")),
    *(("sender_address", value) for value in ("a b@c.d", "<a@b.c>", "a@b.c,d@e.f", "é@b.c")),
    *(("sender_address", value) for value in ("\0@b.c", 1, True, None)),
    *(("account", value) for value in ("a@b.c\r", "alice", None, ["a@b.c"])),
    *(("tenant", value) for value in ("../common", "a b", "x" * 129, 1)),
    *(("client_id", value) for value in ("a\r\nb", 1, "x" * 257)),
    *(("password", value) for value in ("a\nb", 1, None, "x" * 257)),
    *(("scope", value) for value in ("a\tb", 1, "x" * 513)),
    *(("token_endpoint", value) for value in ("http://a.b/c", "ftp://a", "https://", "a", 1, None)),
    *(("issuer", value) for value in ("https://u:p@a.b", "https://a b", "https://a\r\nb")),
    *((name, "x") for name in ("", "id", "state", "check_interval_min", "Port", "sender\n")),
]

UNKNOWN = [
    ("GET", "/api/settings/smtp3"),
    ("PUT", "/api/settings/"),
    ("PUT", "/api/settings/*"),
    ("POST", "/api/settings/fax/test"),
    ("POST", "/api/settings/smtp/tests"),
    ("GET", "/api/tokens/SMTP"),
    ("POST", "/api/tokens/../get"),
    ("DELETE", "/api/tokens/x"),
    ("GET", "/api/jobs/000001-000000"),
    ("GET", "/api/jobs/"),
    ("DELETE", "/api/jobs/x"),
    ("POST", "/api/receive/smtp"),
    ("GET", "/api/inbox/x"),
    ("GET", "/api/inbox/.."),
    ("GET", "/api/inbox/000001.x"),
    ("DELETE", "/api/inbox/1.2.3"),
    ("GET", "/api/"),
    ("GET", "/api/users"),
    ("GET", "/api/status/x"),
]

WRONG_METHODS = [
    ("PATCH", "/api/settings/smtp"),
    ("DELETE", "/api/settings/smtp"),
    ("POST", "/api/settings/smtp"),
    ("GET", "/api/tokens/smtp/get"),
    ("PUT", "/api/tokens/smtp"),
    ("POST", "/api/status"),
    ("DELETE", "/api/jobs"),
    ("TRACE", "/api/status"),
    ("BREW", "/api/status"),
    ("get", "/api/status"),
    ("POST", "/"),
    ("PUT", "/static/app.js"),
]


@pytest.fixture(scope="module")
def client(module_device):
    client = module_device.client()
    enter_settings(client, module_device.endpoints)
    return client


@pytest.fixture
def headers(module_device):
    return sign_in(module_device)


@pytest.fixture(autouse=True)
def unharmed(client):
    """Whatever a test does: the settings stay as they were, and the device goes on."""
    before = client.call("GET", "/api/settings")
    yield
    assert client.call("GET", "/api/settings") == before
    assert client.call("GET", "/api/status")["faults"] == []


@pytest.mark.parametrize("kind", NO_OBJECTS)
@pytest.mark.parametrize("call", [("PUT", "/api/settings/smtp"), ("POST", "/api/login")])
def test_body_that_is_no_json_object_is_refused(module_device, headers, call, kind):
    answer = say(module_device, request(*call, headers, NO_OBJECTS[kind]))
    assert answer.refusal == (400, "bad_json")


@pytest.mark.parametrize(("name", "value"), BAD_FIELDS, ids=lambda value: repr(value)[:24])
def test_setting_with_one_bad_field_is_refused_by_its_name(client, name, value):
    status, answer = refused(client, "PUT", "/api/settings/smtp", json={name: value})
    assert (status, answer["error"]) == (422, "bad_settings")
    assert list(answer["fields"]) == [name]
    assert answer["fields"][name]


@pytest.mark.parametrize("literal", ["NaN", "1e999", "9" * 5000, "-0.5"])
def test_setting_with_odd_number_is_refused(module_device, headers, literal):
    body = b'{"port": %s}' % literal.encode()
    answer = say(module_device, request("PUT", "/api/settings/smtp", headers, body))
    assert answer.refusal in ((400, "bad_json"), (422, "bad_settings"))


@pytest.mark.parametrize("value", (-1, 481, True, "5", 0.5, None))
def test_check_interval_out_of_range_is_refused(client, value):
    fields = {"check_interval_min": value}
    status, answer = refused(client, "PUT", "/api/settings/ifax", json=fields)
    assert (status, list(answer["fields"])) == (422, ["check_interval_min"])


def test_setting_with_bad_fields_reports_all_of_them_and_takes_none(client):
    bad = {"port": 0, "server": "a b", "sender_address": "a\nb", "colour": "red", "timeout_s": True}
    entered = dict(bad, sender_name="Somebody else")
    status, answer = refused(client, "PUT", "/api/settings/smtp", json=entered)
    assert (status, answer["error"]) == (422, "bad_settings")
    assert set(answer["fields"]) == set(bad)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["oauth2", "password"])
def test_sign_in_without_security_is_refused(client, name, method):
    fields = {"auth_method": method, "security": "off"}
    status, answer = refused(client, "PUT", "/api/settings/" + name, json=fields)
    assert (status, list(answer["fields"])) == (422, ["security"])


def test_security_off_alone_is_refused_while_the_setting_signs_in(client):
    status, answer = refused(client, "PUT", "/api/settings/smtp", json={"security": "off"})
    assert (status, list(answer["fields"])) == (422, ["security"])


@pytest.mark.parametrize("call", UNKNOWN, ids=" ".join)
def test_unknown_name_is_not_found(module_device, headers, call):
    answer = say(module_device, request(*call, headers, b'{"port": 25}'))
    assert answer.refusal == (404, "not_found")


@pytest.mark.parametrize("call", WRONG_METHODS, ids=" ".join)
def test_wrong_method_is_refused(module_device, headers, call):
    answer = say(module_device, request(*call, headers))
    assert answer.refusal in ((404, "not_found"), (405, "method_not_allowed"))


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        ("\\ud83d\\ude00 \\u03a3", "😀 Σ"),
        ("\\ud800", "\ufffd"),
        ("\\ude00\\ud83d", "\ufffd\ufffd"),
        ("\\\\ud83d", "\\ud83d"),
        ("\\u20ac €", "€ €"),
    ],
)
def test_escaped_text_is_stored_as_the_characters_it_means(module_device, headers, escaped, text):
    def put(content):
        body = ('{"sender_name": "%s"}' % content).encode()
        return say(module_device, request("PUT", "/api/settings/smtp", headers, body))

    before = say(module_device, request("GET", "/api/settings/smtp", headers)).json["sender_name"]
    try:
        assert put(escaped).json["sender_name"] == text
    finally:
        put(json.dumps(before)[1:-1])
