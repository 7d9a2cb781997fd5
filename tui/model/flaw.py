"""What is wrong with a configuration: where, as a path of keys, and a sentence about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NamedTuple

Path = tuple[str | int, ...]


class Flaw(NamedTuple):
    """One thing that is wrong at `path`, e.g. `("environments", 0, "hosts", 1, "port")`."""

    path: Path
    text: str


def path_text(path: Path) -> str:
    """A path as the config's author would write it: `environments[0].hosts[1].port`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            plain = part.isascii() and part.replace("-", "_").isidentifier()
            text += f"{'.' if text else ''}{part if plain else repr(part)}"
    return text


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean "address"?` for the known word that is most like it, empty if none is."""
    # Case is what is got wrong most often.
    lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.6)
    return f'; did you mean "{lower[close[0]]}"?' if close else ""
