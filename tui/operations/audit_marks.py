"""The audit beside the marks that its hosts hold: what was cut off its end, or written anew."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tui.commands.audit_marks import MOST_MARKS, parse_marks, read_marks
from tui.errors import BeamdeckError
from tui.model.audit_marks import Mark, MarksJudged, judge_marks
from tui.model.redact import from_host
from tui.operations.audit_log import who_acts
from tui.operations.ports import Session


@dataclass(frozen=True, slots=True)
class MarksCompared:
    """The marks of all hosts that answered, judged; how many each holds; who did not answer.

    `cut`: hosts that may hold more than were read.
    """

    judged: MarksJudged
    counts: tuple[tuple[str, int], ...]
    unread: tuple[tuple[str, str], ...]
    cut: tuple[str, ...] = ()


async def compare_marks(path: Path, sessions: Mapping[str, Session]) -> MarksCompared:
    """Read every host's marks and look each up in the audit at `path`; it may be missing.

    BeamdeckError if the file cannot be read.
    """
    found: dict[str, tuple[Mark, ...]] = {}
    unread: dict[str, str] = {}

    async def look(host: str) -> None:
        try:
            outcome = await sessions[host].run(read_marks())
        except BeamdeckError as error:
            unread[host] = error.detail
            return
        if outcome.known and (outcome.ok or not outcome.stderr.strip()):
            found[host] = parse_marks(host, outcome.stdout)
        else:
            said = from_host(outcome.stderr).strip().splitlines()
            unread[host] = said[-1] if said else str(outcome.ended)

    await asyncio.gather(*map(look, sorted(sessions)))
    # The file after the hosts: a mark is left behind its record, never before it.
    lines = await asyncio.to_thread(_lines, path)
    marks = [mark for host in sorted(found) for mark in found[host]]
    return MarksCompared(
        judge_marks(lines, marks, who_acts()),
        tuple((host, len(found[host])) for host in sorted(found)),
        tuple(sorted(unread.items())),
        tuple(host for host in sorted(found) if len(found[host]) >= MOST_MARKS),
    )


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BeamdeckError(f"{path}: {error.strerror or error}") from error
