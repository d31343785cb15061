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
    person = {"username": username, "password": password, "user_code": user_code}
    with _browser(ca_pem) as browser:
        page = browser.get(verification_uri_complete, timeout=TIMEOUT_S)
        page = _submit(browser, "sign-in", page, "/signin", person)
        fields = {"user_code": user_code, "decision": decision}
        _submit(browser, "decision", page, "/device", fields)


def authorize(authorization_uri, username, password, ca_pem, decision="approve"):
    """Does the same at an authorization endpoint (RFC 6749 section 4.1.1).

    Returns the loopback address that the browser ends up at, as a person would copy it: with the
    code, or with the error if it was denied or the request was bad. Arguments and errors are
    those of `approve`.
    """
    query = urlsplit(authorization_uri).query
    person = {"username": username, "password": password, "authorization_request": query}
    with _browser(ca_pem) as browser:
        page = browser.get(authorization_uri, timeout=TIMEOUT_S, allow_redirects=False)
        if not page.is_redirect:
            page = _submit(browser, "sign-in", page, "/signin", person)
            action = f"/authorize?{query}"
            page = _submit(browser, "decision", page, action, {"decision": decision}, follow=False)
    if not page.is_redirect:
        raise ApprovalError("decision: it led to no redirect")
    address = urlsplit(page.headers["Location"])
    return address._replace(path=address.path or "/").geturl()  # as browsers show it


def _browser(ca_pem):
    browser = requests.Session()
    browser.trust_env = False
    browser.verify = str(ca_pem)
    return browser


def _submit(browser, step, page, action, fields, follow=True):
    """Posts a page's form with its CSRF token; returns the page that follows."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    if not page.ok or token is None:
        raise ApprovalError(f"{step}: the page before it answered {page.status_code}")
    answer = browser.post(
        urljoin(page.url, action),
        data={"csrf_token": token.group(1), **fields},
        timeout=TIMEOUT_S,
        allow_redirects=follow,
    )
    if not answer.ok:
        raise ApprovalError(f"{step}: refused with {answer.status_code}")
    return answer
