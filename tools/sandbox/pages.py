"""The pages a person sees: sign in, enter the code, approve or deny, done. No JavaScript.

Each page carries on what it is about: a user code, or an authorization request as the query it
came with (RFC 6749 section 4.1.1).
"""

import hmac
import secrets

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, abort, redirect, render_template, request, session, url_for

from .accounts import SCOPES, password_matches

# Browsers hold the redirect after a form to form-action as well: hence the loopback addresses.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self' http://127.0.0.1:*; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def make_pages(oauth):
    """The Flask blueprint with the pages for sign-in and for both flows of `oauth`."""
    pages = Blueprint("pages", __name__)
    pages.before_request(_check_csrf_token)
    pages.after_request(_add_security_headers)
    _add_sign_in(pages, oauth.journal)
    _add_device_flow(pages, oauth)
    _add_authorization_code_flow(pages, oauth)
    return pages


def _add_device_flow(pages, oauth):
    @pages.get("/device")
    def device():
        user_code = request.args.get("user_code", "")
        if "account" not in session:
            return _page("signin.html", carried={"user_code": user_code})
        if not user_code:
            return _page("code.html")
        record = oauth.store.find_user_code(user_code)
        if record is None:
            return _page("code.html", status=404, error="This code is unknown or has expired.")
        return _page(
            "approve.html",
            action=url_for("pages.decide"),
            carried={"user_code": record.user_code},
            client_name=oauth.query_client(record.client_id).name,
            permissions=[SCOPES[scope] for scope in record.scope.split()],
        )

    @pages.post("/device")
    def decide():
        account, approved = _decision()
        user_code = request.form.get("user_code", "")
        if not oauth.store.decide(user_code, account, approved):
            return _page("code.html", status=404, error="This code is unknown or has expired.")
        oauth.journal.note(f"{'approved' if approved else 'denied'}: {account}, {user_code}")
        return _page("end.html", approved=approved)


def _add_authorization_code_flow(pages, oauth):
    @pages.get("/authorize")
    def authorize():
        grant = oauth.get_consent_grant()
        carried = {"authorization_request": request.query_string.decode("ascii", "replace")}
        if "account" not in session:
            return _page("signin.html", carried=carried)
        return _page(
            "approve.html",
            action=url_for("pages.authorize") + "?" + carried["authorization_request"],
            carried=carried,
            client_name=grant.client.name,
            permissions=[SCOPES[scope] for scope in grant.request.scope.split()],
        )

    @pages.post("/authorize")
    def decide_authorization():
        account, approved = _decision()
        grant = oauth.get_consent_grant()
        oauth.journal.note(f"{'approved' if approved else 'denied'}: {account}, {grant.GRANT_TYPE}")
        return oauth.create_authorization_response(
            grant=grant, grant_user=account if approved else None
        )

    @pages.errorhandler(OAuth2Error)
    def refuse(error):
        oauth.journal.note(f"authorization refused: {error.error}")
        if error.redirect_uri:
            return oauth.handle_error_response(request, error)
        return _page("refused.html", status=400, problem=error.get_error_description())


def _add_sign_in(pages, journal):
    @pages.post("/signin")
    def signin():
        account = request.form.get("username", "").strip().lower()
        if not password_matches(account, request.form.get("password", "")):
            # What was typed is not repeated: it could be a password in the wrong field.
            journal.note("sign-in refused")
            error = "The account or the password is wrong."
            return _page("signin.html", status=403, carried=_carried(), error=error)
        session.clear()  # a new session, so that one planted before the sign-in is worthless
        session["account"] = account
        journal.note(f"sign-in: {account}")
        return _go_on()

    @pages.post("/signout")
    def signout():
        session.clear()
        return _go_on()


def _carried():
    """What the form was about, for the hidden fields of the next one."""
    names = ("user_code", "authorization_request")
    return {name: request.form[name] for name in names if request.form.get(name)}


def _go_on():
    """Redirects to the flow that a form came from: always to an address of this server."""
    carried = _carried()
    if "authorization_request" in carried:
        address = url_for("pages.authorize") + "?" + carried["authorization_request"]
    else:
        address = url_for("pages.device", **carried)
    return redirect(address, 303)


def _decision():
    """The account that decides and whether it approves; aborts if the form says neither."""
    account = session.get("account") or abort(403)
    decision = request.form.get("decision")
    if decision not in ("approve", "deny"):
        abort(400)
    return account, decision == "approve"


def _page(template, status=200, **values):
    session.setdefault("csrf_token", secrets.token_urlsafe(24))
    return render_template(template, csrf_token=session["csrf_token"], **values), status


def _check_csrf_token():
    if request.method != "POST":
        return
    expected = session.get("csrf_token", "")
    given = request.form.get("csrf_token", "")
    if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
        abort(403)


def _add_security_headers(response):
    response.headers.update(SECURITY_HEADERS)
    return response
