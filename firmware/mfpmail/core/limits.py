"""Every bound on what comes from outside, in one place.

A peer that exceeds one gets a named error; nothing here grows with the size of a mail.
"""

# SMTP: RFC 5321 section 4.5.3.1 allows 512 octets a line; real servers send longer ones.
MAX_REPLY_LINE_BYTES = 2048
MAX_REPLY_LINES = 64
MAX_COMMAND_BYTES = 512  # RFC 5321 section 4.5.3.1.4, RFC 4954 section 4

# POP3: RFC 2449 section 4 allows 512 octets a status line.
MAX_STATUS_LINE_BYTES = 1024
MAX_LIST_LINE_BYTES = 512
MAX_UNIQUE_ID_BYTES = 70  # RFC 1939 section 7

# OAuth: Microsoft's access tokens run over 2,500 bytes, Google's stay below 2,048.
MAX_TOKEN_BYTES = 8192
PROVIDER_DEADLINE_MS = 15000

MAX_REDIRECT_CHARS = 4096
REDIRECT_LIFETIME_S = 3600  # how long a sign-in by redirect may take

DEFAULT_POLL_INTERVAL_S = 5  # RFC 8628 section 3.2
SLOW_DOWN_STEP_S = 5  # RFC 8628 section 3.5
MAX_POLL_INTERVAL_S = 120
DEFAULT_CODE_LIFETIME_S = 900
MAX_CODE_LIFETIME_S = 86400
DEFAULT_TOKEN_LIFETIME_S = 3600  # RFC 6749 section 5.1 leaves `expires_in` optional
MAX_TOKEN_LIFETIME_S = 86400  # an absurd lifetime would postpone the refresh for ever
MAX_REFRESH_LIFETIME_S = 366 * 86400

# What a job or a setting may hold.
MAX_RECIPIENTS = 100  # RFC 5321 section 4.5.3.1.8
MAX_SUBJECT_CHARS = 255
MAX_TEXT_BYTES = 16384
MAX_FILES_PER_JOB = 16
MAX_FILE_NAME_CHARS = 128
MAX_JSON_BODY_BYTES = 8192
