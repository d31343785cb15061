"""The fields of a setting: defaults and checks.

`validate` looks at everything and reports all bad fields at once; nothing is stored before it is
satisfied. What is merely still missing (no server yet) is told when it is needed.
"""

from mfpmail.core.datetimes import parse_day
from mfpmail.core.presets import fill_in
from mfpmail.core.providers import ENDPOINTS
from mfpmail.core.settings import DEVICE, LANGUAGES, SECRETS, protocol
from mfpmail.core.text import is_control

MAX_FIELD_CHARS = 512
MAX_SENDERS = 50
MAX_SENDERS_CHARS = 2500

# Shown in place of the secrets; whoever sends back what was shown is not refused for them.
_READ_ONLY = [name + "_set" for name in SECRETS]
_SPECIALS = '()<>[]:;\\,"'


def _text(value, limit):
    if not isinstance(value, str):
        return "Enter text."
    if len(value) > limit:
        return "At most %d characters." % limit
    if any(is_control(c) for c in value):
        return "Line breaks and control characters are not allowed."
    return None


def _is_plain(c):
    """Not all interpreters take letters beyond ASCII for letters."""
    return c < "\x7f" and (c.isalpha() or c.isdigit())


def _host(value, _):
    fault = _text(value, 253)
    if fault or not value:
        return fault
    if not all(_is_plain(c) or c in "-._:" for c in value):
        return "Enter a host name or an address, without spaces and without http://."
    return None


def _address(value, _):
    fault = _text(value, 254)
    if fault or not value:
        return fault
    local, _, domain = value.rpartition("@")
    if not local or not domain or not all("!" <= c <= "~" and c not in _SPECIALS for c in value):
        return "Enter an address such as scan@example.com."
    return None


def _url(value, _):
    fault = _text(value, MAX_FIELD_CHARS)
    if fault or not value:
        return fault
    host = value[8:].split("/", 1)[0]
    if not value.startswith("https://") or not host or any(c in value for c in ' "<>\\'):
        return "Enter an address that starts with https://."
    return "The address must not contain a user name." if "@" in host else None


def _number(value, limits):
    low, high = limits
    if isinstance(value, bool) or not isinstance(value, int):
        return "Enter a whole number from %d to %d." % (low, high)
    if not low <= value <= high:
        return "From %d to %d." % (low, high)
    return None


def _choice(value, choices):
    if value in choices:
        return None
    return "Choose one of: %s." % ", ".join(choices)


def _tenant(value, _):
    fault = _text(value, 128)
    if fault:
        return fault
    if not all(_is_plain(c) or c in "-." for c in value):
        return "Enter the tenant's id or domain."
    return None


def _day(value, _):
    fault = _text(value, 10)
    if not fault and value and parse_day(value) is None:
        return "Enter a day such as 2027-01-31."
    return fault


def _addresses(value, limit):
    fault = _text(value, limit)
    for address in [] if fault or not value else value.split(","):
        fault = fault or _address(address.strip() or "@", None)
    return fault


def _events(value, limit):
    fault = _text(value, limit)
    if fault or value in ("", "all"):
        return fault
    from mfpmail.core.events import all_names

    names = all_names()
    if [name for name in value.split(",") if name.strip() not in names]:
        return "Enter all, or some of: %s." % ", ".join(names)
    return None


def _senders(value, limit):
    """Take a comma-separated list of at most so many addresses and domains ("@example.com")."""
    fault = _text(value, MAX_SENDERS_CHARS)
    entries = [] if fault or not value else [entry.strip() for entry in value.split(",")]
    if len(entries) > limit:
        return "At most %d entries." % limit
    for entry in entries:
        fault = fault or _address("x" + entry if entry.startswith("@") else entry or "@", None)
    return "Enter addresses, or domains such as @example.com." if entries and fault else fault


# name: (default, check, the check's argument)
_COMMON = {
    "server": ("", _host, None),
    "timeout_s": (20, _number, (1, 300)),
    "security": ("tls", _choice, ("tls", "starttls", "off")),
    "auth_method": ("oauth2", _choice, ("none", "password", "oauth2")),
    "username": ("", _text, 254),
    "password": ("", _text, 256),
    "provider": ("microsoft", _choice, ("microsoft", "outlook", "google", "custom")),
    "account": ("", _address, None),
    "tenant": ("", _tenant, None),
    "client_id": ("", _text, 256),
    "client_secret": ("", _text, 256),
    "client_secret_ends_on": ("", _day, None),
    "grant": (
        "device_code",
        _choice,
        ("device_code", "authorization_code", "client_credentials"),
    ),
    "scope": ("", _text, MAX_FIELD_CHARS),
    "issuer": ("", _url, None),
    "device_authorization_endpoint": ("", _url, None),
    "authorization_endpoint": ("", _url, None),
    "token_endpoint": ("", _url, None),
    "revocation_endpoint": ("", _url, None),
    "userinfo_endpoint": ("", _url, None),
}

_SMTP_ONLY = {
    "port": (587, _number, (1, 65535)),
    "security": ("starttls", _choice, ("tls", "starttls", "off")),
    "secondary_server": ("", _host, None),
    "sender_name": ("", _text, 64),
    "sender_address": ("", _address, None),
}

_POP_ONLY = {
    "port": (995, _number, (1, 65535)),
    "check_interval_min": (0, _number, (0, 480)),
    "check_at_start": ("no", _choice, ("yes", "no")),
    "allow_from": ("", _senders, MAX_SENDERS),
    "deny_from": ("", _senders, MAX_SENDERS),
    "unsupported": ("keep", _choice, ("keep", "delete")),
    "answer_unsupported": ("no", _choice, ("yes", "no")),
}

_DEVICE = {
    "language": ("en", _choice, LANGUAGES),
    "device_name": ("", _text, 64),
    "utc_offset_min": (0, _number, (-720, 840)),
    "alert_to": ("", _addresses, MAX_FIELD_CHARS),
    "alert_events": ("all", _events, MAX_FIELD_CHARS),
    "status_to": ("", _addresses, MAX_FIELD_CHARS),
    "status_every": ("off", _choice, ("off", "daily", "weekly", "monthly")),
    "status_hour": (7, _number, (0, 23)),
}


def schema(setting):
    """Return `{field: (default, check, argument)}` of one setting."""
    if setting == DEVICE:
        return _DEVICE
    fields = dict(_COMMON)
    fields.update(_SMTP_ONLY if protocol(setting) == "smtp" else _POP_ONLY)
    return fields


def defaults(setting):
    """Return a setting as it is before anybody entered anything."""
    return {name: rule[0] for name, rule in schema(setting).items()}


def validate(setting, stored, changes):
    """Return `(merged, faults)`: the setting after `changes`, and `{field: sentence}` for every
    field that cannot be taken. With faults, `merged` must not be stored."""
    rules = schema(setting)
    faults = {}
    for name, value in changes.items():
        if name not in rules:
            if name not in _READ_ONLY:
                faults[name] = "There is no such field."
            continue
        _, check, argument = rules[name]
        fault = check(value, argument)
        if fault:
            faults[name] = fault
    merged = dict(stored)
    merged.update({n: v for n, v in changes.items() if n in rules and n not in faults})
    if setting != DEVICE:
        fill_in(merged, stored, changes, protocol(setting), defaults(setting))
        _forget_endpoints(merged, stored, changes)
        _check_combinations(merged, faults)
    return merged, faults


def _check_combinations(merged, faults):
    """A sign-in never crosses the network in clear."""
    signs_in = merged["auth_method"] in ("password", "oauth2")
    if signs_in and merged["security"] == "off" and "security" not in faults:
        faults["security"] = "Signing in needs SSL/TLS: choose tls or starttls."


def _forget_endpoints(merged, stored, changes):
    """What was found from an issuer does not belong to another one."""
    if merged["issuer"] != stored["issuer"]:
        for name in ENDPOINTS:
            if name not in changes:
                merged[name] = ""


def from_stored(setting, stored):
    """Return a full setting from what was read back: bad or unknown values become defaults."""
    known = defaults(setting)
    merged, faults = validate(setting, known, {k: v for k, v in stored.items() if k in known})
    if "security" in faults and "security" in known:
        merged["security"] = known["security"]
    return merged
