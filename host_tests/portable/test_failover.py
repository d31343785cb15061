"""service/accounts.py: the secondary server of an account, and one connection for many mails."""

import support
from fakes.dialogues import (
    EHLO,
    QUIT,
    SMTP_GREETING,
    SMTP_OPEN,
    SMTP_SIGNED_IN,
    delivery,
    transaction,
)
from fakes.ports import FakePorts
from fakes.provider import tokens
from mfpmail.core.errors import NetworkError, TlsError
from mfpmail.service.device import Device
from support import acquire, configure, run

PRIMARY, SECONDARY = "mail.test", "backup.test"
OTHER_PRIMARY, OTHER_SECONDARY = "mail2.test", "backup2.test"
MAIL = transaction([("a@far.test", b"250 ok\r\n")])


def no_route():
    return NetworkError("connect", "No connection.")


def device_with(*scripts, both=False):
    """Return a device whose accounts have two servers each, and its ports, which note the `hosts`
    connected to."""
    ports = FakePorts(*scripts)
    connect, ports.hosts = ports.net.connect, []

    async def watched(host, *arguments):
        ports.hosts.append(host)
        return await connect(host, *arguments)

    ports.net.connect = watched
    device = Device(ports)
    configure(device, secondary_server=SECONDARY)
    run(acquire(device, ports.http))
    if both:
        servers = {"server": OTHER_PRIMARY, "secondary_server": OTHER_SECONDARY}
        configure(device, "smtp2", account="bob@mail2.test", **servers)
        run(acquire(device, ports.http, "smtp2", tokens(2)))
    return device, ports


def queued(device, to="a@far.test"):
    """Queue a job; what is only loaded for that is gone again, as after an upload."""
    with device.overlays:
        return support.spool(device, to)


def send(device, ports):
    """Send what is due; return the hosts that were tried."""
    del ports.hosts[:]
    run(device.postman.send_due())
    return ports.hosts


def test_primary_that_cannot_be_reached_gives_way_to_the_secondary():
    for script in (
        no_route(),
        NetworkError("dns", "The name could not be resolved."),
        NetworkError("timeout", "It did not answer in time."),
        TlsError("tls_handshake", "No common version."),
        TlsError("tls_expired", "The certificate has expired."),
        [(None, b"421 busy\r\n")],
        [(None, b"450 later\r\n")],
        [SMTP_GREETING, (EHLO, b"421 closing\r\n")],
        SMTP_OPEN,  # the connection is lost during the sign-in
        SMTP_OPEN + [(None, b"421 closing\r\n")],
    ):
        device, ports = device_with(script, delivery("a@far.test"))
        job = queued(device)
        assert send(device, ports) == [PRIMARY, SECONDARY], script
        assert (job.state, job.record["via"]) == ("sent", "smtp")
        assert all(stream.closed for stream in ports.net.streams)
        assert device.postman.sending_through == "smtp"


def test_rejection_of_the_sign_in_does_not_move_to_the_secondary():
    for reply in (b"535 5.7.139 disabled\r\n", b"454 4.7.0 later\r\n", b"554 5.2.2 gone\r\n"):
        device, ports = device_with(SMTP_OPEN + [(None, reply)])
        job = queued(device)
        assert send(device, ports) == [PRIMARY], reply
        assert job.state in ("retrying", "held")


def test_rejection_of_the_mail_or_of_a_recipient_does_not_move_to_the_secondary():
    refused = transaction([("a@far.test", b"550 no\r\n")])[:-2]
    for script in (
        [(None, b"550 5.7.60 not yours\r\n")],
        [(None, b"451 later\r\n")],
        refused,
        transaction([("a@far.test", b"250 ok\r\n")], b"554 spam\r\n"),
        MAIL[:-1],  # the connection is lost while the mail goes
    ):
        device, ports = device_with(SMTP_SIGNED_IN + script + [QUIT])
        queued(device)
        assert send(device, ports) == [PRIMARY], script


def test_provider_that_cannot_be_reached_is_not_the_fault_of_the_primary():
    device, ports = device_with()
    device.clock.advance_s(3600)
    ports.http.answers = [NetworkError("dns", "The name provider.test could not be resolved.")]
    job = queued(device)
    assert send(device, ports) == []
    assert job.record["detail"] == "The name provider.test could not be resolved."


def test_order_is_both_servers_of_the_first_account_then_both_of_the_second():
    device, ports = device_with(*[no_route() for _ in range(4)], both=True)
    job = queued(device)
    assert send(device, ports) == [PRIMARY, SECONDARY, OTHER_PRIMARY, OTHER_SECONDARY]
    assert (job.state, job.record["reason"]) == ("retrying", "connect")

    device, ports = device_with(
        no_route(), no_route(), no_route(), delivery("a@far.test"), both=True
    )
    job = queued(device)
    assert send(device, ports) == [PRIMARY, SECONDARY, OTHER_PRIMARY, OTHER_SECONDARY]
    assert (job.state, job.record["via"]) == ("sent", "smtp2")


def test_error_names_the_server_that_failed():
    device, ports = device_with(no_route(), [(None, b"421 busy\r\n")])
    job = queued(device)
    send(device, ports)
    assert job.record["detail"] == (
        "mail.test: No connection. backup.test: The mail server answered 421 busy."
    )
    device, ports = device_with(no_route(), SMTP_SIGNED_IN + [(None, b"451 later\r\n"), QUIT])
    job = queued(device)
    send(device, ports)
    assert job.record["detail"] == "backup.test: The mail server answered 451 later."


def test_primary_that_is_down_is_avoided_for_five_minutes_then_used_again():
    device, ports = device_with(no_route())
    for pause_s, hosts in ((0, [PRIMARY, SECONDARY]), (299, [SECONDARY]), (1, [PRIMARY])):
        device.clock.advance_s(pause_s)
        ports.net.add(delivery("a@far.test"))
        queued(device)
        assert send(device, ports) == hosts


def test_primary_that_is_avoided_is_tried_when_the_secondary_fails_or_the_setting_was_saved():
    device, ports = device_with(
        no_route(), delivery("a@far.test"), no_route(), delivery("a@far.test")
    )
    queued(device)
    send(device, ports)
    queued(device)
    assert send(device, ports) == [SECONDARY, PRIMARY]

    device, ports = device_with(no_route(), delivery("a@far.test"), delivery("a@far.test"))
    queued(device)
    send(device, ports)
    device.configuration.put("smtp", {"timeout_s": 5}, True)
    queued(device)
    assert send(device, ports) == [PRIMARY]


def test_secondary_gets_the_same_sign_in_over_tls_as_the_primary():
    device, ports = device_with(SMTP_OPEN, delivery("a@far.test"))
    queued(device)
    send(device, ports)
    sign_ins = [s.written.split(b"AUTH ")[1].split(b"\r\n")[0] for s in ports.net.streams]
    assert sign_ins[0] == sign_ins[1]
    assert all(stream.tls for stream in ports.net.streams)


def test_mails_that_are_due_go_over_one_connection_in_their_order():
    names = [b"a", b"b", b"c"]
    mails = [transaction([("%s@far.test" % n.decode(), b"250 ok\r\n")]) for n in names]
    device, ports = device_with(SMTP_SIGNED_IN + mails[0] + mails[1] + mails[2] + [QUIT])
    jobs = [queued(device, "%s@far.test" % name.decode()) for name in names]
    assert send(device, ports) == [PRIMARY]
    assert [job.state for job in jobs] == ["sent"] * 3
    assert ports.net.streams[0].closed


def test_connection_goes_on_after_a_mail_that_was_refused():
    refused = transaction([("a@far.test", b"250 ok\r\n")], b"554 spam\r\n")
    device, ports = device_with(SMTP_SIGNED_IN + refused + MAIL + [QUIT])
    jobs = [queued(device), queued(device)]
    assert send(device, ports) == [PRIMARY]
    assert [job.state for job in jobs] == ["failed", "sent"]


def test_connection_that_breaks_between_two_mails_is_opened_anew_without_a_failed_attempt():
    for broken in ([], [(None, b"421 4.4.2 idle for too long\r\n")]):
        device, ports = device_with(SMTP_SIGNED_IN + MAIL + broken, delivery("a@far.test"))
        jobs = [queued(device), queued(device)]
        assert send(device, ports) == [PRIMARY, PRIMARY]
        assert [(job.state, job.record["attempts"]) for job in jobs] == [("sent", 0)] * 2
        assert all(stream.closed for stream in ports.net.streams)


def test_connection_that_breaks_in_the_midst_of_a_mail_counts_as_an_attempt():
    device, ports = device_with(SMTP_SIGNED_IN + MAIL + MAIL[:2])
    jobs = [queued(device), queued(device)]
    assert send(device, ports) == [PRIMARY]
    assert [(job.state, job.record["attempts"]) for job in jobs] == [("sent", 0), ("retrying", 1)]


def test_connection_stays_open_for_a_while_only_where_there_is_room():
    one, two = delivery("a@far.test"), SMTP_SIGNED_IN + MAIL + MAIL + [QUIT]
    device, ports = device_with(*[two] if FakePorts.keep_loaded else [one, one])

    async def two_rounds():
        for _ in range(2):
            queued(device)
            await device.postman.send_due()

    run(two_rounds())
    assert ports.hosts == [PRIMARY] * (1 if FakePorts.keep_loaded else 2)
    assert [job.state for job in device.outbox.jobs] == ["sent"] * 2
    assert all(stream.closed for stream in ports.net.streams)  # at the latest when all ends


def test_connection_of_the_alternative_account_does_not_keep_the_first_from_being_tried_again():
    device, ports = device_with(delivery("a@far.test"), delivery("a@far.test"), both=True)
    device.keepers["smtp"].delete()

    async def two_rounds():
        queued(device)
        await device.postman.send_due()
        await acquire(device, ports.http)
        queued(device)
        await device.postman.send_due()

    run(two_rounds())
    assert ports.hosts == [OTHER_PRIMARY, PRIMARY]
    assert [job.record["via"] for job in device.outbox.jobs] == ["smtp2", "smtp"]


def test_connection_is_not_used_on_when_the_setting_or_the_token_was_changed_meanwhile():
    for change in (
        lambda device: device.configuration.put("smtp", {"timeout_s": 5}, True),
        lambda device: device.keepers["smtp"].delete(),
    ):
        device, ports = device_with(SMTP_SIGNED_IN + MAIL + [QUIT], delivery("a@far.test"))
        queued(device)
        queued(device)
        original = device.outbox.update

        def update(job, device=device, change=change, original=original, **changes):
            original(job, **changes)
            if job is device.outbox.jobs[0] and job.state == "sent":
                change(device)

        device.outbox.update = update
        send(device, ports)
        assert len(ports.net.streams[0].written.split(b"MAIL FROM")) == 2
        assert ports.net.streams[0].closed
