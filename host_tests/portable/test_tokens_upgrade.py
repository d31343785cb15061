"""What older firmware left on flash is taken over; what newer firmware left is kept aside."""

from fakes.keeper import Bench
from fakes.provider import tokens
from mfpmail.core import record, settings
from mfpmail.core.token import ACQUIRED, INVALID
from mfpmail.service.configuration import Configuration
from mfpmail.service.outbox import Outbox
from mfpmail.service.overlay import Overlays
from support import run

OLD_TOKEN = {
    "state": INVALID,
    "reason": "interaction_required",
    "message": "The provider wants the account's owner to sign in again.",
    "hint": "Delete the token and obtain it again.",
    "account": "scan@mail.test",
    "changed_at": 1700000000,
    "grant": "device_code",
    "access_token": "access-0",
    "refresh_token": "refresh-0",
    "expires_at": 1700003600,
    "renew_at": 1700002000,
    "idle_renew_at": 1700030000,
    "interaction": True,
    "scope": "mail",
}
OLD_JOB = {
    "id": "000001-aabbcc",
    "state": "held",
    "created_at": 1700000000,
    "message_id": "<a@mail.test>",
    "reverse_path": "scan@mail.test",
    "subject": "Scan",
    "files": [],
    "plan": [10],
    "bytes_total": 10,
    "recipients": [{"address": "a@far.test", "state": "queued", "reply": ""}],
    "reason": "invalid_grant",
    "message": "The provider does not accept the token any more.",
    "hint": "Delete the token and obtain it again.",
    "attempts": 0,
    "next_attempt_at": None,
}


def restarted(content):
    bench = Bench()
    bench.files.content.update(content)
    bench.restart()
    return bench


def test_token_of_version_1_is_taken_over_and_still_comes_back():
    bench = restarted({"tokens/smtp": record.dump(1, OLD_TOKEN)})
    shown = bench.keeper.public()
    assert (shown["state"], shown["reason"]) == (INVALID, "interaction_required")
    assert shown["topic"] == "interaction_required"
    assert shown["detail"] == OLD_TOKEN["message"]
    bench.http.answers = [tokens(1)]
    run(bench.keeper.renew_if_due())
    assert bench.keeper.state == ACQUIRED
    assert "refresh_token=refresh-0" in bench.http.requests[0][1]
    assert bench.store.faults == []


def test_job_of_version_1_is_taken_over():
    bench = restarted({"outbox/000001-aabbcc/job.json": record.dump(1, OLD_JOB)})
    bench.files.folders.add("outbox/000001-aabbcc")
    (job,) = Outbox(bench.store, bytes, lambda: None).jobs
    shown = job.public()
    assert (shown["state"], shown["reason"], shown["topic"]) == (
        "held",
        "invalid_grant",
        "invalid_grant",
    )
    assert (shown["detail"], shown["via"]) == (OLD_JOB["message"], "")
    assert "hint" not in shown


def test_settings_that_lack_fields_and_names_get_their_defaults():
    stored = {"smtp": {"server": "mail.test", "port": 465, "unheard_of": 1}}
    bench = restarted({"settings.json": record.dump(1, stored)})
    smtp = bench.configuration.get("smtp")
    assert (smtp["server"], smtp["port"], smtp["timeout_s"]) == ("mail.test", 465, 20)
    assert "unheard_of" not in smtp
    for name in settings.ALL:
        assert bench.configuration.get(name) is not None
    assert bench.configuration.get("device")["language"] == "en"


def test_files_of_newer_firmware_are_kept_aside_and_reported():
    newer = {
        "tokens/smtp": record.dump(99, {"state": ACQUIRED}),
        "settings.json": record.dump(99, {}),
    }
    bench = restarted(newer)
    assert bench.keeper.state == "NOT_ACQUIRED"
    for path, data in newer.items():
        assert bench.files.content[path + ".newer"] == data
        assert path in "".join(bench.store.faults)
    assert isinstance(Configuration(bench.store, Overlays(True)).get("smtp"), dict)


def test_use_and_success_are_on_flash_at_once_and_then_once_an_hour():
    bench = Bench(tokens(1, expires_in=86400)).started()
    bench.poll_after(5)
    written = []
    bench.files.on_change = lambda verb, path: written.append(path)
    for _ in range(12):  # two hours
        run(bench.keeper.access_token())
        bench.keeper.succeeded()
        bench.clock.advance_s(600)
    assert written == ["tokens/smtp"] * 2
    bench.restart()
    shown = bench.keeper.public()
    assert shown["used_at"] == shown["succeeded_at"]
    assert 0 < bench.clock.now_s() - shown["used_at"] <= 3600


def test_success_that_cannot_be_stored_is_no_failure():
    bench = Bench(tokens(1)).started()
    bench.poll_after(5)
    bench.files.fail_writes = True
    run(bench.keeper.access_token())
    bench.keeper.succeeded()
    assert bench.keeper.public()["succeeded_at"] == bench.clock.now_s()
    bench.files.fail_writes = False
    assert run(bench.keeper.access_token()) == "access-1"
