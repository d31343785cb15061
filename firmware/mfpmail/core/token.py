"""The life of one token: four states, the events between them, and what is kept on flash.

The table below is the whole state machine; a pair that is not in it is an error. Three things are
deliberately no events: a network failure, an expired access token while the refresh token is good,
and a restart (the device code is kept, so that Awaiting Authentication survives it).
"""

from mfpmail.core.errors import NO_CAUSE, ProtocolError

NOT_ACQUIRED = "NOT_ACQUIRED"
AWAITING_AUTH = "AWAITING_AUTH"
ACQUIRED = "ACQUIRED"
INVALID = "INVALID"

STATES = (NOT_ACQUIRED, AWAITING_AUTH, ACQUIRED, INVALID)

GRANT_STARTED = "grant_started"
GRANT_FAILED = "grant_failed"
GRANT_ENDED = "grant_ended"
TOKEN_RECEIVED = "token_received"  # noqa: S105 - the name of an event
TOKEN_REFRESHED = "token_refreshed"  # noqa: S105 - the name of an event
REFRESH_REJECTED = "refresh_rejected"
DELETED = "deleted"

EVENTS = (
    GRANT_STARTED,
    GRANT_FAILED,
    GRANT_ENDED,
    TOKEN_RECEIVED,
    TOKEN_REFRESHED,
    REFRESH_REJECTED,
    DELETED,
)

TRANSITIONS = {
    (NOT_ACQUIRED, GRANT_STARTED): AWAITING_AUTH,
    (NOT_ACQUIRED, TOKEN_RECEIVED): ACQUIRED,
    (NOT_ACQUIRED, GRANT_FAILED): NOT_ACQUIRED,
    (AWAITING_AUTH, TOKEN_RECEIVED): ACQUIRED,
    (AWAITING_AUTH, GRANT_ENDED): NOT_ACQUIRED,
    (AWAITING_AUTH, DELETED): NOT_ACQUIRED,
    (ACQUIRED, TOKEN_REFRESHED): ACQUIRED,
    (ACQUIRED, REFRESH_REJECTED): INVALID,
    (ACQUIRED, DELETED): NOT_ACQUIRED,
    (INVALID, TOKEN_REFRESHED): ACQUIRED,
    (INVALID, DELETED): NOT_ACQUIRED,
}

# What belongs to a sign-in under way, by code or by redirect, and is forgotten when it ends.
# `interval_s` is the pause between two polls.
_GRANT = {
    "device_code": "",
    "user_code": "",
    "verification_uri": "",
    "verification_uri_complete": "",
    "interval_s": 0,
    "authorization_uri": "",
    "oauth_state": "",
    "code_verifier": "",
    "code_expires_at": None,
}

# Everything that is kept on flash for one token, with its value when there is none.
# `*_at` are Unix times in seconds.
EMPTY = {
    "state": NOT_ACQUIRED,
    "account": "",  # as entered
    "owner": "",  # as the provider names the account that signed in, if it does
    "changed_at": None,
    "grant": "",  # by which the token was obtained; the setting may say another by now
    "access_token": "",
    "refresh_token": "",
    "expires_at": None,
    "renew_at": None,
    "idle_renew_at": None,
    "retry": False,  # it is Invalid, but the provider may take it again later
    "scope": "",
    "renewed_at": None,  # when the provider gave tokens last
    "used_at": None,  # when a mail server was shown it last
    "succeeded_at": None,  # when a mail server accepted it last
    "refresh_lifetime_s": 0,  # of the refresh token, as the provider tells; 0 = it does not
    "refresh_expires_at": None,
    "dies_at": None,  # the first of all ends that are known
    "warned": None,  # the last warning that was given, see core.lifetime
}
EMPTY.update(_GRANT)
EMPTY.update(NO_CAUSE)

# What the administrator's page may see; tokens, device code and verifier are secrets.
PUBLIC = (
    "state",
    "reason",
    "topic",
    "detail",
    "account",
    "owner",
    "changed_at",
    "expires_at",
    "renewed_at",
    "used_at",
    "succeeded_at",
    "dies_at",
    "scope",
    "user_code",
    "verification_uri",
    "verification_uri_complete",
    "authorization_uri",
    "code_expires_at",
)


def next_state(state, event):
    """Return the state that follows, or raise ProtocolError `token_event`."""
    try:
        return TRANSITIONS[(state, event)]
    except KeyError:
        raise ProtocolError("token_event", "A token that is %s takes no %s." % (state, event))


def apply(record, event, now_s, changes=None):
    """Return a new record after `event`; `record` itself is left as it was.

    `changes` are the fields that the event brings. What belongs to another state (a device code,
    the tokens, the last reason) is cleared here, so that no secret outlives its use.
    """
    state = next_state(record["state"], event)
    after = dict(EMPTY) if state in (NOT_ACQUIRED, AWAITING_AUTH) else dict(record)
    after.update(NO_CAUSE)
    if event in (TOKEN_RECEIVED, TOKEN_REFRESHED):
        after.update(_GRANT)
    after["account"] = "" if event == DELETED else record["account"]
    after.update(changes or {})
    after["state"] = state
    after["changed_at"] = record["changed_at"] if event == TOKEN_REFRESHED else now_s
    if record["state"] == INVALID and state == ACQUIRED:
        after["changed_at"] = now_s
    return after


def from_stored(stored):
    """Return a full record from what was read back; unknown fields are dropped.

    Raises ProtocolError `token_record` when the stored state is not one of the four.
    """
    record = dict(EMPTY)
    record.update({name: stored[name] for name in EMPTY if name in stored})
    if record["state"] not in STATES:
        raise ProtocolError("token_record", "The stored token has no known state.")
    return record


def upgrade_1(stored):
    """Return a record of version 1 as one of version 2: texts have given way to topics."""
    stored["detail"] = stored.pop("message", "")
    stored["topic"] = stored.get("reason", "")
    stored["retry"] = stored.pop("interaction", False)
    return stored


def public(record):
    """Return what may be shown: no access token, refresh token or device code."""
    return {name: record[name] for name in PUBLIC}
