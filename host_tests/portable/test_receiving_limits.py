"""Mails that have more in them than fits the limits: nobody would see what is left out."""

from fakes.popserver import PDF, contents, device_with, mail_of, receive, result


def crowded(count, data=PDF):
    """Return a mail with so many files."""
    return mail_of((data,) * count, None)


def divided(parts):
    """Return a mail with a file, and that many more parts which are none."""
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    file = b"Content-Type: application/pdf\r\n\r\n" + PDF + b"\r\n"
    return head + file + b"--b\r\nContent-Type: text/html\r\n\r\nx\r\n" * parts + b"--b--\r\n"


def nested(depth):
    """Return a mail with a file, and another one inside so many multiparts."""
    mail = b"From: a@far.test\r\n"
    for number in range(depth):
        mail += b"Content-Type: multipart/mixed; boundary=b%03d\r\n\r\n" % number
        if not number:
            mail += b"--b000\r\nContent-Type: application/pdf\r\n\r\n" + PDF + b"\r\n"
        mail += b"--b%03d\r\n" % number
    mail += b"Content-Type: application/pdf\r\n\r\n" + PDF
    return mail + b"".join([b"\r\n--b%03d--" % (depth - 1 - n) for n in range(depth)])


def test_mail_with_more_than_fits_the_limits_is_turned_away_whole():
    for mail in (crowded(17), divided(99), nested(21)):
        device, ports = device_with(("a", mail), ("b", mail_of()))
        assert receive(device, ports) == result(1, left=1, unsupported=1)
        assert list(contents(device)) == [("message.txt", "text/plain")]
        assert [m[0] for m in ports.net.mails] == ["a"] and len(ports.files.names("inbox")) == 1
        assert "left at the server: it has too many parts or files" in ports.lines[-1]
        for _ in range(2):
            assert receive(device, ports) == result(0, left=1, unsupported=1)
        assert len(ports.net.fetched) == 2


def test_mail_with_more_than_fits_is_deleted_where_that_is_set_and_its_sender_told():
    told = {"unsupported": "delete", "answer_unsupported": "yes"}
    device, ports = device_with(("a", crowded(17)), **told)
    assert receive(device, ports) == result(0, unsupported=1)
    assert ports.net.mails == [] and ports.files.names("inbox") == []
    assert "deleted: it has too many parts or files" in ports.lines[-1]
    assert [answer[:3] for answer in device.maildrops.answers] == [
        ("eprint", "note", "alice@far.test")
    ]


def test_mail_within_the_limits_is_stored_whole():
    for mail, count in ((crowded(16), 16), (divided(98), 1), (nested(20), 2)):
        device = ports = None
        device, ports = device_with(("a", mail))
        assert receive(device, ports) == result(1, count)
        assert ports.net.mails == []


def test_text_behind_as_many_files_as_fit_is_no_loss():
    files = b"".join([b"--b\r\nContent-Type: application/pdf\r\n\r\n" + PDF] * 16)
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    device, ports = device_with(("a", head + files + b"--b\r\n\r\nA list of lists\r\n--b--\r\n"))
    assert receive(device, ports) == result(1, 16)
