"""Keeps a folder for one process: two devices on one flash would destroy it."""

import fcntl
import os


def lock_folder(folder):
    """Take the folder until this process ends, whatever it becomes by exec meanwhile.

    Raises SystemExit when another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SystemExit("%s is in use by another process." % folder) from None
    os.set_inheritable(lock, True)
