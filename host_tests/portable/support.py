"""What the portable tests share; runs on both interpreters, so no pytest here."""

import asyncio

from mfpmail.core.errors import MailError


def failure(action, *arguments):
    """Return the MailError that a call raises; fail when it raises none."""
    try:
        action(*arguments)
    except MailError as error:
        return error
    raise AssertionError("no MailError was raised")


def run(coroutine):
    """Run a coroutine to its end, within ten seconds."""
    return asyncio.run(asyncio.wait_for(coroutine, 10))


def failure_of(coroutine):
    """Return the MailError that a coroutine raises; fail when it raises none."""
    return failure(run, coroutine)
