"""Lines of keys in a TOML text, which its parser does not tell; none rather than a wrong one.

Every place where a key's name stands is tried: the name is replaced there, and the text read
again. The place is right if the key has then moved in the document, whatever the notation was.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from tui.model.flaw import Path

_MARK = "beamdeck-was-here"


class Lines:
    """Finds lines in one valid TOML text.

    `work` is how many characters may be read again over all questions (some 5 million a second):
    in a very large text the later answers are None.
    """

    def __init__(self, text: str, *, work: int = 4_000_000) -> None:
        self._text = text
        self._document = tomllib.loads(text)
        self._work = 0 if _MARK in text else work

    def of(self, path: Path) -> int | None:
        """The line (from 1) of the key or list element at `path`; of a table in a list, the line
        of its first key. None if it cannot be told."""
        found = at(self._document, path)
        while isinstance(found, dict) and found and path and isinstance(path[-1], int):
            path = (*path, next(iter(found)))
            found = at(self._document, path)
        if not path:
            return None
        word = found if isinstance(path[-1], int) else path[-1]
        return self._line(word, path) if isinstance(word, str) and word else None

    def _line(self, word: str, path: Path) -> int | None:
        text = self._text
        for place in re.finditer(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text):
            self._work -= len(text)
            if self._work < 0:
                return None
            try:
                document = tomllib.loads(text[: place.start()] + _MARK + text[place.end() :])
            except ValueError:
                continue
            if _moved(document, path):
                return text.count("\n", 0, place.start()) + 1
        return None


def _moved(document: object, path: Path) -> bool:
    parent, last = at(document, path[:-1]), path[-1]
    if isinstance(last, int):
        return isinstance(parent, list) and last < len(parent) and parent[last] == _MARK
    return isinstance(parent, dict) and _MARK in parent


def at(document: Any, path: Path) -> Any:
    """What stands at a path of a document, None if nothing does."""
    found = document
    for part in path:
        indexed = isinstance(found, list) and isinstance(part, int) and part < len(found)
        if not indexed and not (isinstance(found, dict) and part in found):
            return None
        found = found[part]
    return found
