"""Secrets taken out of text: what looks like one is shown as `***`, the rest stays.

Runs after `scrub`: dropped colours join what they split, and a NUL between arguments is `␀`
by then. `from_host` does both in that order. One text knows nothing of the next: of a key
block whose lines come one by one, the full lines are told by their look, the short last is not.
"""

from __future__ import annotations

import re

from tui.model.secret_forms import FORMS, Form
from tui.model.text import LIMIT, Shown, scrub

# Hints in two flat rows: most lines hold none of them, and stop here.
_HINTS = tuple(dict.fromkeys(h for form in FORMS if not form.exact for h in form.hints))
_EXACT_HINTS = tuple(dict.fromkeys(h for form in FORMS if form.exact for h in form.hints))

# A line of a PEM block: 64, 70 or 76 signs of base64 and nothing else. Not hex: that is a hash.
_KEY_LINE = re.compile(
    r"^(?=[^\n]*[G-Zg-z])(?=[^\n]*[A-Z])(?=[^\n]*[a-z])(?=[^\n]*\d)[A-Za-z0-9+/]{64,76}$",
    re.MULTILINE,
)

_ROUNDS = 8


def redact(text: str) -> str:
    """`text` with its secrets as `***`; `redact` of its own result is that result."""
    if len(text) >= 64 and (" " not in text or "\n" in text):
        text = _KEY_LINE.sub("***", text)
    low = _lowered(text)
    for hint in _HINTS:
        if hint in low:
            return _settled(text, low)
    for hint in _EXACT_HINTS:
        if hint in text:
            return _settled(text, low)
    return text


def from_host(data: bytes | str, *, limit: int = LIMIT) -> Shown:
    """The door: bytes or text of a host as it may be shown, logged and stored."""
    return Shown(redact(scrub(data, limit=limit)))


def _lowered(text: str) -> str:
    low = text.lower()
    if len(low) != len(text):
        # The one letter whose lower case is longer; what is found must stand at the same place.
        low = text.replace("\u0130", "i").lower()
    return low


def _settled(text: str, low: str) -> str:
    # What one form leaves may be another's name and value: until nothing changes any more.
    # Every change takes text away but for its `***`, so that a few rounds do.
    for _ in range(_ROUNDS):
        after = _redacted(text, low)
        if after == text:
            break
        text, low = after, _lowered(after)
    return text


def _redacted(text: str, low: str) -> str:
    for form in FORMS:
        searched = text if form.exact else low
        if _concerns(form, searched):
            after = _without(form, text, searched)
            if after is not text:
                text, low = after, _lowered(after)
    return text


def _concerns(form: Form, searched: str) -> bool:
    for hint in form.hints:
        if hint in searched:
            break
    else:
        return False
    return not form.needs or any(need in searched for need in form.needs)


def _without(form: Form, text: str, searched: str) -> str:
    parts: list[str] = []
    done = 0
    for match in form.pattern.finditer(searched):
        kept = match.end(match.lastindex) if match.lastindex else match.start()
        parts += (text[done:kept], form.shown)
        done = match.end()
    return "".join((*parts, text[done:])) if done else text
