"""The settings of the device and what belongs to which of them."""

SMTP = "smtp"
ALTERNATIVE = "smtp2"  # a second account for sending, used when the first fails
POP_SETTINGS = ("ifax", "eprint", "estatus")
DEVICE = "device"  # what concerns no server

# The manual's four screens show one SMTP setting with one token; each POP setting is its own.
SETTINGS = (SMTP, ALTERNATIVE) + POP_SETTINGS
ALL = SETTINGS + (DEVICE,)

LANGUAGES = ("en", "el")  # a file each in locale/

SECRETS = ("password", "client_secret")

# Fields that say whose token it is: fixed while a token is held (manual, "Deleting a token").
TOKEN_FIELDS = ("provider", "account", "tenant", "client_id")


def changed_token_fields(stored, merged):
    """Return the fields that may not change while a token is held, and would."""
    return [name for name in TOKEN_FIELDS if stored[name] != merged[name]]


def public(setting):
    """Return a setting without its secrets; `password_set`-like flags say whether there is one."""
    shown = {name: value for name, value in setting.items() if name not in SECRETS}
    for name in SECRETS:
        if name in setting:
            shown[name + "_set"] = bool(setting[name])
    return shown


def protocol(setting):
    """Return "smtp" or "pop3"."""
    return "smtp" if setting in (SMTP, ALTERNATIVE) else "pop3"


def sender_of(smtp):
    """Return the reverse-path: the sender address, or the account's where none is entered."""
    return smtp["sender_address"] or smtp["account"]
