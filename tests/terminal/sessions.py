"""Recorded sessions of real programs, as asciicast files: vim, less, top, psql, IEx, bash."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "sessions"
IEX = Path(__file__).parents[1] / "transcripts" / "iex_remote.cast"
CUTS = 12


@dataclass(frozen=True, slots=True)
class Session:
    """What a program wrote to a terminal of a size; `starts` are where its pieces begin."""

    name: str
    columns: int
    lines: int
    data: bytes
    starts: tuple[int, ...]


def sessions() -> list[Session]:
    """All there are, by name."""
    return [_read(path) for path in (*sorted(FOLDER.glob("*.cast")), IEX)]


def _read(path: Path) -> Session:
    head, *rest = (json.loads(line) for line in path.read_text().splitlines())
    data, starts = b"", []
    for _, kind, text in rest:
        if kind == "o":
            data += text.encode()
            starts.append(len(data))
    return Session(path.stem, head["width"], head["height"], data, tuple(starts))


def cuts(session: Session) -> list[int]:
    """Where it is compared: after some of its pieces, and at its end."""
    starts = session.starts
    step = max(1, len(starts) // CUTS)
    return sorted({*starts[::step], starts[-1]})
