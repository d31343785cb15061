"""The server's side of the dialogues that most tests begin with, as scripts for FakeNet."""

SMTP_GREETING = (None, b"220 mail.test ESMTP\r\n")
EHLO = b"EHLO printer.test\r\n"
SIGN_IN = (None, b"235 2.7.0 welcome\r\n")  # AUTH with whatever token
QUIT = (b"QUIT\r\n", b"221 bye\r\n")
BODY = ("until", b"\r\n.\r\n")

SMTP_OPEN = [SMTP_GREETING, (EHLO, b"250-mail.test\r\n250 AUTH XOAUTH2 PLAIN\r\n")]
SMTP_SIGNED_IN = SMTP_OPEN + [SIGN_IN]

POP3_GREETING = (None, b"+OK ready\r\n")
POP3_SIGNED_IN = [
    POP3_GREETING,
    (b"AUTH XOAUTH2\r\n", b"+ \r\n"),
    (None, b"+OK welcome\r\n"),
]


def transaction(recipients, final=b"250 2.0.0 queued\r\n"):
    """Return the script of one mail; `recipients` maps addresses in order to replies."""
    script = [(None, b"250 ok\r\n")]
    for address, reply in recipients:
        script.append((b"RCPT TO:<" + address.encode() + b">\r\n", reply))
    return script + [(b"DATA\r\n", b"354 go on\r\n"), (BODY, final)]


def offering(*keywords):
    """Return the script up to the sign-in of a server that offers more than AUTH."""
    offered = b"".join(b"250-" + keyword + b"\r\n" for keyword in keywords)
    ehlo = b"250-mail.test\r\n" + offered + b"250 AUTH XOAUTH2 PLAIN\r\n"
    return [SMTP_GREETING, (EHLO, ehlo), SIGN_IN]


def delivery(*addresses):
    """Return the script of a whole connection that takes one mail for these addresses."""
    accepted = [(address, b"250 ok\r\n") for address in addresses]
    return SMTP_SIGNED_IN + transaction(accepted) + [QUIT]


def maildrop(mails, end=(b"QUIT\r\n", b"+OK bye\r\n")):
    """Return the script of a whole check that fetches and deletes `[(unique_id, mail)]`.

    Without unique ids (None) the server knows no UIDL. `end` is the goodbye.
    """
    unique = [b"%d %s\r\n" % (n + 1, uid.encode()) for n, (uid, _) in enumerate(mails) if uid]
    script = list(POP3_SIGNED_IN)
    if unique or not mails:
        script.append((b"UIDL\r\n", b"+OK\r\n" + b"".join(unique) + b".\r\n"))
    else:
        sizes = [b"%d %d\r\n" % (n + 1, len(mail)) for n, (_, mail) in enumerate(mails)]
        script.append((b"UIDL\r\n", b"-ERR what\r\n"))
        script.append((b"LIST\r\n", b"+OK\r\n" + b"".join(sizes) + b".\r\n"))
    for number, (_, mail) in enumerate(mails):
        script.append((b"RETR %d\r\n" % (number + 1), retrieved(mail)))
        script.append((b"DELE %d\r\n" % (number + 1), b"+OK\r\n"))
    return script + ([end] if end else [])


def retrieved(mail):
    """Return the answer to RETR: the mail with its dots doubled (RFC 1939 section 3)."""
    stuffed = (b"\r\n" + mail).replace(b"\r\n.", b"\r\n..")[2:]
    end = b"" if stuffed.endswith(b"\r\n") else b"\r\n"
    return b"+OK\r\n" + stuffed + end + b".\r\n"


def capabilities(*lines):
    """Return the step of a script in which POP3 tells its capabilities (RFC 2449)."""
    return (b"CAPA\r\n", b"+OK\r\n" + b"".join(line + b"\r\n" for line in lines) + b".\r\n")


def unique_ids(count):
    """Return the answer to UIDL of a maildrop with so many mails."""
    lines = b"".join(b"%d uid-%d\r\n" % (number, number) for number in range(1, count + 1))
    return b"+OK\r\n" + lines + b".\r\n"
