"""Providers: where to ask for tokens, and what they want to be asked with.

Microsoft: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code,
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow,
https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
Google: https://developers.google.com/identity/protocols/oauth2/native-app
"""

DEVICE_CODE = "device_code"
AUTHORIZATION_CODE = "authorization_code"
CLIENT_CREDENTIALS = "client_credentials"

# Registered with the provider for applications without a server of their own (RFC 8252).
_LOOPBACK = "http://127.0.0.1:8765/"
_MICROSOFT_REDIRECT = "https://login.microsoftonline.com/common/oauth2/nativeclient"

_NEEDED_ENDPOINTS = {
    DEVICE_CODE: ("device_authorization_endpoint", "token_endpoint"),
    AUTHORIZATION_CODE: ("authorization_endpoint", "token_endpoint"),
    CLIENT_CREDENTIALS: ("token_endpoint",),
}
_NO_TENANTS = ("", "common", "organizations", "consumers")
ENDPOINTS = (
    "device_authorization_endpoint",
    "authorization_endpoint",
    "token_endpoint",
    "revocation_endpoint",
    "userinfo_endpoint",
)


def _microsoft(tenant, protocol, grant):
    base = "https://login.microsoftonline.com/%s/oauth2/v2.0/" % tenant
    scope = "SMTP.Send" if protocol == "smtp" else "POP.AccessAsUser.All"
    scope = "https://outlook.office.com/%s offline_access openid profile" % scope
    if grant == CLIENT_CREDENTIALS:
        scope = "https://outlook.office365.com/.default"
    return {
        "device_authorization_endpoint": base + "devicecode",
        "authorization_endpoint": base + "authorize",
        "token_endpoint": base + "token",
        "scope": scope,
        "redirect_uri": _MICROSOFT_REDIRECT,
    }


def _google():
    return {
        "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
        "token_endpoint": "https://oauth2.googleapis.com/token",
        "revocation_endpoint": "https://oauth2.googleapis.com/revoke",
        "scope": "https://mail.google.com/ openid email",
        # Without both, a second sign-in brings no refresh token.
        "authorization_extra": [("access_type", "offline"), ("prompt", "consent")],
    }


def _preset(settings, protocol):
    if settings["provider"] == "microsoft":
        return _microsoft(settings["tenant"] or "organizations", protocol, settings["grant"])
    if settings["provider"] == "outlook":
        return _microsoft("consumers", protocol, settings["grant"])
    if settings["provider"] == "google":
        return _google()
    return {name: settings[name] for name in ENDPOINTS}


def resolve(settings, protocol):
    """Return `(provider, missing)` for one setting; `protocol` is "smtp" or "pop3".

    `provider` has the endpoints, `client_id`, `client_secret`, `scope`, `account` and, for the
    authorization code grant, `redirect_uri` and `authorization_extra`. `missing` is
    `{field: sentence}` for all that must be entered before a token can be asked for.
    """
    preset = _preset(settings, protocol)
    provider = {name: preset.get(name, "") for name in ENDPOINTS}
    provider["redirect_uri"] = preset.get("redirect_uri", _LOOPBACK)
    provider["authorization_extra"] = preset.get("authorization_extra", [])
    provider["scope"] = settings["scope"] or preset.get("scope", "")
    for name in ("client_id", "client_secret", "account"):
        provider[name] = settings[name]
    return provider, _missing(settings, provider)


def wants_discovery(settings):
    """Say whether only the issuer was entered, of what the grant needs."""
    if settings["provider"] != "custom" or not settings["issuer"]:
        return False
    return not all(settings[name] for name in _NEEDED_ENDPOINTS[settings["grant"]])


def _missing(settings, provider):
    missing = {}
    if settings["auth_method"] != "oauth2":
        missing["auth_method"] = "Choose OAuth 2.0 as the authentication method."
    for name in ("account", "client_id", "scope"):
        if not provider[name]:
            missing[name] = "Enter a value."
    _check_grant(settings, provider, missing)
    return missing


def _check_grant(settings, provider, missing):
    grant = settings["grant"]
    if settings["provider"] == "google" and grant != AUTHORIZATION_CODE:
        missing["grant"] = (
            "Choose authorization_code: Google's sign-in by code gives no permission for mail."
        )
        return
    for name in _NEEDED_ENDPOINTS[grant]:
        if not provider[name]:
            missing[name] = "Enter a value; the provider %s has none." % settings["provider"]
    if grant == CLIENT_CREDENTIALS:
        _check_application(settings, missing)


def _check_application(settings, missing):
    if not settings["client_secret"]:
        missing["client_secret"] = "Enter it: the application signs in by itself."  # noqa: S105
    if settings["provider"] == "microsoft" and settings["tenant"] in _NO_TENANTS:
        missing["tenant"] = "Enter the tenant's id: an application belongs to one tenant."
