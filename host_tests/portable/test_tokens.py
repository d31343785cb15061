"""service/tokens.py: the grant, its restarts and its ends, as the keeper of one token sees them."""

from fakes.keeper import HTML, NO_NETWORK, Bench
from fakes.provider import DEVICE_ANSWER, refused, tokens
from mfpmail.core import errors
from mfpmail.core.token import ACQUIRED, AWAITING_AUTH, NOT_ACQUIRED
from support import OAUTH, failure_of, run


def test_start_shows_the_code_and_awaits():
    bench = Bench((200, DEVICE_ANSWER))
    shown = run(bench.keeper.start())
    assert (shown["state"], shown["user_code"]) == (AWAITING_AUTH, "ABCD-EFGH")
    assert shown["verification_uri"] == "https://provider.test/device"
    assert shown["code_expires_at"] == bench.clock.now_s() + 900
    assert bench.http.requests == [
        (
            "https://provider.test/device_authorization",
            "client_id=client-1&scope=mail%20offline_access",
        )
    ]


def test_grant_whole_way_ends_with_a_token():
    bench = Bench(refused("authorization_pending"), tokens()).started()
    assert bench.poll_after(5) == AWAITING_AUTH
    assert bench.poll_after(5) == ACQUIRED
    assert run(bench.keeper.access_token()) == "access-1"
    assert bench.changes == [AWAITING_AUTH, ACQUIRED]
    assert bench.keeper.public()["account"] == "scan@mail.test"
    assert "device_code=device-code-1" in bench.http.requests[-1][1]


def test_poll_before_the_interval_asks_nothing():
    bench = Bench().started()
    assert bench.poll_after(4) == AWAITING_AUTH
    assert len(bench.http.requests) == 1
    assert bench.keeper.next_poll_ms() == 5000


def test_poll_slow_down_adds_five_seconds_and_keeps_them_over_a_restart():
    bench = Bench(refused("slow_down"), refused("slow_down")).started()
    bench.poll_after(5)
    assert bench.keeper.next_poll_ms() == bench.clock.now_ms() + 10000
    bench.poll_after(10)
    assert bench.keeper.next_poll_ms() == bench.clock.now_ms() + 15000
    bench.restart()
    bench.http.answers = [refused("authorization_pending")]
    bench.poll_after(14)
    assert len(bench.http.requests) == 3
    bench.poll_after(1)
    assert len(bench.http.requests) == 4
    assert bench.keeper.next_poll_ms() == bench.clock.now_ms() + 15000


def test_poll_network_error_is_no_event_and_asks_less_often():
    bench = Bench(NO_NETWORK, NO_NETWORK, refused("authorization_pending"), tokens()).started()
    assert bench.poll_after(5) == AWAITING_AUTH
    assert bench.keeper.next_poll_ms() == bench.clock.now_ms() + 10000
    assert bench.poll_after(10) == AWAITING_AUTH
    assert bench.keeper.next_poll_ms() == bench.clock.now_ms() + 20000
    assert bench.keeper.public()["reason"] == "connect"
    assert bench.changes == [AWAITING_AUTH]
    assert bench.poll_after(20) == AWAITING_AUTH
    assert bench.keeper.public()["reason"] == ""
    assert bench.keeper.next_poll_ms() == bench.clock.now_ms() + 5000
    assert bench.poll_after(5) == ACQUIRED


def test_poll_network_errors_pause_a_minute_at_most():
    bench = Bench(*([NO_NETWORK] * 8)).started()
    for _ in range(8):
        bench.poll_after(60)
    assert bench.keeper.next_poll_ms() == bench.clock.now_ms() + 60000


def test_poll_html_or_busy_answer_leaves_the_state():
    for answer in (HTML, (503, b""), (429, {"error": "x"}), (200, {"token_type": "Bearer"})):
        bench = Bench(answer, tokens()).started()
        assert bench.poll_after(5) == AWAITING_AUTH
        assert bench.keeper.public()["reason"] != ""
        assert bench.poll_after(10) == ACQUIRED


def test_poll_flow_over_ends_the_grant_with_the_reason():
    for code in ("access_denied", "authorization_declined", "expired_token", "invalid_grant"):
        bench = Bench(refused(code)).started()
        assert bench.poll_after(5) == NOT_ACQUIRED
        shown = bench.keeper.public()
        assert (shown["reason"], shown["user_code"]) == (code, "")
        assert shown["topic"] and shown["detail"]
        assert bench.keeper.next_poll_ms() is None


def test_poll_code_that_expires_ends_the_grant_whatever_the_provider_says():
    for answer in (refused("authorization_pending"), refused("slow_down"), NO_NETWORK, HTML):
        bench = Bench(answer).started()
        assert bench.poll_after(900) == NOT_ACQUIRED
        assert bench.keeper.public()["reason"] == "expired_token"


def test_start_twice_returns_the_same_code():
    bench = Bench().started()
    assert run(bench.keeper.start())["user_code"] == "ABCD-EFGH"
    assert len(bench.http.requests) == 1


def test_start_while_a_token_is_held_is_refused():
    bench = Bench(tokens()).started()
    bench.poll_after(5)
    assert failure_of(bench.keeper.start()).code == "token_held"
    assert bench.keeper.state == ACQUIRED


def test_start_missing_fields_are_told_all_at_once():
    bench = Bench()
    empty = {name: "" for name in OAUTH if name not in ("auth_method", "provider")}
    bench.configuration.put("smtp", empty, False)
    error = failure_of(bench.keeper.start())
    assert error.code == "settings_missing"
    assert sorted(error.fields) == sorted(empty)
    assert bench.http.requests == []


def test_start_by_code_with_google_is_refused_before_anything_is_asked():
    bench = Bench()
    bench.configuration.put("smtp", {"provider": "google", "grant": "device_code"}, False)
    error = failure_of(bench.keeper.start())
    assert (error.code, bench.http.requests) == ("settings_missing", [])
    assert "Google" in " ".join(error.fields.values())


def test_start_refused_stays_not_acquired_with_the_reason():
    bench = Bench(refused("invalid_client", 401))
    error = failure_of(bench.keeper.start())
    assert (error.code, error.kind) == ("invalid_client", errors.CONFIGURATION)
    shown = bench.keeper.public()
    assert (shown["state"], shown["reason"]) == (NOT_ACQUIRED, "invalid_client")


def test_start_without_network_is_no_event():
    bench = Bench(NO_NETWORK)
    assert failure_of(bench.keeper.start()).code == "connect"
    assert (bench.keeper.state, bench.changes) == (NOT_ACQUIRED, [])


def test_awaiting_survives_a_restart_and_goes_on():
    bench = Bench(refused("authorization_pending"), tokens()).started()
    bench.restart()
    assert bench.keeper.public()["user_code"] == "ABCD-EFGH"
    assert bench.poll_after(0) == AWAITING_AUTH
    assert len(bench.http.requests) == 1  # the last poll may have been just before the restart
    assert bench.poll_after(5) == AWAITING_AUTH
    bench.restart()
    assert bench.poll_after(5) == ACQUIRED
    bench.restart()
    assert run(bench.keeper.access_token()) == "access-1"


def test_awaiting_storage_that_fails_keeps_the_token_until_it_is_stored():
    bench = Bench(tokens()).started()
    bench.files.fail_writes = True
    bench.clock.advance_s(5)
    assert failure_of(bench.keeper.poll()).code == "storage_failed"
    assert failure_of(bench.keeper.access_token()).code == "storage_failed"
    bench.files.fail_writes = False
    run(bench.keeper.poll())
    assert bench.changes == [AWAITING_AUTH, ACQUIRED]
    bench.restart()
    assert run(bench.keeper.access_token()) == "access-1"


def test_delete_while_the_grant_starts_drops_its_answer():
    bench = Bench()

    def deleted():
        bench.keeper.delete()
        return 200, DEVICE_ANSWER

    bench.http.answers = [deleted]
    assert failure_of(bench.keeper.start()).code == "token_missing"
    assert bench.keeper.state == NOT_ACQUIRED
    assert b"device-code-1" not in b"".join(bench.files.content.values())


def test_delete_while_a_poll_runs_drops_its_answer():
    for answer in (tokens(), refused("access_denied"), refused("slow_down"), NO_NETWORK):
        bench = Bench().started()

        def deleted(bench=bench, answer=answer):
            bench.keeper.delete()
            return answer

        bench.http.answers = [deleted]
        assert bench.poll_after(5) == NOT_ACQUIRED
        assert bench.keeper.public()["reason"] == ""
        assert b"access-1" not in bench.files.content["tokens/smtp"]


def test_delete_and_start_while_a_poll_runs_keeps_the_new_code_alone():
    bench = Bench().started()

    def restarted():
        bench.keeper.delete()
        return tokens()

    bench.http.answers = [restarted]
    bench.poll_after(5)
    second = dict(DEVICE_ANSWER)
    second["user_code"] = "SECOND"
    bench.http.answers = [(200, second)]
    assert run(bench.keeper.start())["user_code"] == "SECOND"


def test_damaged_record_starts_not_acquired_and_is_kept_aside():
    bench = Bench(tokens()).started()
    bench.poll_after(5)
    good = bench.files.content["tokens/smtp"]
    for damaged in (good[:-5], b"", b"x" * 40, good.replace(b"access-1", b"access-2")):
        bench.files.content["tokens/smtp"] = damaged
        bench.restart()
        assert bench.keeper.state == NOT_ACQUIRED
        assert bench.files.content["tokens/smtp.bad"] == damaged
        assert len(bench.store.faults) == 1


def test_public_has_no_secret_in_any_state():
    bench = Bench(tokens()).started()
    for _ in range(2):
        shown = str(bench.keeper.public())
        for secret in ("device-code-1", "access-1", "refresh-1"):
            assert secret not in shown
        bench.poll_after(5)
