"""What CPython's `smtplib` and `email` do in the place of programs/client.py.

rival.py WORK.json - prints one line of JSON.
"""

import base64
import json
import smtplib
import ssl
import sys
import time
from email.message import EmailMessage
from pathlib import Path

TIMEOUT_S = 60


def connect(work):
    """Connect and sign in."""
    context = ssl.create_default_context(cafile=work["ca_pem"])
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    if work.get("security") == "starttls":
        smtp = smtplib.SMTP("localhost", work["port"], timeout=TIMEOUT_S)
        smtp.starttls(context=context)
    else:
        smtp = smtplib.SMTP_SSL("localhost", work["port"], timeout=TIMEOUT_S, context=context)
    smtp.ehlo_or_helo_if_needed()
    if "token" in work:
        response = "user=%s\x01auth=Bearer %s\x01\x01" % (work["account"], work["token"])
        smtp.docmd("AUTH", "XOAUTH2 " + base64.b64encode(response.encode()).decode())
    else:
        smtp.login(work["account"], "bench")
    return smtp


def scan(work):
    """A scan from the file to the server, composed here."""
    message = EmailMessage()
    message["From"] = message["To"] = work["account"]
    message["Subject"] = "Scan"
    message.set_content("A scan.\n")
    content = Path(work["file"]).read_bytes()
    message.add_attachment(content, maintype="application", subtype="pdf", filename="scan.pdf")
    smtp = connect(work)
    smtp.send_message(message)
    smtp.quit()
    return {}


def many(work):
    """Small mails on one connection, rendered beforehand."""
    data = Path(work["mail"]).read_bytes()
    smtp = connect(work)
    started = time.perf_counter()
    for _ in range(work["count"]):
        smtp.sendmail(work["account"], [work["account"]], data)
    result = {"ms": (time.perf_counter() - started) * 1000}
    smtp.quit()
    return result


def trips(work):
    """The first mail from the connect on, further ones, and one to many recipients."""
    data = Path(work["mail"]).read_bytes() + b"QUJD\r\n" * (work["size_bytes"] // 4)

    def deliver(recipients):
        started = time.perf_counter()
        smtp.sendmail(work["account"], recipients, data)
        return (time.perf_counter() - started) * 1000

    started = time.perf_counter()
    smtp = connect(work)
    deliver([work["account"]])
    result = {"first_ms": (time.perf_counter() - started) * 1000, "next_ms": [], "many_ms": []}
    for _ in range(work.get("count", 0)):
        result["next_ms"].append(deliver([work["account"]]))
        result["many_ms"].append(deliver(work["recipients"]))
    smtp.close()
    return result


def peak_bytes():
    """Return the most memory that this process has held; None where Linux does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def main():
    work = json.loads(Path(sys.argv[1]).read_text())
    result = {"scan": scan, "many": many, "trips": trips}[work["do"]](work)
    result["peak_bytes"] = peak_bytes()
    print(json.dumps(result))


main()
