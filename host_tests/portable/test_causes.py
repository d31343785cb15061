"""core/causes.py: every row of the classification, by what providers and mail servers send."""

import json

from fakes.keeper import Bench
from fakes.provider import refused, tokens
from mfpmail.core import causes, errors, oauth
from mfpmail.core.replies import pop3_error, smtp_error
from mfpmail.core.smtp import Reply
from mfpmail.core.token import ACQUIRED, AWAITING_AUTH, INVALID, NOT_ACQUIRED
from support import failure, failure_of, run

# error → kind, as the providers' documents have it; the table itself is not asked here.
ERROR_KINDS = {
    "pending": ("authorization_pending", "slow_down"),
    "flow_over": (
        "authorization_declined",
        "access_denied",
        "expired_token",
        "bad_verification_code",
    ),
    "invalid": ("invalid_grant", "invalid_rapt"),
    "interaction": ("interaction_required",),
    "account": ("admin_policy_enforced", "org_internal"),
    "configuration": ("invalid_client", "unauthorized_client", "invalid_scope"),
    "transient": ("temporarily_unavailable",),
}

# The error that Microsoft sends with each number, and the kind that both make.
NUMBER_KINDS = (
    ("invalid_grant", "invalid", "70000 70008 700082 700084 50173 50089 70043"),
    ("interaction_required", "interaction", "50074 50076 50078 50079 65001"),
    ("invalid_grant", "interaction", "50074 50076 50078 50079 65001"),
    ("invalid_grant", "account", "50057 50034 50053 50105 53003 530032 530035"),
    ("interaction_required", "account", "53003"),
    ("invalid_client", "configuration", "7000215 7000222 7000218 700025"),
    ("unauthorized_client", "configuration", "700016"),
    ("invalid_request", "configuration", "50011 900971 50194 9001023 90002"),
    ("invalid_scope", "configuration", "70011 700022"),
    (
        "temporarily_unavailable",
        "transient",
        "50196 50033 50087 70012 90006 90012 90024 90033 90055",
    ),
    ("bad_verification_code", "flow_over", "70018"),
    ("expired_token", "flow_over", "70019 70020"),
    ("access_denied", "flow_over", "65004"),
)

SMTP_KINDS = (
    ("auth", 535, "5.7.139 Authentication unsuccessful", "configuration", "smtp_auth_disabled"),
    ("mail", 530, "5.7.57 Client not authenticated", "configuration", "not_signed_in"),
    ("auth", 550, "5.7.30 Basic authentication", "configuration", "basic_auth_off"),
    ("mail", 550, "5.7.60 SMTP; Client does not have", "configuration", "send_as_denied"),
    ("data", 554, "5.2.0 STOREDRV; SendAsDenied", "configuration", "send_as_denied"),
    ("auth", 535, "5.7.3 Authentication unsuccessful", "configuration", "auth_rejected"),
    ("auth", 535, "5.7.8 Username and Password not", "configuration", "auth_rejected"),
    ("data", 554, "5.2.2 mailbox full", "account", "mailbox_unavailable"),
    ("connect", 421, "4.7.0 Try again later", "transient", "server_busy"),
    ("mail", 450, "4.2.0 busy", "transient", "server_busy"),
    ("data", 451, "4.7.500 Server busy", "transient", "server_busy"),
    ("rcpt", 452, "4.5.3 Too many recipients", "transient", "server_busy"),
    ("auth", 454, "4.7.0 Temporary authentication failure", "transient", "server_busy"),
    ("mail", 432, "4.3.2 Concurrent connections", "transient", "server_connections"),
    ("data", 430, "4.2.0 STOREDRV", "transient_hour", "mailbox_busy"),
    ("data", 554, "5.2.0 Exception:SubmissionQuotaExceeded", "pause", "sending_quota"),
    ("data", 550, "5.4.5 Daily sending quota exceeded", "pause", "sending_quota"),
    ("rcpt", 550, "5.1.1 User unknown", "message", "recipient_unknown"),
    ("rcpt", 550, "5.1.10 Recipient not found", "message", "recipient_unknown"),
    ("mail", 552, "5.3.4 Message too big", "message", "mail_too_large"),
    ("data", 554, "5.2.0 something else", "message", "mail_refused"),
)

ALL_NUMBERS = [number for _, numbers in causes.rows(causes.NUMBERS) for number in numbers]


def said(answer, status=400):
    """Return the error that a provider's answer means."""
    return failure(oauth.parse_token, status, json.dumps(answer).encode())


def microsoft(error, number):
    """Return an error answer as Microsoft writes it."""
    text = "AADSTS%s: Some text with 12345 in it. Trace ID: 0f1e" % number
    return {"error": error, "error_description": text, "error_codes": [int(number)]}


def test_error_of_a_provider_has_the_kind_of_its_row():
    for kind, codes in ERROR_KINDS.items():
        for code in codes:
            error = said({"error": code})
            assert (error.code, error.kind) == (code, kind), code
            assert code in error.message


def test_error_of_every_row_of_the_table_is_reached():
    for (kind, topic), codes in causes.rows(causes.ERRORS):
        for code in codes:
            error = said({"error": code})
            assert (error.kind, error.topic) == (kind, topic), code


def test_number_chooses_the_topic_and_never_ends_a_token_by_itself():
    for code, kind, numbers in NUMBER_KINDS:
        for number in numbers.split():
            error = said(microsoft(code, number))
            assert (error.code, error.kind) == (code, kind), number
            assert error.topic == causes.find(causes.NUMBERS, number)[1], number
            assert "AADSTS" + number in error.message
    for number in ALL_NUMBERS:
        for code in ("invalid_client", "temporarily_unavailable", "authorization_pending"):
            kind = causes.find(causes.ERRORS, code)[0]
            assert said(microsoft(code, number)).kind == kind, number


def test_number_every_row_of_the_table_is_in_this_test():
    tested = {number for _, _, numbers in NUMBER_KINDS for number in numbers.split()}
    assert tested == set(ALL_NUMBERS)


def test_kinds_of_all_tables_are_known():
    for table in (causes.ERRORS, causes.SUBERRORS, causes.NUMBERS, causes.POP3_REPLIES):
        for (kind, _), signals in causes.rows(table):
            assert kind in errors.KINDS
            assert all(signals)
    for signal, (kind, _) in causes.rows(causes.SMTP_REPLIES):
        assert (kind in errors.KINDS, len(signal)) == (True, 4)


def test_number_is_read_from_the_description_where_there_is_no_list():
    answer = microsoft("invalid_grant", "50173")
    for codes in (None, [], "50173", ["50173"]):
        answer["error_codes"] = codes
        assert said(answer).topic == "password_changed"
    assert said({"error": "invalid_grant", "error_description": "AADSTS"}).topic == "invalid_grant"


def test_number_of_a_passing_fault_keeps_a_token_that_is_said_to_be_dead_for_another_try():
    assert said(microsoft("invalid_grant", "90033")).kind == "interaction"


def test_number_of_a_loop_makes_it_much_slower():
    error = said(microsoft("invalid_request", "50196"))
    assert (error.topic, error.retry_after_s) == ("provider_loop", 3600)


def test_suberror_refines_what_ends_a_token():
    for name, kind, topic in (
        ("bad_token", "invalid", "invalid_grant"),
        ("token_expired", "invalid", "token_idle"),
        ("basic_action", "interaction", "interaction_required"),
        ("consent_required", "interaction", "consent_required"),
        ("protection_policy_required", "account", "access_blocked"),
    ):
        error = said({"error": "invalid_grant", "suberror": name})
        assert (error.kind, error.topic) == (kind, topic), name
    google = said({"error": "invalid_grant", "error_subtype": "invalid_rapt"})
    assert (google.kind, google.topic) == ("invalid", "invalid_rapt")
    assert said({"error": "invalid_grant", "suberror": "unheard_of"}).kind == "invalid"
    assert said({"error": "invalid_client", "suberror": "bad_token"}).kind == "configuration"


def test_status_of_an_overload_outranks_the_error_but_not_a_pending_sign_in():
    for status in (429, 500, 503):
        error = said({"error": "invalid_grant"}, status)
        assert (error.kind, error.topic) == ("transient", "provider_busy")
    assert said({"error": "authorization_pending"}, 428).kind == "pending"
    assert said({"error": "slow_down"}, 403).kind == "pending"
    assert said({"error": "slow_down"}, 429).kind == "pending"


def test_smtp_reply_has_the_kind_and_topic_of_its_row():
    for step, code, text, kind, topic in SMTP_KINDS:
        error = smtp_error(step, Reply(code, [text]))
        assert (error.kind, error.topic) == (kind, topic), (step, code, text)
        assert text in error.message


def test_smtp_reply_every_row_of_the_table_is_reached():
    for (step, code, status, word), (kind, topic) in causes.rows(causes.SMTP_REPLIES):
        step = "data" if step == "*" else step
        text = "%s x %s" % (status.rstrip("*"), word.rstrip("*").upper())
        error = smtp_error(step, Reply(int(code), [text]))
        assert (error.kind, error.topic) == (kind, topic), (code, status, word)


def test_smtp_sign_in_that_was_refused_is_left_to_the_renewal_but_where_the_server_says_why():
    for text in ("5.7.3 Authentication unsuccessful", "5.7.8 bad", "no", "5.7.30 odd"):
        assert smtp_error("auth", Reply(535, [text])).code == "auth_rejected"
    assert smtp_error("auth", Reply(535, ["5.7.139 disabled"])).code == "smtp_535"


def test_pop3_reply_has_the_kind_of_its_response_code():
    for text, code, kind in (
        ("[SYS/TEMP] later", "pop3_busy", "transient"),
        ("[IN-USE] locked", "pop3_busy", "transient"),
        ("[LOGIN-DELAY] too soon", "pop3_busy", "transient"),
        ("[SYS/PERM] broken", "pop3_refused", "configuration"),
        ("[AUTH] bad", "auth_rejected", "configuration"),
        ("Logon failure", "auth_rejected", "configuration"),
    ):
        error = pop3_error("auth", text)
        assert (error.code, error.kind) == (code, kind), text


def test_kinds_do_what_they_promise_while_the_code_is_out():
    for code, status, state in (
        ("authorization_pending", 400, AWAITING_AUTH),
        ("expired_token", 400, NOT_ACQUIRED),
        ("invalid_grant", 400, NOT_ACQUIRED),
        ("interaction_required", 400, NOT_ACQUIRED),
        ("org_internal", 400, NOT_ACQUIRED),
        ("invalid_client", 401, AWAITING_AUTH),
        ("temporarily_unavailable", 503, AWAITING_AUTH),
    ):
        bench = Bench(refused(code, status)).started()
        assert bench.poll_after(5) == state, code


def test_kinds_do_what_they_promise_when_a_token_is_renewed():
    for code, status, state, kept in (
        ("invalid_grant", 400, INVALID, False),
        ("interaction_required", 400, INVALID, True),
        ("org_internal", 400, INVALID, True),
        ("invalid_client", 401, ACQUIRED, True),
        ("invalid_scope", 400, ACQUIRED, True),
        ("invalid_grant", 503, ACQUIRED, True),
    ):
        bench = Bench(tokens(1)).started()
        bench.poll_after(5)
        bench.clock.advance_s(3600)
        bench.http.answers = [refused(code, status)]
        failure_of(bench.keeper.access_token())
        assert bench.keeper.state == state, code
        bench.http.answers = [tokens(2)]
        bench.clock.advance_s(12 * 3600)
        run(bench.keeper.renew_if_due())
        assert (bench.keeper.state == ACQUIRED) == kept, code
