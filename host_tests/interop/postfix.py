"""Postfix 3.7: submission with implicit TLS and with STARTTLS; delivers to Dovecot over LMTP.

SMTPUTF8 is offered with implicit TLS only. Dovecot 2.3 cannot take such mail: what is for
`UTF8_ACCOUNT` is stored in a maildir here.
"""

import shutil
from pathlib import Path

MAX_MESSAGE_BYTES = 60 * 1024 * 1024
UTF8_ACCOUNT = "ελένη"  # and the domain; no final sigma: Postfix would make a plain one of it
# Debian's system user for mail, as for Dovecot's maildrops.
_MAIL_USER = "mail"
_MAIL_UID = 8

_MAIN = """\
compatibility_level = 3.6
queue_directory = {spool}
data_directory = {data}
maillog_file = {log}
maillog_file_prefixes = {directory}
myhostname = mail.{domain}
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
# Nothing is added to the header or changed in it, although the clients are local.
local_header_rewrite_clients =
alias_maps =
alias_database =

virtual_mailbox_domains = {domain}
virtual_mailbox_maps = texthash:{accounts}
virtual_transport = lmtp:unix:private/dovecot-lmtp
transport_maps = inline:{{ {utf8_address}=virtual: }}
virtual_mailbox_base = {maildirs}
virtual_mailbox_limit = 0
virtual_minimum_uid = {uid}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
default_transport = error:5.1.2 Only {domain} is reachable from here
message_size_limit = {max_message_bytes}
mailbox_size_limit = 0

smtpd_tls_chain_files = {server_pem}
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = reject_unlisted_recipient, permit_sasl_authenticated, reject
# Failed commands are answered at once, so that tests need not wait for them.
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 100
smtpd_hard_error_limit = 100
"""

_MASTER = """\
127.0.0.1:{starttls_port} inet n - n - - smtpd -o smtputf8_enable=no
127.0.0.1:{tls_port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Configuration and queue under `directory`; `private` is where Dovecot puts its sockets."""

    def __init__(self, directory, certificates, ports, domain, accounts):
        self.tls_port, self.starttls_port = self.addresses = ports
        directory = Path(directory)
        self.log = directory / "mail.log"
        self.private = directory / "spool" / "private"
        self._etc = directory / "etc"
        self.utf8_address = "%s@%s" % (UTF8_ACCOUNT, domain)
        self.utf8_maildir = directory / "maildirs" / "utf8"
        self._make_folders(directory)
        lines = ["%s delivered" % account for account in accounts]
        lines.append(self.utf8_address + " utf8/")
        (self._etc / "accounts").write_text("\n".join(lines) + "\n")
        (self._etc / "main.cf").write_text(
            _MAIN.format(
                directory=directory,
                spool=directory / "spool",
                data=directory / "data",
                log=self.log,
                domain=domain,
                accounts=self._etc / "accounts",
                utf8_address=self.utf8_address,
                maildirs=self.utf8_maildir.parent,
                uid=_MAIL_UID,
                max_message_bytes=MAX_MESSAGE_BYTES,
                server_pem=certificates.server_pem,
            )
        )
        (self._etc / "master.cf").write_text(
            _MASTER.format(tls_port=self.tls_port, starttls_port=self.starttls_port)
        )

    def _make_folders(self, directory):
        maildirs = self.utf8_maildir.parent
        for path in (self._etc, directory / "spool", directory / "data", maildirs):
            path.mkdir()
        shutil.chown(maildirs, _MAIL_USER, _MAIL_USER)
        self.private.mkdir(mode=0o700)
        for path in (self.private, directory / "data"):
            shutil.chown(path, "postfix")

    @property
    def command(self):
        return ["/usr/sbin/postfix", "-c", str(self._etc), "start-fg"]
