"""Slips in a console, held before they are sent: lines that stop the node or lose data.

It catches slips, not malice: who wants to get around it can. Read from what the terminal shows
on the line of the prompt, so that history and editing count.
"""

from __future__ import annotations

import re

_PROMPT = re.compile(r"^.*?(?:(?:iex|\.\.\.)(?:\([^()\n]*\)\d*)?>|[\w.~/:@ -]*[$#])\s")
_STOPS = "it would stop the node"
_LOSES = "it would lose data"
_SLIPS = tuple(
    (re.compile(form, re.IGNORECASE), why)
    for form, why in (
        (r"\bSystem\.(?:halt|stop|restart)\b", _STOPS),
        (r":?\binit\s*[.:]\s*(?:stop|restart|reboot)\b", _STOPS),
        (r":?\berlang\s*[.:]\s*halt\b", _STOPS),
        (r"\bApplication\.stop\b", "it would stop an application of the node"),
        (r"\bdelete_all\b", _LOSES),
        (r"\bEcto\.Migrator\.run\b.*\ball\s*:\s*true", "it would run every migration there is"),
        (r"\b(?:drop|truncate)\s+(?:table|database|schema|index|column)\b", _LOSES),
        (r"\btruncate\s+\w", _LOSES),
        (r"\bdelete\s+from\s+\S+\s*(?:;|\"|\)|$)", "it would delete every row"),
        (r"\becto\.(?:drop|reset)\b", _LOSES),
        (r"\bbin/\w+\s+(?:stop|restart)\b", _STOPS),
        (r"\bsystemctl\s+(?:-\S+\s+)*(?:stop|restart|kill|disable)\b", "it would stop a unit"),
        (r"\brm\s+-\w*r", _LOSES),
        (r"\b(?:reboot|poweroff|shutdown|halt)\s*(?:$|-|now)", "it would stop the host"),
    )
)


def typed_on(line: str) -> str:
    """What stands behind the prompt on a line of the terminal; all of it without a prompt."""
    return _PROMPT.sub("", line, count=1).strip()


def slip(*texts: str) -> str:
    """Why the first slip in any of `texts` is one; empty if nothing is seen in them."""
    for text in texts:
        for form, why in _SLIPS:
            if form.search(text):
                return why
    return ""
