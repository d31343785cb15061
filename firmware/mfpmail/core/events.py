"""The events that alerts tell of, and how repeated ones are folded.

The first report of an event is told at once. The same event within 15 minutes is only counted;
what was counted is told when that time is over, and the next 15 minutes begin. When nothing was
counted, or when the event has ended, its next report is told at once again.
"""

from mfpmail.core.text import is_control

# Of the printer's firmware, and of the device itself.
REPORTED = "paper_out paper_jam toner_low toner_empty service_call cover_open waste_toner_full"
OWN = "job_failed inbox_full storage_fault token_dies token_invalid"

MAX_DETAIL_CHARS = 120
FOLD_MS = 900000


def faults_of(entered):
    """Return `{field: sentence}` for all that is wrong with the report of an event."""
    found = {}
    if entered.get("event") not in REPORTED.split():
        found["event"] = "Choose one of: %s." % REPORTED.replace(" ", ", ")
    detail = entered.get("detail", "")
    if not isinstance(detail, str) or len(detail) > MAX_DETAIL_CHARS or one_line(detail) != detail:
        found["detail"] = "One line of at most %d characters." % MAX_DETAIL_CHARS
    if entered.get("state", "on") not in ("on", "off"):
        found["state"] = "Choose one of: on, off."
    return found


def all_names():
    """Return the names of all events."""
    return REPORTED.split() + OWN.split()


def one_line(text):
    """Return a text with a blank for each control character."""
    return "".join([" " if is_control(c) else c for c in text])


def chosen(event, names):
    """Say whether an event is among the comma-separated names, or these are "all"."""
    return names == "all" or event in [name.strip() for name in names.split(",")]


def take(folds, event, times, now_ms):
    """Count reports of an event; return whether it must be told at once.

    `folds` is `{event: [since_ms, more]}`, kept by the caller.
    """
    if event in folds:
        folds[event][1] += times
        return False
    folds[event] = [now_ms, times - 1]
    return True


def take_due(folds, now_ms):
    """Return `[(event, more)]` of the repeats that must be told now."""
    over = [event for event in folds if now_ms - folds[event][0] >= FOLD_MS]
    told = []
    for event in over:
        more = folds.pop(event)[1]
        if more:
            folds[event] = [now_ms, 0]
            told.append((event, more))
    return told


def next_ms(folds):
    """Return when `take_due` has something to do next, 0 for never."""
    return min([fold[0] + FOLD_MS for fold in folds.values()], default=0)
