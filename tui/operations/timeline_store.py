"""The timeline on disk: the console's own entries in a chain beside the audit, read as one.

What plans did is read from the audit and never written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tui.model.audit import check_chain, parse_line
from tui.model.operation import whole_lines
from tui.model.timeline import Entry, from_record, merged, to_record
from tui.model.timeline_audit import entry_of
from tui.operations.chain_file import ChainFile
from tui.paths import open_private


@dataclass(frozen=True, slots=True)
class Stream:
    """Entries by time; `problems` are sentences on what could not be read."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[str, ...] = ()


class TimelineStore:
    """One file for all consoles of this operator on this machine, and the audit beside it."""

    def __init__(self, path: Path, audit: Path) -> None:
        self.path = path
        self._audit = audit

    @classmethod
    def beside(cls, audit: Path) -> TimelineStore:
        """The one of an audit's state folder."""
        return cls(audit.parent.parent / "timeline" / "timeline.jsonl", audit)

    def add(self, entry: Entry) -> None:
        """Append the entry, on disk once it returns (blocks for an fsync); RecordUnwritable."""
        # Opened anew each time: another console may have grown the file.
        with ChainFile(self.path) as chain:
            chain.append({"entry": to_record(entry)})

    def read(self) -> Stream:
        """Both sources as one stream; blocks. What cannot be read is told, not left out unsaid."""
        own, own_problems = _read(self.path, _kept)
        done, done_problems = _read(self._audit, entry_of)
        # The plan before the host: of one time, what was done comes before what came of it.
        return Stream(merged(done, own), (*done_problems, *own_problems))


def _kept(record: Mapping[str, object]) -> Entry:
    values = record.get("entry")
    if not isinstance(values, dict):
        raise ValueError("this is no entry")
    return from_record(values)


def _read(
    path: Path, entry: Callable[[Mapping[str, object]], Entry]
) -> tuple[list[Entry], list[str]]:
    try:
        with open_private(path, "rb") as file:
            # A torn last line was never there: another console may be writing it now.
            lines = whole_lines(file.read())
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [f"{path.name}: {error.strerror or error}"]
    entries: list[Entry] = []
    problems: list[str] = []
    broken = check_chain(lines)
    if broken:
        problems.append(f"{path.name} was changed or damaged: {broken}")
    for number, line in enumerate(lines, start=1):
        try:
            entries.append(entry(parse_line(line[:-1])))
        except (ValueError, OverflowError) as error:
            problems.append(f"{path.name}, line {number}: {error}")
    return entries, problems
