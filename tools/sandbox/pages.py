"""The pages a person sees: sign in, enter the code, approve or deny, done. No JavaScript."""

import hmac
import secrets

from flask import Blueprint, abort, redirect, render_template, request, session, url_for

from .accounts import SCOPES, password_matches

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def make_pages(store, clients, journal):
    """The Flask blueprint with `/device` (the verification URI), `/signin` and `/signout`."""
    pages = Blueprint("pages", __name__)
    pages.before_request(_check_csrf_token)
    pages.after_request(_add_security_headers)

    @pages.get("/device")
    def device():
        user_code = request.args.get("user_code", "")
        if "account" not in session:
            return _page("signin.html", user_code=user_code)
        if not user_code:
            return _page("code.html")
        record = store.find_user_code(user_code)
        if record is None:
            return _page("code.html", status=404, error="This code is unknown or has expired.")
        return _page(
            "approve.html",
            user_code=record.user_code,
            client_name=clients[record.client_id].name,
            permissions=[SCOPES[scope] for scope in record.scope.split()],
        )

    @pages.post("/signin")
    def signin():
        account = request.form.get("username", "").strip().lower()
        user_code = request.form.get("user_code", "")
        if not password_matches(account, request.form.get("password", "")):
            # What was typed is not repeated: it could be a password in the wrong field.
            journal.note("sign-in refused")
            error = "The account or the password is wrong."
            return _page("signin.html", status=403, user_code=user_code, error=error)
        session.clear()  # a new session, so that one planted before the sign-in is worthless
        session["account"] = account
        journal.note(f"sign-in: {account}")
        return redirect(url_for("pages.device", user_code=user_code or None), 303)

    @pages.post("/device")
    def decide():
        account = session.get("account") or abort(403)
        user_code = request.form.get("user_code", "")
        decision = request.form.get("decision")
        if decision not in ("approve", "deny"):
            abort(400)
        if not store.decide(user_code, account, decision == "approve"):
            return _page("code.html", status=404, error="This code is unknown or has expired.")
        journal.note(f"{'approved' if decision == 'approve' else 'denied'}: {account}, {user_code}")
        return _page("end.html", approved=decision == "approve")

    @pages.post("/signout")
    def signout():
        session.clear()
        return redirect(url_for("pages.device"), 303)

    return pages


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
