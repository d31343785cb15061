"""What to enter for the well-known providers: servers, ports, security and the right grant.

https://support.microsoft.com/office/pop-imap-and-smtp-settings-8361e398-8af4-4e97-b147-6c6c4ac95353,
https://support.google.com/a/answer/9003945
"""

_OFFICE_POP = ("outlook.office365.com", 995, "tls", "device_code")

# (provider, protocol): (server, port, security, grant)
_PRESETS = {
    ("microsoft", "smtp"): ("smtp.office365.com", 587, "starttls", "device_code"),
    ("microsoft", "pop3"): _OFFICE_POP,
    ("outlook", "smtp"): ("smtp-mail.outlook.com", 587, "starttls", "device_code"),
    ("outlook", "pop3"): _OFFICE_POP,
    ("google", "smtp"): ("smtp.gmail.com", 465, "tls", "authorization_code"),
    ("google", "pop3"): ("pop.gmail.com", 995, "tls", "authorization_code"),
}
PROVIDERS = ("microsoft", "outlook", "google")
_NAMES = ("server", "port", "security", "grant")


def preset(provider, protocol):
    """Return `{field: value}` for a provider; {} for one of which nothing is known."""
    values = _PRESETS.get((provider, protocol))
    return {name: values[index] for index, name in enumerate(_NAMES)} if values else {}


def fill_in(merged, stored, changes, protocol, defaults):
    """Let what belongs to the provider follow it in `merged`, unless somebody entered another.

    `stored` is the setting before, `changes` what was entered now, `defaults` what nobody entered.
    """
    if "provider" not in changes:
        return
    if merged["provider"] == stored["provider"] and merged["server"]:
        return
    before = preset(stored["provider"], protocol)
    for name, value in preset(merged["provider"], protocol).items():
        if name not in changes and stored[name] in (defaults[name], before.get(name)):
            merged[name] = value
