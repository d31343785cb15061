"""The one family of errors that crosses layer borders.

Foreign errors (OSError, ssl.SSLError, ValueError from mbedtls, JSON errors) are translated into
these once, where they enter; everything above a border catches `MailError` only.

Every error carries `code`, a short stable name for programs; `message`, what happened, as the
engineer wants to read it; `topic`, under which `locale/` tells the person the cause and what to
do; and `kind`, one of the classes below, which alone decides what happens next.
"""

PENDING = "pending"  # go on polling
FLOW_OVER = "flow_over"  # the sign-in ended without a token: Not Acquired
INVALID = "invalid"  # the token is dead: Invalid, delete it and get it again
INTERACTION = "interaction"  # the provider wants the person again: Invalid, tried again later
ACCOUNT = "account"  # the account is not available: Invalid, tried again later
CONFIGURATION = "configuration"  # a setting is wrong; the token keeps its state
TRANSIENT = "transient"  # try again later; the token keeps its state
TRANSIENT_HOUR = "transient_hour"  # the same, but after an hour a setting must be wrong
PAUSE = "pause"  # nothing can be sent for hours
MESSAGE = "message"  # this mail cannot be delivered; others can

DEAD_TOKEN = (INVALID, INTERACTION, ACCOUNT)  # what makes a token Invalid and holds the mail

KINDS = (
    PENDING,
    FLOW_OVER,
    INVALID,
    INTERACTION,
    ACCOUNT,
    CONFIGURATION,
    TRANSIENT,
    TRANSIENT_HOUR,
    PAUSE,
    MESSAGE,
)


class MailError(Exception):
    """Base of all errors of this package.

    `code`: lower-case words joined by `_`. `message`: one English sentence without any secret,
    with what the peer said. `kind`: one of `KINDS`. `topic`: the code, unless the cause is known
    better.
    """

    default_kind = CONFIGURATION
    retry_after_s = 0  # how long the peer asked to be left alone

    def __init__(self, code, message, kind=None, topic=""):
        super().__init__(message)
        self.code = code
        self.message = message
        self.kind = kind or self.default_kind
        self.topic = topic or code

    def cause(self):
        """Return what a token or a job keeps of it: `{"reason", "topic", "detail"}`."""
        return {"reason": self.code, "topic": self.topic, "detail": self.message}


NO_CAUSE = {"reason": "", "topic": "", "detail": ""}


class NetworkError(MailError):
    """The network or the peer's machine failed: `dns`, `connect`, `timeout`, `closed`."""

    default_kind = TRANSIENT


class TlsError(MailError):
    """The peer could not be verified, so nothing was sent to it.

    Codes: `tls_untrusted` (unknown or self-signed issuer), `tls_expired`, `tls_not_yet_valid`,
    `tls_wrong_host`, `tls_not_offered`, `tls_refused`, `tls_injection` (bytes in clear before the
    handshake), `tls_handshake` (not TLS at all, or no common version).
    """


class ProviderError(MailError):
    """The provider answered with an error; `code` is the `error` of RFC 6749 section 5.2."""


class ReplyError(MailError):
    """A mail server refused a step; `message` quotes its reply. `auth_rejected` is the sign-in."""


class HttpError(MailError):
    """The provider's HTTP answer cannot be used: `not_https`, `http_redirect`, `http_too_large`,
    `http_malformed`."""


class ProtocolError(MailError):
    """A peer broke its protocol, or a call came in a state that does not allow it."""


class StorageError(MailError):
    """The flash failed: `storage_full`, `storage_failed`."""

    default_kind = TRANSIENT


class SettingsError(MailError):
    """Something entered cannot be taken: `fields` is `{field: sentence}`, every fault at once."""

    def __init__(self, code, message, fields):
        super().__init__(code, message)
        self.fields = fields
