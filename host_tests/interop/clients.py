"""What the checks of the rig talk with: the standard library's clients and requests."""

import base64
import poplib
import smtplib
import ssl
import time
from contextlib import closing, contextmanager

import requests

TIMEOUT_S = 10
DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def xoauth2(user, access_token):
    """Return the `initial_response` of XOAUTH2 as base64 text."""
    return base64.b64encode(
        ("user=%s\x01auth=Bearer %s\x01\x01" % (user, access_token)).encode()
    ).decode()


def tls_context(endpoints):
    return ssl.create_default_context(cafile=endpoints["ca_pem"])


def post(endpoints, url, **fields):
    """Return `(status, JSON)` of a form sent by the device's client."""
    fields["client_id"] = endpoints["client_id"]
    response = requests.post(url, data=fields, verify=endpoints["ca_pem"], timeout=TIMEOUT_S)
    return response.status_code, response.json() if response.content else None


def start_grant(endpoints, scope):
    status, grant = post(endpoints, endpoints["device_authorization_endpoint"], scope=scope)
    assert status == 200, grant
    return grant


def poll(endpoints, grant):
    return post(
        endpoints,
        endpoints["token_endpoint"],
        grant_type=DEVICE_CODE_GRANT,
        device_code=grant["device_code"],
    )


def refresh(endpoints, refresh_token):
    return post(
        endpoints,
        endpoints["token_endpoint"],
        grant_type="refresh_token",
        refresh_token=refresh_token,
    )


# `closing`, as smtplib's own `with` sends QUIT and hides an error behind the reply to it.


def smtp_tls(endpoints):
    return closing(
        smtplib.SMTP_SSL(
            endpoints["host"],
            endpoints["smtp_tls_port"],
            timeout=TIMEOUT_S,
            context=tls_context(endpoints),
        )
    )


def smtp_plain(endpoints):
    return closing(
        smtplib.SMTP(endpoints["host"], endpoints["smtp_starttls_port"], timeout=TIMEOUT_S)
    )


@contextmanager
def smtp_starttls(endpoints):
    with smtp_plain(endpoints) as smtp:
        smtp.starttls(context=tls_context(endpoints))
        yield smtp


def pop3_tls(endpoints):
    return poplib.POP3_SSL(
        endpoints["host"],
        endpoints["pop3_tls_port"],
        timeout=TIMEOUT_S,
        context=tls_context(endpoints),
    )


def pop3_stls(endpoints):
    pop = poplib.POP3(endpoints["host"], endpoints["pop3_stls_port"], timeout=TIMEOUT_S)
    pop.stls(context=tls_context(endpoints))
    return pop


def pop3_command(pop, line):
    """Send one line and return the reply line; poplib has no public call for AUTH.

    Raises poplib.error_proto on `-ERR`.
    """
    return pop._shortcmd(line)


def pop3_sign_in(pop, user, access_token):
    """AUTH XOAUTH2 in two steps; returns the last reply."""
    assert pop3_command(pop, "AUTH XOAUTH2").rstrip() == b"+"
    return pop3_command(pop, xoauth2(user, access_token))


def fetch_one(endpoints, connect, access_token):
    """Wait for a message, return its lines and delete it. Delivery goes on after SMTP's 250."""
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        pop = connect(endpoints)
        pop3_sign_in(pop, endpoints["account"], access_token)
        lines = pop.retr(1)[1] if pop.stat()[0] else None
        if lines is not None:
            pop.dele(1)
        pop.quit()
        if lines is not None:
            return lines
        time.sleep(0.05)
    raise AssertionError("No message arrived.")
