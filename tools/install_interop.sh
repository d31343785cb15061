#!/bin/sh
# Adds what host_tests/interop needs: Postfix, Dovecot, Chromium, Node.js and oidc-provider.
#
#   tools/install_interop.sh           install what is missing (as root on Debian)
#   tools/install_interop.sh --check   only say what is missing
#
# Exit status: 0 everything is there, 3 something is missing and cannot be added here.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
oidc="$top/host_tests/interop/oidc"
modules="$top/build/interop/node"
PATH="$PATH:/usr/sbin:/sbin"

missing_packages() {
    [ -x /usr/sbin/postfix ] || echo postfix
    [ -x /usr/sbin/dovecot ] || echo dovecot-core
    [ -x /usr/lib/dovecot/pop3 ] || echo dovecot-pop3d
    [ -x /usr/lib/dovecot/lmtp ] || echo dovecot-lmtpd
    [ -x /usr/bin/chromium ] || echo chromium
    command -v node >/dev/null || echo nodejs
    command -v npm >/dev/null || echo npm
}

# The copied lock file is written last, so it stands for a finished install of these versions.
has_oidc_provider() {
    cmp -s "$oidc/package-lock.json" "$modules/installed-lock.json"
}

is_root() {
    [ "$(id -u)" -eq 0 ]
}

report_missing() {
    missing=$(missing_packages | paste -sd ' ' -)
    if [ -n "$missing" ]; then echo "missing packages: $missing"; fi
    if ! has_oidc_provider; then echo "missing: oidc-provider in build/interop/node"; fi
    if ! is_root; then echo "missing: root, which Postfix and Dovecot need to start"; fi
}

# Debian starts a server as soon as it is installed; this policy forbids it meanwhile.
forbid_service_start() {
    policy=/usr/sbin/policy-rc.d
    [ -e "$policy" ] && return
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
}

# Servers that came by this script must not start with the machine either.
disable_services() {
    [ -d /run/systemd/system ] || return 0
    for package in "$@"; do
        case $package in
            postfix) systemctl disable --now postfix ;;
            dovecot-core) systemctl disable --now dovecot.socket dovecot ;;
        esac
    done
}

install_packages() {
    [ $# -gt 0 ] || return 0
    forbid_service_start
    export DEBIAN_FRONTEND=noninteractive
    echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
    apt-get update -q
    apt-get install -q -y --no-install-recommends "$@"
    disable_services "$@"
}

install_oidc_provider() {
    if has_oidc_provider; then return; fi
    mkdir -p "$modules"
    rm -f "$modules/installed-lock.json"
    cp "$oidc/package.json" "$oidc/package-lock.json" "$modules/"
    (cd "$modules" && npm ci --no-audit --no-fund)
    cp "$oidc/package-lock.json" "$modules/installed-lock.json"
}

report=$(report_missing)
if [ -z "$report" ]; then exit 0; fi
if [ "${1:-}" = "--check" ] || ! is_root || ! command -v apt-get >/dev/null; then
    echo "$report"
    if [ "${1:-}" != "--check" ]; then
        echo "Run tools/install_interop.sh as root on Debian, or in a container of it."
    fi
    exit 3
fi
# shellcheck disable=SC2046 # one word a package
install_packages $(missing_packages)
install_oidc_provider
