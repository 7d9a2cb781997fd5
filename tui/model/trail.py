"""What else belongs to an entry: the query of its request, else of its process. Pure."""

from __future__ import annotations

import re

from tui.model.journal import Entry
from tui.model.query_line import quoted

_ID = re.compile(r'\b(?:request|trace|correlation|req)_?id"?\s*[=:]\s*"?([\w.:/+-]{4,128})', re.I)


def trail_of(entry: Entry) -> str:
    """The query line that lists what belongs to the same request on every host, else to the same
    process; empty if the entry names neither."""
    found = _ID.search(entry.message)
    if found is not None:
        return quoted(found[1])
    return f"host:{entry.host} pid:{entry.pid}" if entry.pid is not None else ""
