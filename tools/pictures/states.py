"""Prints the state diagram of a token as Mermaid, from the table in core/token.py.

.venv/bin/python tools/pictures/states.py
"""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent.parent / "firmware")]

from mfpmail.core import token  # noqa: E402

WORDS = {
    token.NOT_ACQUIRED: "Not Acquired",
    token.AWAITING_AUTH: "Awaiting Authentication",
    token.ACQUIRED: "Acquired",
    token.INVALID: "Invalid",
}


def diagram():
    """Return the diagram as text."""
    lines = ["stateDiagram-v2"]
    lines += ['    state "%s" as %s' % (WORDS[state], state) for state in token.STATES]
    lines.append("    [*] --> %s" % token.STATES[0])
    for (state, event), following in token.TRANSITIONS.items():
        lines.append("    %s --> %s: %s" % (state, following, event))
    return "\n".join(lines)


if __name__ == "__main__":
    print(diagram())
