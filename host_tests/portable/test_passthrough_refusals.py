"""service/offer.py, web/upload.py: what cannot be sent now is refused before its file is read."""

from fakes.dialogues import EHLO, QUIT, SMTP_OPEN, SMTP_SIGNED_IN, transaction
from fakes.upload import (
    FIELDS,
    SCAN,
    Upload,
    assert_nothing_left,
    delivered,
    device_with,
    form,
    large_form,
    passed,
    scan,
)
from mfpmail.core.errors import MailError, NetworkError
from support import failure_of, run


def test_pass_that_cannot_be_sent_now_is_refused_before_the_file_is_read_and_leaves_nothing():
    refused = transaction([("a@far.test", b"550 5.1.1 unknown\r\n")])[:-2]
    large = [
        SMTP_OPEN[0],
        (EHLO, b"250-mail.test\r\n250-SIZE 1000\r\n250 AUTH XOAUTH2\r\n"),
    ]
    for script, code in (
        (NetworkError("dns", "The name mail.test could not be resolved."), "dns"),
        (SMTP_OPEN + [(None, b"535 5.7.139 disabled\r\n")], "smtp_535"),
        (SMTP_SIGNED_IN + [(None, b"421 too busy\r\n")], "smtp_421"),
        (SMTP_SIGNED_IN + [(None, b"550 5.7.60 not yours\r\n"), QUIT], "smtp_550"),
        (SMTP_SIGNED_IN + refused + [QUIT], "recipient_refused"),
        (large + [SMTP_SIGNED_IN[2], QUIT], "body_too_large"),
    ):
        device, ports = device_with(script)
        upload = Upload(large_form(*FIELDS))
        error = failure_of(passed(device, upload))
        assert error.code == code, error.code
        assert upload.read_bytes <= 2048
        assert_nothing_left(device, ports)


def test_pass_without_a_token_is_refused_with_the_reason():
    device, ports = device_with(acquired=False)
    upload = Upload(form(*FIELDS, scan()))
    error = failure_of(passed(device, upload))
    assert (error.code, error.topic) == ("token_missing", "token_missing")
    assert upload.read_bytes <= 2048 and ports.net.streams == []
    assert_nothing_left(device, ports)


def test_pass_all_recipients_refused_tells_the_reply_of_each():
    recipients = [("a@far.test", b"550 no\r\n"), ("b@far.test", b"450 later\r\n")]
    device, ports = device_with(SMTP_SIGNED_IN + transaction(recipients)[:-2] + [QUIT])
    fields = (("to", b"a@far.test,b@far.test"), ("mode", b"pass"))
    error = failure_of(passed(device, Upload(form(*fields, scan()))))
    assert error.fields == {"to": "a@far.test: 550 no; b@far.test: 450 later"}
    assert_nothing_left(device, ports)


def test_pass_fields_must_come_before_the_first_file():
    for parts, field in (
        ((("mode", b"pass"), scan(), ("to", b"a@far.test")), "to"),
        ((FIELDS[0], FIELDS[3], scan(), ("subject", b"Late")), "subject"),
        ((FIELDS[0], FIELDS[3], scan(), ("text", b"Late")), "text"),
        ((FIELDS[0], scan(), ("mode", b"pass")), "mode"),
    ):
        device, ports = device_with(delivered())
        error = failure_of(passed(device, Upload(form(*parts))))
        assert (error.code, list(error.fields)) == ("bad_job", [field])
        assert "before the first file" in error.fields[field]
        assert_nothing_left(device, ports)


def test_pass_bad_fields_are_told_all_at_once_before_anybody_is_called():
    device, ports = device_with()
    parts = (("to", b"alice"), ("subject", b"a\nb"), ("mode", b"pass"), scan())
    error = failure_of(passed(device, Upload(form(*parts))))
    assert set(error.fields) == {"to", "subject"}
    assert ports.net.streams == []
    assert_nothing_left(device, ports)


def test_pass_of_a_seventeenth_file_is_refused_and_leaves_nothing():
    device, ports = device_with(delivered())
    files = [scan(b"x", "%d.pdf" % number) for number in range(17)]
    error = failure_of(passed(device, Upload(form(*FIELDS + tuple(files)))))
    assert (error.code, list(error.fields)) == ("bad_job", ["file"])
    assert_nothing_left(device, ports)


def test_pass_while_another_mail_is_on_its_way_for_too_long_is_refused():
    device, _ = device_with()
    lock = device.overlays.turn if device.postman.is_lean else device.postman.sending

    async def wait():
        async with lock:
            device.postman.wanted = 0
            try:
                device.clock.now_ms = ticking(device.clock.now_ms)
                await device.postman.make_way()
            finally:
                assert device.postman.wanted == 0

    assert failure_of(wait()).code == "sending_busy"


def ticking(now_ms):
    """Return a clock that goes on by a minute with every look."""
    looks = []

    def look():
        looks.append(None)
        return now_ms() + 60001 * (len(looks) - 1)

    return look


def test_spool_larger_than_the_flash_is_refused_before_its_file_is_read_and_names_the_way():
    device, ports = device_with()
    ports.files.free = 80000
    for parts in ((FIELDS[0],), ()):
        upload = Upload(large_form(*parts))
        error = failure_of(passed(device, upload))
        assert (error.code, error.topic) == ("spool_full", "spool_too_small")
        assert upload.read_bytes <= 2048
        assert_nothing_left(device, ports)
    assert "mode=pass" in device.texts.find("en", error.topic)[1]


def test_spool_is_the_default_and_waits_in_the_queue():
    device, _ = device_with()
    for mode in ((), (("mode", b"spool"),), (("mode", b""),)):
        job, error = run(passed(device, Upload(form(FIELDS[0], *mode + (scan(),)))))
        assert (job.state, error) == ("queued", None)
        assert job.record["files"][0]["size"] == len(SCAN)


def test_html_and_copies_of_an_upload_reach_the_mail():
    device, _ = device_with()
    fields = (("cc", b"c@far.test"), ("bcc", b"b@far.test"), ("reply_to", b"r@far.test"))
    job, _ = run(passed(device, Upload(form(FIELDS[0], *fields + (("html", b"<p>Hi</p>"),)))))
    assert [r["address"] for r in job.record["recipients"]] == [
        "a@far.test",
        "c@far.test",
        "b@far.test",
    ]
    assert job.record["reply_to"] == ["r@far.test"]
    error = failure_of(passed(device, Upload(form(FIELDS[0], ("html", b"\xce")))))
    assert isinstance(error, MailError) and "html" in error.message
