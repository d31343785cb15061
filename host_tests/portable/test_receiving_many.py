"""More mails that stay at the server than can be remembered."""

from fakes.popserver import device_with, mail_of, receive
from mfpmail.service.seen import Seen

ZIP = b"From: a@far.test\r\nContent-Type: application/zip\r\n\r\nPK\x03\x04\0\0\r\n"


def test_kept_mails_beyond_the_record_do_not_hide_new_ones():
    usual, Seen.max_kept = Seen.max_kept, 5
    try:
        device, ports = device_with(*[("k%d" % n, ZIP) for n in range(26)])
        assert receive(device, ports)["more"]
        for _ in range(2):
            ports.lines.clear()
            ports.net.fetched.clear()
            answer = receive(device, ports)
            assert (answer["left"], answer["more"]) == (26, False)
        ports.net.mails.append(("new", mail_of()))
        received = [receive(device, ports)["received"] for _ in range(2)]
        assert sum(received) == 1
    finally:
        Seen.max_kept = usual
