"""service/mailwriter.py: what is known of a mail while it arrives."""

from mfpmail.service.mailwriter import Arrival


def test_header_key_is_of_the_header_only_however_it_is_divided():
    head, other = b"A: 1\r\nMessage-ID: <1>\r\n\r\n", b"A: 1\r\nMessage-ID: <2>\r\n\r\n"

    def key_of(mail, step):
        arrival = Arrival("eprint")
        for at in range(0, len(mail), step):
            arrival.take(mail[at : at + step])
        return arrival.key

    wanted = key_of(head, 100)
    assert len(wanted) == 8 and wanted != key_of(other, 100)
    for step in range(1, 40):
        assert key_of(head + b"text\r\n\r\nmore\r\n", step) == wanted, step


def test_header_alone_tells_sender_and_subject():
    mail = b"From: A <A@Far.Test>\r\nSubject: =?utf-8?q?=CE=B1?=\r\nDate: today\r\n\r\nx\r\n"
    for step in (1, 5, 1000):
        arrival = Arrival("estatus")
        for at in range(0, len(mail), step):
            arrival.take(mail[at : at + step])
        arrival.close()
        assert arrival.sender == "a@far.test"
        assert arrival.mail["from"] == "A <A@Far.Test>"
        assert (arrival.mail["subject"], arrival.mail["date"]) == ("α", "today")
        assert arrival.mail["items"] == []
