"""What CPython's `poplib` and `email` do in the place of programs/fetch.py.

fetch_rival.py WORK.json - prints one line of JSON.
"""

import email
import email.policy
import json
import poplib
import ssl
import sys
import time
from pathlib import Path

TIMEOUT_S = 60


def fetch(work):
    """One mail into a file."""
    context = ssl.create_default_context(cafile=work["ca_pem"])
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    pop = poplib.POP3_SSL("localhost", work["port"], timeout=TIMEOUT_S, context=context)
    pop.user(work["account"])
    pop.pass_("bench")
    started = time.perf_counter()
    _, lines, _ = pop.retr(1)
    mail = email.message_from_bytes(b"\r\n".join(lines), policy=email.policy.default)
    (attachment,) = mail.iter_attachments()
    folder = Path(work["folder"], "1")
    folder.mkdir(exist_ok=True)
    (folder / "0").write_bytes(attachment.get_payload(decode=True))
    result = {"ms": (time.perf_counter() - started) * 1000}
    pop.quit()
    return result


print(json.dumps(fetch(json.loads(Path(sys.argv[1]).read_text()))))
