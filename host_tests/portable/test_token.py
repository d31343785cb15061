"""core/token.py: the table of states, and what is kept and what is cleared on the way."""

from mfpmail.core import token
from mfpmail.core.token import ACQUIRED, AWAITING_AUTH, INVALID, NOT_ACQUIRED
from support import failure

# The table of the architecture, written out again: (state, event, next state).
EXPECTED = (
    (NOT_ACQUIRED, "grant_started", AWAITING_AUTH),
    (NOT_ACQUIRED, "token_received", ACQUIRED),
    (NOT_ACQUIRED, "grant_failed", NOT_ACQUIRED),
    (AWAITING_AUTH, "token_received", ACQUIRED),
    (AWAITING_AUTH, "grant_ended", NOT_ACQUIRED),
    (AWAITING_AUTH, "deleted", NOT_ACQUIRED),
    (ACQUIRED, "token_refreshed", ACQUIRED),
    (ACQUIRED, "refresh_rejected", INVALID),
    (ACQUIRED, "deleted", NOT_ACQUIRED),
    (INVALID, "token_refreshed", ACQUIRED),
    (INVALID, "deleted", NOT_ACQUIRED),
)


def record_in(state):
    record = dict(token.EMPTY)
    record.update({"state": state, "account": "alice@sandbox.test", "changed_at": 1})
    if state in (ACQUIRED, INVALID):
        record.update({"access_token": "access", "refresh_token": "refresh", "expires_at": 99})
    if state == AWAITING_AUTH:
        record.update({"device_code": "device", "user_code": "USER", "code_expires_at": 99})
    return record


def test_table_every_listed_pair_leads_to_its_state():
    for state, event, following in EXPECTED:
        assert token.next_state(state, event) == following


def test_table_every_other_pair_is_an_error():
    listed = {(state, event) for state, event, _ in EXPECTED}
    tried = 0
    for state in token.STATES:
        for event in token.EVENTS:
            if (state, event) not in listed:
                assert failure(token.next_state, state, event).code == "token_event"
                tried += 1
    assert tried == len(token.STATES) * len(token.EVENTS) - len(EXPECTED)


def test_apply_grant_started_keeps_code_and_time():
    changes = {"device_code": "d", "user_code": "U", "interval_s": 5, "code_expires_at": 900}
    after = token.apply(record_in(NOT_ACQUIRED), token.GRANT_STARTED, 50, changes)
    assert (after["state"], after["device_code"], after["changed_at"]) == (AWAITING_AUTH, "d", 50)


def test_apply_token_received_forgets_the_code():
    after = token.apply(record_in(AWAITING_AUTH), token.TOKEN_RECEIVED, 60, {"access_token": "a"})
    assert after["state"] == ACQUIRED
    assert (after["device_code"], after["user_code"], after["code_expires_at"]) == ("", "", None)
    assert after["account"] == "alice@sandbox.test"


def test_apply_deleted_leaves_no_secret_from_any_state():
    for state in (AWAITING_AUTH, ACQUIRED, INVALID):
        after = token.apply(record_in(state), token.DELETED, 70)
        expected = dict(token.EMPTY)
        expected["changed_at"] = 70
        assert after == expected


def test_apply_refresh_rejected_keeps_refresh_token_and_shows_the_reason():
    changes = {"reason": "invalid_grant", "topic": "token_idle", "detail": "d"}
    after = token.apply(record_in(ACQUIRED), token.REFRESH_REJECTED, 80, changes)
    assert (after["state"], after["refresh_token"]) == (INVALID, "refresh")
    assert (after["reason"], after["changed_at"]) == ("invalid_grant", 80)


def test_apply_token_refreshed_clears_the_reason_of_an_invalid_token():
    before = record_in(INVALID)
    before["reason"] = "interaction_required"
    after = token.apply(before, token.TOKEN_REFRESHED, 90, {"access_token": "b"})
    assert (after["state"], after["reason"], after["changed_at"]) == (ACQUIRED, "", 90)


def test_apply_token_refreshed_does_not_change_the_time_of_an_acquired_token():
    after = token.apply(record_in(ACQUIRED), token.TOKEN_REFRESHED, 90, {"access_token": "b"})
    assert after["changed_at"] == 1


def test_apply_leaves_the_record_before_as_it_was():
    before = record_in(ACQUIRED)
    copy = dict(before)
    token.apply(before, token.DELETED, 70)
    assert before == copy


def test_public_shows_no_secret():
    shown = token.public(record_in(ACQUIRED))
    for name in ("access_token", "refresh_token", "device_code"):
        assert name not in shown


def test_from_stored_fills_gaps_and_drops_unknown_fields():
    record = token.from_stored({"state": ACQUIRED, "refresh_token": "r", "foreign": 1})
    assert set(record) == set(token.EMPTY)
    assert record["refresh_token"] == "r"


def test_from_stored_unknown_state_is_an_error():
    assert failure(token.from_stored, {"state": "BORED"}).code == "token_record"


def test_upgrade_of_version_1_keeps_the_tokens_and_the_reason():
    stored = {"state": INVALID, "refresh_token": "r", "reason": "interaction_required"}
    stored.update({"message": "m", "hint": "h", "interaction": True})
    record = token.from_stored(token.upgrade_1(stored))
    assert (record["state"], record["refresh_token"], record["retry"]) == (INVALID, "r", True)
    assert (record["reason"], record["topic"], record["detail"]) == (
        "interaction_required",
        "interaction_required",
        "m",
    )
