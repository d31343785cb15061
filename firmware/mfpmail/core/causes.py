"""What every answer of a provider and every refusal of a mail server means: the one table of it.

A row gives the kind (`core.errors`), which alone decides what happens next, and the topic, under
which `locale/` has the cause and what to do. Facts from RFC 6749, 8628, 5321 and 3206 and from
https://learn.microsoft.com/entra/identity-platform/reference-error-codes,
https://learn.microsoft.com/exchange/mail-flow-best-practices/how-to-set-up-a-multifunction-device-or-application-to-send-email-using-microsoft-365-or-office-365,
https://developers.google.com/identity/protocols/oauth2#expiration,
https://support.google.com/a/answer/3726730.

The tables are texts, as they are looked into when memory is shortest: in the midst of a failure.
"""

# The `error` of a provider's answer. A row is "kind topic: errors".
ERRORS = """\
pending authorization_pending: authorization_pending slow_down
flow_over access_denied: authorization_declined access_denied
flow_over expired_token: expired_token
flow_over bad_verification_code: bad_verification_code
invalid invalid_grant: invalid_grant
invalid invalid_rapt: invalid_rapt
interaction interaction_required: interaction_required login_required
interaction consent_required: consent_required
account admin_policy_enforced: admin_policy_enforced
account org_internal: org_internal
configuration app_unknown: disabled_client
configuration invalid_client: invalid_client
configuration unauthorized_client: unauthorized_client unsupported_grant_type
configuration unauthorized_client: unsupported_response_type
configuration redirect_mismatch: redirect_uri_mismatch
configuration invalid_scope: invalid_scope invalid_resource
configuration invalid_request: invalid_request
configuration tenant_unknown: invalid_tenant
transient provider_busy: temporarily_unavailable server_error
"""

# What refines an error that ends a token: Microsoft's `suberror`, Google's `error_subtype`.
SUBERRORS = """\
invalid invalid_grant: bad_token
invalid token_idle: token_expired
invalid client_mismatch: client_mismatch
invalid invalid_rapt: invalid_rapt
interaction interaction_required: basic_action additional_action message_only
interaction consent_required: consent_required
interaction password_changed: user_password_expired
account access_blocked: protection_policy_required
"""

# Microsoft's AADSTS numbers. They choose the topic; between the kinds that end a token or a
# sign-in they say which, but they never decide that one ends.
NUMBERS = """\
flow_over bad_verification_code: 70018
flow_over expired_token: 70019 70020
flow_over access_denied: 65004
invalid invalid_grant: 70000
invalid token_idle: 70008 700082 50089
invalid token_spa: 700084
invalid password_changed: 50173
invalid signin_frequency: 70043
interaction mfa_required: 50074 50076 50078 50079
interaction consent_required: 65001
account account_disabled: 50057
account account_unknown: 50034
account account_locked: 50053
account account_not_assigned: 50105
account access_blocked: 53003 530032 530035
configuration secret_wrong: 7000215
configuration secret_expired: 7000222
configuration secret_needed: 7000218
configuration secret_unwanted: 700025
configuration app_unknown: 700016
configuration redirect_mismatch: 50011 900971
configuration tenant_needed: 50194 9001023
configuration tenant_unknown: 90002
configuration invalid_scope: 70011 700022
transient provider_loop: 50196
transient provider_busy: 50033 50087 70012 90006 90012 90024 90033 90055
"""
SLOW_TOPIC = "provider_loop"  # the provider has seen too many requests: much slower
SLOW_RETRY_S = 3600

# Refusals of SMTP servers, the first row that fits: "step code status word: kind topic", where
# status is how the enhanced code begins, word stands in the text, and * fits everything. A
# refused sign-in without a row may be the token's fault: the provider's answer to its renewal
# decides.
SMTP_REPLIES = """\
auth 535 5.7.139 *: configuration smtp_auth_disabled
auth 550 5.7.30 *: configuration basic_auth_off
auth 432 4.3.2 *: transient server_connections
* 430 4.2.0 *: transient_hour mailbox_busy
* 432 4.3.2 *: transient server_connections
* 530 5.7.57 *: configuration not_signed_in
* 535 5.7.139 *: configuration smtp_auth_disabled
* 550 5.7.30 *: configuration basic_auth_off
* 550 5.7.60 *: configuration send_as_denied
* 554 5.2.0 sendasdenied: configuration send_as_denied
* 554 5.2.0 submissionquotaexceeded: pause sending_quota
* 550 5.4.5 *: pause sending_quota
* 554 5.2.2 *: account mailbox_unavailable
* 552 5.3.4 *: message mail_too_large
* 550 5.1. *: message recipient_unknown
* 530 * *: configuration not_signed_in
* 534 * *: configuration auth_rejected
* 535 * *: configuration auth_rejected
* 538 * *: configuration auth_rejected
"""

# Refusals of POP3 servers by their response code (RFC 2449 section 8, RFC 3206).
POP3_REPLIES = """\
transient server_busy: SYS/TEMP
transient maildrop_in_use: IN-USE LOGIN-DELAY
configuration maildrop_fault: SYS/PERM
"""


def rows(table):
    """Yield `(words before the colon, words behind it)` of every row."""
    start = 0
    while start < len(table):
        end = table.find("\n", start)
        before, _, behind = table[start:end].partition(": ")
        yield before.split(" "), behind.split(" ")
        start = end + 1


def find(table, signal):
    """Return `[kind, topic]` of the row that has the signal, None without one."""
    for meaning, signals in rows(table):
        if signal in signals:
            return meaning
    return None


def find_reply(step, code, text):
    """Return `[kind, topic]` of the first row that fits a refused SMTP step, None without one.

    `text` is what came behind the code, in lower case.
    """
    for (row_step, row_code, status, word), meaning in rows(SMTP_REPLIES):
        fits = row_step in ("*", step) and row_code == str(code) and word.rstrip("*") in text
        if fits and text.startswith(status.rstrip("*")):
            return meaning
    return None
