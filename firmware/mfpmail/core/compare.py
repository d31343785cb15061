"""Comparing secrets."""


def same(one, other):
    """Compare two byte strings without telling by the time taken where they differ."""
    difference = len(one) ^ len(other)
    for a, b in zip(one, other):  # noqa: B905 - MicroPython's zip has no `strict`
        difference |= a ^ b
    return difference == 0
