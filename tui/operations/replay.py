"""A recording, played in the terminal that asks for it: `beamdeck replay FILE`.

What was recorded came from a host: it is shown by our own screen, so nothing but text, colours
and cursor movements of ours reaches the operator's terminal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tui.errors import BeamdeckError

MOST_BYTES = 1024 * 1024 * 1024


class NotPlayable(BeamdeckError):
    """A file that is no asciicast v2 recording; the detail says why."""

    title = "Not a recording"


@dataclass(frozen=True, slots=True)
class Cast:
    """A recording's head: its size in columns and lines, its title, and where it lies."""

    path: Path
    columns: int
    lines: int
    title: str


def read_head(path: Path) -> Cast:
    """What the first line says; NotPlayable if it is not that of an asciicast v2."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            head = json.loads(file.readline(65_536))
    except OSError as error:
        raise NotPlayable(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise NotPlayable(f"{path}: its first line is no JSON") from error
    if not isinstance(head, dict) or head.get("version") != 2:
        raise NotPlayable(f"{path}: only asciicast v2 can be played")
    columns, lines = head.get("width"), head.get("height")
    if not (isinstance(columns, int) and isinstance(lines, int)):
        raise NotPlayable(f"{path}: it does not say its size")
    title = head.get("title")
    columns, lines = min(max(columns, 2), 1000), min(max(lines, 2), 500)
    return Cast(path, columns, lines, title if isinstance(title, str) else "")


def events_of(cast: Cast) -> Iterator[tuple[float, str, str]]:
    """(seconds from the start, kind, text) of every event; a last line that was cut is left out."""
    with cast.path.open(encoding="utf-8", errors="replace") as file:
        file.readline()
        for number, line in enumerate(file, start=2):
            if not line.strip():
                continue
            try:
                at, kind, text = json.loads(line)
                yield float(at), str(kind), str(text)
            except (ValueError, TypeError) as error:
                if not line.endswith("\n"):
                    return
                raise NotPlayable(f"{cast.path}: line {number} is no event") from error
