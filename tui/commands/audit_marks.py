"""A step's mark in its host's journal: leaving it, reading those that are there."""

from __future__ import annotations

from tui.commands.journal import FIELDS
from tui.commands.journal_export import ExportParser
from tui.model.audit_marks import IDENTIFIER, Mark, read_mark
from tui.model.command import Command, Effect

MOST_MARKS = 5000
"""Marks of a host that are read, the newest."""


def leave_mark(text: str) -> Command:
    """A line in the host's journal under IDENTIFIER; needs no right, and is a change."""
    return Command(("logger", "-t", IDENTIFIER, "--", text), effect=Effect.CHANGE, timeout_s=10.0)


def read_marks() -> Command:
    """The newest MOST_MARKS marks that the SSH user may read: its own lines at least; a read."""
    words = ("journalctl", "-q", "--no-pager", "-o", "export", f"--output-fields={FIELDS}")
    return Command(
        (*words, "-t", IDENTIFIER, "-n", str(MOST_MARKS)),
        timeout_s=60.0,
        max_bytes=16 * 1024 * 1024,
    )


def parse_marks(host: str, answer: bytes) -> tuple[Mark, ...]:
    """The marks of an answer, oldest first; lines that are none are left out."""
    found = (read_mark(host, e.at_us / 1e6, e.message) for e in ExportParser(host).feed(answer))
    return tuple(mark for mark in found if mark is not None)
