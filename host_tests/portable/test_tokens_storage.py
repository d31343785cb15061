"""service/tokens.py while the flash fails for some time: nothing is replaced that is not stored."""

import asyncio

from fakes.keeper import Bench
from fakes.provider import DEVICE_ANSWER, refused, tokens
from mfpmail.core.errors import StorageError
from mfpmail.core.token import ACQUIRED, AWAITING_AUTH, INVALID
from support import failure_of, run

HALF_A_DAY_S = 12 * 3600


def acquired(*answers):
    bench = Bench(tokens(1)).started()
    assert bench.poll_after(5) == ACQUIRED
    bench.http.answers = list(answers)
    return bench


def test_idle_renewal_does_not_replace_a_token_that_is_not_stored_yet():
    bench = acquired(tokens(2), tokens(3))
    bench.files.fail_writes = True
    for _ in range(2):
        bench.clock.advance_s(HALF_A_DAY_S)
        try:
            run(bench.keeper.renew_if_due())
        except StorageError:
            pass
    assert len(bench.http.answers) == 1  # the provider was asked once
    bench.files.fail_writes = False
    run(bench.keeper.renew_if_due())
    bench.restart()
    assert bench.keeper.record["refresh_token"] == "refresh-3"


def test_reason_that_could_not_be_stored_is_stored_later():
    bench = acquired(refused("interaction_required"), refused("invalid_grant"))
    bench.clock.advance_s(HALF_A_DAY_S)
    run(bench.keeper.renew_if_due())
    bench.files.fail_writes = True
    bench.clock.advance_s(HALF_A_DAY_S)
    run(bench.keeper.renew_if_due())
    assert failure_of(bench.keeper.poll()).code == "storage_failed"
    bench.files.fail_writes = False
    run(bench.keeper.poll())
    bench.restart()
    shown = bench.keeper.public()
    assert (shown["state"], shown["reason"]) == (INVALID, "invalid_grant")
    assert bench.changes.count(INVALID) == 1


def test_code_that_could_not_be_stored_is_polled_after_its_interval():
    bench = Bench((200, DEVICE_ANSWER))
    bench.files.fail_writes = True
    assert failure_of(bench.keeper.start()).code == "storage_failed"
    bench.files.fail_writes = False
    asked = len(bench.http.requests)
    run(bench.keeper.poll())
    assert (bench.keeper.state, len(bench.http.requests)) == (AWAITING_AUTH, asked)
    bench.http.answers = [tokens(1)]
    assert bench.poll_after(5) == ACQUIRED


def test_address_pasted_twice_at_once_is_no_fault():
    for second in (tokens(1), refused("invalid_grant")):
        bench = Bench(tokens(1), second)
        uri = {"grant": "authorization_code", "authorization_endpoint": "https://provider.test/a"}
        bench.configuration.put("smtp", uri, False)
        run(bench.keeper.start())
        state = bench.keeper.record["oauth_state"]
        pasted = "http://127.0.0.1:8765/?code=c&state=" + state
        take = bench.keeper.take_redirect

        async def both(take=take, pasted=pasted):
            await asyncio.gather(take(pasted), take(pasted))

        run(both())
        assert bench.keeper.state == ACQUIRED
