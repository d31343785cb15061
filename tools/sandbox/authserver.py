"""The authorization server: OAuth 2.0 endpoints and sign-in pages over HTTPS, in threads."""

import threading
from dataclasses import dataclass

from flask import Flask, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server

from .accounts import make_clients
from .faults import FaultSwitches
from .oauth import OAuthServer
from .openid import userinfo_answer
from .pages import make_pages

MAX_REQUEST_BYTES = 64 * 1024
IDLE_TIMEOUT_S = 15
POLL_INTERVAL_S = 0.02


@dataclass(frozen=True)
class AuthOptions:
    """What the server issues. `access_token_bytes` is before base64: 6000 makes 8,000 letters.

    `refresh_token_expires_in_s` counts from the sign-in or, with `refresh_token_sliding`, from
    the last refresh; 0 = refresh tokens never end, and answers do not speak of it. `id_tokens`:
    whether who asks for the scope `openid` gets an ID token; without, only userinfo tells.
    """

    access_token_expires_in_s: int = 3600
    access_token_bytes: int = 48
    device_code_expires_in_s: int = 900
    authorization_code_expires_in_s: int = 300
    interval_s: int = 1
    refresh_token_expires_in_s: int = 0
    refresh_token_sliding: bool = False
    id_tokens: bool = True


class AuthServer(FaultSwitches):
    """Serves HTTPS on `listener` from `start()` to `stop()`.

    `store` holds the tokens, `tls_context` the certificate; `issuer` is the https address.
    """

    def __init__(self, listener, issuer, tls_context, store, journal, options):
        super().__init__(journal)
        self.issuer = issuer
        self._listener = listener
        self._tls_context = tls_context
        self._store = store
        self._app = self._make_app(options)

    def start(self):
        """Serves in a background thread."""
        self._server = make_server(
            "localhost",
            0,
            self._app,
            threaded=True,
            request_handler=_Handler,
            fd=self._listener.fileno(),
        )
        # The handshake is left to each connection's own thread: a client that connects and says
        # nothing must not keep the others waiting.
        self._server.socket = self._tls_context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._server.ssl_context = self._tls_context
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_INTERVAL_S,), daemon=True
        )
        self._thread.start()

    def stop(self):
        """Stops serving and closes the port."""
        self._server.shutdown()
        self._thread.join()
        self._listener.close()

    def revoke_all(self):
        """Revokes every token, as an administrator of the provider can."""
        self._store.revoke_all()
        self._journal.note("all tokens revoked")

    def knows(self, refresh_token):
        """Whether a refresh token could be exchanged now."""
        record = self._store.find_refresh_token(refresh_token)
        return record is not None and not record.spent_at

    def expire_access_tokens(self):
        """Lets every access token expire at once; refresh tokens stay good."""
        self._store.expire_access_tokens()
        self._journal.note("all access tokens expired")

    def _make_app(self, options):
        app = Flask(__name__)
        app.secret_key = self._store.cookie_key
        app.config.update(
            MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
            SESSION_COOKIE_NAME="sandbox_session",
            SESSION_COOKIE_SECURE=True,
            SESSION_COOKIE_SAMESITE="Lax",
        )
        clients = make_clients(self._store.mail_servers_secret)
        oauth = OAuthServer(app, self.issuer, self._store, clients, options, self._journal)
        app.before_request(self._answer_instead)
        app.after_request(_close_connection)
        app.register_blueprint(make_pages(oauth))
        self._add_oauth_routes(app, oauth)
        return app

    def _add_oauth_routes(self, app, oauth):
        @app.get("/.well-known/oauth-authorization-server")
        @app.get("/.well-known/openid-configuration")
        def metadata():
            return jsonify(oauth.metadata())

        @app.get("/jwks")
        def jwks():
            return jsonify(oauth.id_tokens.jwks())

        @app.get("/userinfo")
        def userinfo():
            body, status, headers = userinfo_answer(
                self._store, request.headers.get("Authorization", "")
            )
            return jsonify(body), status, headers

        @app.post("/device_authorization")
        def device_authorization():
            return oauth.create_endpoint_response("device_authorization")

        @app.post("/token")
        def token():
            self._journal.count("token_requests")
            return self._answer_token_request(oauth.create_token_response)

        @app.post("/revoke")
        def revoke():
            return oauth.create_endpoint_response("revocation")

        @app.post("/introspect")
        def introspect():
            self._journal.count("introspections")
            return oauth.create_endpoint_response("introspection")


def _close_connection(response):
    # A kept connection would be answered by this server even after its `stop()`.
    response.headers["Connection"] = "close"
    return response


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_TIMEOUT_S
    disable_nagle_algorithm = True  # header and body are two writes: 40 ms lost otherwise

    def connection_dropped(self, error, environ=None):
        """Closes what a lost answer leaves open: the base class would await another request."""
        self.close_connection = True

    def log(self, type, message, *args):
        """Silent: the journal tells what matters, and URLs hold user codes."""
