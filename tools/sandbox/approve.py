"""What a person does in the browser to let a device in, done through the same pages."""

import re
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

TIMEOUT_S = 10


class ApprovalError(Exception):
    """A page did not lead where it should; the message names the step."""


def approve(verification_uri_complete, username, password, ca_pem, decision="approve"):
    """Signs in as `username` and presses Approve, or Deny with `decision="deny"`.

    `ca_pem` is the path of the CA to trust. Raises `ApprovalError`, for example for a wrong
    password or an expired code, and `requests.RequestException` if the server cannot be reached.
    """
    user_code = parse_qs(urlsplit(verification_uri_complete).query)["user_code"][0]
    with requests.Session() as browser:
        browser.trust_env = False
        browser.verify = str(ca_pem)
        page = browser.get(verification_uri_complete, timeout=TIMEOUT_S)
        page = _submit(
            browser,
            "sign-in",
            page,
            "/signin",
            username=username,
            password=password,
            user_code=user_code,
        )
        _submit(browser, "decision", page, "/device", user_code=user_code, decision=decision)


def _submit(browser, step, page, action, **fields):
    """Posts a page's form with its CSRF token; returns the page that follows."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    if not page.ok or token is None:
        raise ApprovalError(f"{step}: the page before it answered {page.status_code}")
    answer = browser.post(
        urljoin(page.url, action),
        data={"csrf_token": token.group(1), **fields},
        timeout=TIMEOUT_S,
    )
    if not answer.ok:
        raise ApprovalError(f"{step}: refused with {answer.status_code}")
    return answer
