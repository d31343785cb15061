"""Providers: where to ask for tokens, and what mail servers belong to them.

Microsoft: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code and
https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
Google: https://developers.google.com/identity/protocols/oauth2/limited-input-device
"""

_MICROSOFT = "https://login.microsoftonline.com/%s/oauth2/v2.0/"
_OUTLOOK = "https://outlook.office.com/"

ENDPOINTS = ("device_authorization_endpoint", "token_endpoint")


def _microsoft(tenant):
    base = _MICROSOFT % tenant
    return {
        "device_authorization_endpoint": base + "devicecode",
        "token_endpoint": base + "token",
        "scopes": {
            "smtp": _OUTLOOK + "SMTP.Send offline_access",
            "pop3": _OUTLOOK + "POP.AccessAsUser.All offline_access",
        },
    }


def _preset(settings):
    if settings["provider"] == "microsoft":
        return _microsoft(settings["tenant"] or "organizations")
    if settings["provider"] == "outlook":
        return _microsoft("consumers")
    preset = {name: settings[name] for name in ENDPOINTS}
    preset["scopes"] = {}
    return preset


def resolve(settings, protocol):
    """Return `(provider, missing)` for one setting; `protocol` is "smtp" or "pop3".

    `provider` has the endpoints, `client_id`, `client_secret` and `scope`; `missing` is
    `{field: sentence}` for all that must be entered before a token can be asked for.
    """
    preset = _preset(settings)
    provider = {name: preset[name] for name in ENDPOINTS}
    provider["client_id"] = settings["client_id"]
    provider["client_secret"] = settings["client_secret"]
    provider["scope"] = settings["scope"] or preset["scopes"].get(protocol, "")
    return provider, _missing(settings, provider)


def _missing(settings, provider):
    missing = {}
    if settings["auth_method"] != "oauth2":
        missing["auth_method"] = "Choose OAuth 2.0 as the authentication method."
    if not settings["account"]:
        missing["account"] = "Enter the account name."
    if settings["provider"] == "google":
        missing["provider"] = (
            "Google's sign-in by code gives no permission for mail. Use an app password here."
        )
        return missing
    if settings["grant"] != "device_code":
        missing["grant"] = "Only the sign-in by code (device_code) is available."
    for name in ENDPOINTS + ("client_id", "scope"):
        if not provider[name]:
            missing[name] = "Enter a value; the provider %s has none." % settings["provider"]
    return missing
