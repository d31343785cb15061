"""session/smtp.py: several messages on one connection, and the body written by hand."""

from test_session_smtp import FILE, FakeMessage, File, accepted, session_over, signed_in

from fakes.dialogues import BODY, QUIT, SMTP_SIGNED_IN, offering, transaction
from mfpmail.core.base64stream import Base64Encoder
from mfpmail.core.errors import MESSAGE, MailError
from support import failure_of, run

OK = b"250 ok\r\n"
TO = ["a@far.test"]
TAKEN = transaction([("a@far.test", OK)])
REFUSED = transaction([("a@far.test", b"550 5.1.1 unknown\r\n")])[:2]
RSET = [(b"RSET\r\n", OK)]
LARGEST_WRITE_BYTES = 4096


async def send(session, message=None, file=None, progress=lambda done: None):
    mail = message or FakeMessage()
    return await session.send("scan@mail.test", TO, mail, lambda index: file, progress)


def ready(script):
    session, net = session_over(SMTP_SIGNED_IN + script)
    run(signed_in(session))
    return session, net


def begun(progress=lambda done: None):
    """Return the BodyWriter of a mail that was begun, with its session and network."""
    session, net = ready(TAKEN)
    run(session.begin_message("scan@mail.test", TO))
    del net.streams[0].writes[:]
    return session.body(progress), session, net


def encoded(data):
    encoder = Base64Encoder(57 * (len(data) // 57 + 1))
    return bytes(encoder.encode(memoryview(data), len(data), True))


def test_messages_follow_each_other_without_rset():
    session, net = ready(TAKEN * 3 + [QUIT])
    for count in range(3):
        assert (session.sent_count, session.usable) == (count, True)
        run(send(session))
    run(session.quit())
    assert session.sent_count == 3
    assert b"RSET" not in net.written
    assert not session.usable


def test_message_after_refused_recipients_begins_with_rset():
    session, _ = ready(REFUSED + RSET + TAKEN)
    failure_of(send(session))
    assert session.usable
    run(send(session))
    assert session.sent_count == 1


def test_message_after_a_refused_sender_or_body_needs_no_rset():
    for refused in (
        [(None, b"550 5.7.60 not you\r\n")],
        transaction([("a@far.test", OK)], b"554 5.7.1 spam\r\n"),
    ):
        session, net = ready(refused + TAKEN)
        failure_of(send(session))
        assert session.usable
        run(send(session))
        assert b"RSET" not in net.written


def test_message_after_a_refused_data_begins_with_rset():
    refused = TAKEN[:2] + [(b"DATA\r\n", b"451 4.3.0 later\r\n")]
    session, _ = ready(refused + RSET + TAKEN)
    failure_of(send(session))
    run(send(session))
    assert session.sent_count == 1


def test_rset_refused_ends_the_message_before_it_begins():
    session, net = ready(REFUSED + [(b"RSET\r\n", b"502 what\r\n")])
    failure_of(send(session))
    assert failure_of(send(session)).code == "smtp_502"
    assert net.written.count(b"MAIL") == 1


def test_usable_is_false_before_the_hello_and_after_the_end():
    session, _ = session_over(accepted())
    assert not session.usable
    run(signed_in(session))
    assert session.usable
    run(session.abort())
    assert not session.usable


def test_usable_is_false_when_a_body_was_left_half_written():
    session, _ = ready(TAKEN)
    message = FakeMessage(size_bytes=len(FILE))
    assert failure_of(send(session, message, File(FILE[:-1]))).code == "attachment_short"
    assert not session.usable


def test_usable_is_false_when_the_server_is_gone():
    session, _ = ready(TAKEN)
    run(send(session))
    assert failure_of(send(session)).code == "closed"
    assert (session.usable, session.step) == (False, "mail")


def test_message_on_a_closed_connection_is_a_network_error():
    session, _ = ready(TAKEN)
    run(session.abort())
    assert failure_of(send(session)).code == "closed"


def test_body_buffers_are_made_once_for_a_connection():
    session, _ = ready(TAKEN * 2)
    bodies = []

    async def one():
        await session.begin_message("scan@mail.test", TO)
        bodies.append(session.body(lambda done: None))
        await bodies[-1].write(b"x\r\n")
        await session.end_message(bodies[-1])

    run(one())
    run(one())
    assert bodies[0] is bodies[1]
    assert bodies[1].bytes_done == 3


def test_body_file_in_pieces_of_any_size_gives_the_same_lines():
    wanted = encoded(FILE)
    for piece_bytes in (1, 56, 57, 1000, 1481, 1482, 1483, 4000, len(FILE)):
        body, session, net = begun()

        async def write(body=body, session=session, piece_bytes=piece_bytes):
            for at in range(0, len(FILE), piece_bytes):
                await body.write_file(FILE[at : at + piece_bytes])
            await body.end_file()
            await session.end_message(body)

        run(write())
        assert net.written == wanted + b".\r\n", piece_bytes
        assert body.bytes_done == len(wanted)


def test_body_file_of_any_length_ends_with_a_whole_line_and_the_dot_in_one_write():
    data = FILE + FILE
    for size_bytes in (1, 56, 57, 58, 1481, 1482, 1483, 2963, 2964, 2965, 5928, 5929):
        body, session, net = begun()

        async def write(body=body, session=session, size_bytes=size_bytes):
            await body.read_file(File(data), size_bytes)
            await session.end_message(body)

        run(write())
        assert net.written == encoded(data[:size_bytes]) + b".\r\n"
        last = net.streams[0].writes[-1]
        assert last.endswith(b"\r\n.\r\n") and len(last) > 5, size_bytes


def test_body_text_between_files_stands_between_their_lines():
    body, session, net = begun()

    async def write():
        for size_bytes in (100, 57, 0, 3000, 2964):
            await body.write(b".\r\n" + b"x" * size_bytes + b"\r\n")
            await body.read_file(File(FILE), size_bytes)
        await body.write(b".end\r\n")
        await session.end_message(body)

    run(write())
    wanted = b""
    for size_bytes in (100, 57, 0, 3000, 2964):
        wanted += b"..\r\n" + b"x" * size_bytes + b"\r\n" + encoded(FILE[:size_bytes])
    assert net.written == wanted + b"..end\r\n.\r\n"


def test_body_text_of_any_length_ends_with_the_dot_in_one_write():
    for size_bytes in list(range(4040, 4070)) + list(range(8105, 8120)):
        body, session, net = begun()
        text = b"y" * (size_bytes - 2) + b"\r\n"

        async def write(body=body, session=session, text=text):
            for at in range(0, len(text), 1024):
                await body.write(text[at : at + 1024])
            await session.end_message(body)

        run(write())
        assert net.written == text + b".\r\n"
        last = net.streams[0].writes[-1]
        assert last.endswith(b"\r\n.\r\n"), last
        assert max(len(write) for write in net.streams[0].writes) <= LARGEST_WRITE_BYTES


def test_body_dots_at_the_borders_of_writes_are_doubled():
    text = b".\r\n" * 3000
    for piece_bytes in (1, 2, 3, 1000, len(text)):
        body, session, net = begun()

        async def write(body=body, session=session, piece_bytes=piece_bytes):
            for at in range(0, len(text), piece_bytes):
                await body.write(text[at : at + piece_bytes])
            await session.end_message(body)

        run(write())
        assert net.written == b"..\r\n" * 3000 + b".\r\n"
        assert body.bytes_done == len(text)


def test_body_small_mail_is_one_write():
    session, net = ready(TAKEN)
    run(send(session, FakeMessage(b"line\r\n" * 300)))
    assert net.streams[0].writes[-1].startswith(b"Subject: Scan\r\n")


def test_body_progress_ends_at_the_total_before_the_final_dot():
    seen = []
    body, session, net = begun(lambda done: seen.append((done, net.written.endswith(b"\r\n.\r\n"))))

    async def write():
        await body.read_file(File(FILE), len(FILE))
        await session.end_message(body)

    run(write())
    assert seen == sorted(seen)
    assert seen[-1] == (len(encoded(FILE)), False)


def test_body_progress_can_end_the_mail_up_to_the_final_dot():
    def stop_at(limit):
        def progress(done_bytes):
            if done_bytes >= limit:
                raise MailError("cancelled", "The job was cancelled.", MESSAGE)

        return progress

    total = FakeMessage(size_bytes=len(FILE)).total_bytes
    for limit in (0, 5000, total):
        session, net = ready(TAKEN)
        message, file = FakeMessage(size_bytes=len(FILE)), File(FILE)
        assert failure_of(send(session, message, file, stop_at(limit))).code == "cancelled"
        assert not net.written.endswith(b"\r\n.\r\n")
        assert not session.usable
        assert file.closed or not limit


def test_body_of_a_mail_to_a_server_with_pipelining_takes_the_same_way():
    body_step = [(BODY, OK)]
    script = offering(b"PIPELINING") + TAKEN[:-1] + body_step
    session, net = session_over(script)
    run(signed_in(session))
    run(send(session, FakeMessage(size_bytes=len(FILE)), File(FILE)))
    assert encoded(FILE) + b"\r\n--end--\r\n.\r\n" in net.written
