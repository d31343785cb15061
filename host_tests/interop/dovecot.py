"""Dovecot 2.3 twice: the maildrops (POP3 with TLS and STLS, LMTP), and SASL for Postfix.

Both ask the authorization server about every token by introspection (RFC 7662). They are two
because one Dovecot has one list of accepted scopes, and a token for sending must not open a
maildrop, nor the other way round.
"""

import shutil
from pathlib import Path

# Debian's system user for mail; Dovecot refuses to deliver as root.
_MAIL_USER = "mail"
_MAIL_UID = 8

_COMMON = """\
base_dir = {directory}/run
log_path = {directory}/dovecot.log
listen = 127.0.0.1
hostname = localhost

auth_mechanisms = xoauth2 oauthbearer
# Failed sign-ins are answered within half a second, however many there were before.
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {directory}/oauth2.conf.ext
}}
"""

_OAUTH2 = """\
introspection_url = {introspection_url}
introspection_mode = post
username_attribute = sub
active_attribute = active
active_value = true
scope = {scope}
"""

_MAILDROPS = """\
protocols = pop3 lmtp
ssl = required
ssl_min_protocol = TLSv1.2
ssl_cert = <{server_pem}
ssl_key = <{server_pem}

first_valid_uid = {uid}
mail_location = maildir:~/Maildir
mail_fsync = never
mail_max_userip_connections = 50
pop3_no_flag_updates = yes
# Postfix has refused unknown recipients before they come here.
userdb {{
  driver = static
  args = uid={user} gid={user} home={directory}/mail/%u allow_all_users=yes
}}

service pop3-login {{
  # One process serves all connections, so that none waits for a new one.
  service_count = 0
  process_min_avail = 1
  inet_listener pop3 {{
    port = {stls_port}
  }}
  inet_listener pop3s {{
    port = {tls_port}
    ssl = yes
  }}
}}
service lmtp {{
  process_min_avail = 1
  unix_listener {postfix_private}/dovecot-lmtp {{
    mode = 0600
    user = postfix
  }}
}}
"""

_SASL = """\
protocols = none
ssl = no
service auth {{
  unix_listener {postfix_private}/auth {{
    mode = 0600
    user = postfix
  }}
}}
"""


class _Dovecot:
    """One Dovecot with its configuration, run directory and log in `directory`."""

    def __init__(self, directory, template, introspection_url, scope, **values):
        directory = Path(directory)
        self.log = directory / "dovecot.log"
        self._config = directory / "dovecot.conf"
        oauth2 = directory / "oauth2.conf.ext"
        oauth2.touch(mode=0o600)
        oauth2.write_text(_OAUTH2.format(introspection_url=introspection_url, scope=scope))
        self._config.write_text((_COMMON + template).format(directory=directory, **values))

    @property
    def command(self):
        return ["/usr/sbin/dovecot", "-F", "-c", str(self._config)]


class Maildrops(_Dovecot):
    """POP3 on `ports` (TLS, STLS); LMTP on the socket dovecot-lmtp in `postfix_private`."""

    def __init__(self, directory, certificates, ports, postfix_private, introspection_url, scope):
        self.tls_port, self.stls_port = ports
        self.addresses = [*ports, Path(postfix_private) / "dovecot-lmtp"]
        mail = Path(directory) / "mail"
        mail.mkdir(mode=0o700)
        shutil.chown(mail, _MAIL_USER, _MAIL_USER)
        super().__init__(
            directory,
            _MAILDROPS,
            introspection_url,
            scope,
            server_pem=certificates.server_pem,
            uid=_MAIL_UID,
            user=_MAIL_USER,
            tls_port=self.tls_port,
            stls_port=self.stls_port,
            postfix_private=postfix_private,
        )


class Sasl(_Dovecot):
    """Checks sign-ins for Postfix on the socket auth in `postfix_private`."""

    def __init__(self, directory, postfix_private, introspection_url, scope):
        self.addresses = [Path(postfix_private) / "auth"]
        super().__init__(
            directory, _SASL, introspection_url, scope, postfix_private=postfix_private
        )
