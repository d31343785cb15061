"""Runs servers as long as somebody holds its standard input open, then ends all of them.

Started as `python supervisor.py LOG_DIR` with one line of JSON on standard input:
`{NAME: [PROGRAM, ARGUMENT, ...], ...}`. When standard input closes, for whatever reason the
other side has, even its violent death, every process that came from here is ended and waited for.
When one of the servers ends by itself, the others are ended too and the exit status is 1.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time

# prctl(2): processes that lose their parent become children of this one, daemons too.
_PR_SET_CHILD_SUBREAPER = 36
_POLL_S = 0.2
_TERM_S = 3


def main(log_dir):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    commands = json.loads(sys.stdin.readline())
    servers = {_start(log_dir, name, command): name for name, command in commands.items()}
    ended = _watch(servers)
    _end_all()
    if ended:
        sys.exit("%s ended by itself" % ended)


def _start(log_dir, name, command):
    with open(os.path.join(log_dir, name + ".out"), "wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=_default_signals,
        )
    return process.pid


def _default_signals():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _watch(servers):
    """Return the name of the server that ended, or "" when standard input was closed."""
    while not select.select([sys.stdin], [], [], _POLL_S)[0]:
        for pid in _reap():
            if pid in servers:
                return servers[pid]
    return ""


def _reap():
    """Return the ids of children that have ended."""
    ended = []
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.append(pid)


def _end_all():
    deadline = time.monotonic() + _TERM_S
    signalled = set()
    while True:
        _reap()
        processes = _descendants()
        if not processes:
            return
        overdue = time.monotonic() > deadline
        for pid in processes - (set() if overdue else signalled):
            _kill(pid, signal.SIGKILL if overdue else signal.SIGTERM)
        signalled |= processes
        time.sleep(0.02)


def _kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # it has ended meanwhile


def _descendants():
    parents = {pid: _parent(pid) for pid in map(int, filter(str.isdigit, os.listdir("/proc")))}
    found = set()
    while True:
        more = {pid for pid, parent in parents.items() if parent in found | {os.getpid()}}
        if more == found:
            return found
        found = more


def _parent(pid):
    try:
        with open("/proc/%d/stat" % pid) as stat:
            # The name before it is in parentheses and may hold anything.
            return int(stat.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


if __name__ == "__main__":
    main(sys.argv[1])
