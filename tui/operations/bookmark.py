"""Where the reading of one host's journal stands, and what of a resumed reading is new."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import StrEnum

from tui.model.journal import Entry

# A cursor whose entry is gone still seeks nearby and replays: what was read is told by these.
REMEMBERED = 4096


class Resumed(StrEnum):
    """What the first entries of a resumed reading say about the time between."""

    WHOLE = "nothing lost"
    TORN = "the journal no longer holds what was read last"


class Bookmark:
    """The last raw entry read, and the cursors before it.

    `at_us` is the last entry's time, `left_at_us` that of the one a resumed reading began with.
    The cursor that a reading resumes from is inclusive: its own entry comes again first, and
    that it comes proves that nothing was vacuumed in between.
    """

    def __init__(self) -> None:
        self.cursor: str | None = None
        self.at_us = 0
        self._read: deque[str] = deque(maxlen=REMEMBERED)
        self._known: set[str] | None = None
        self._sought: str | None = None
        self.left_at_us = 0
        self._to_check = 0
        self._torn = False

    def resume(self) -> None:
        """A new reading from the cursor begins; nothing of it has come yet."""
        self._known = set(self._read) if self.cursor is not None else None
        self._sought = self.cursor
        self.left_at_us = self.at_us
        self._to_check = 2 * REMEMBERED
        self._torn = False

    @property
    def checking(self) -> bool:
        """Whether a resumed reading has not shown yet where it goes on."""
        return self._known is not None and not self._torn

    def unread(self, entries: Sequence[Entry]) -> tuple[Sequence[Entry], Resumed | None]:
        """Those of the next raw entries that were not read before, now marked as read; with the
        verdict on the time between when it falls."""
        verdict: Resumed | None = None
        if self._known is not None:
            entries, verdict = self._compare(entries, self._known)
        if entries:
            self._read.extend(entry.cursor for entry in entries if entry.cursor)
            for entry in reversed(entries):
                if entry.cursor:
                    self.cursor, self.at_us = entry.cursor, entry.at_us
                    break
        return entries, verdict

    def _compare(
        self, entries: Sequence[Entry], known: set[str]
    ) -> tuple[Sequence[Entry], Resumed | None]:
        verdict: Resumed | None = None
        fresh: list[Entry] = []
        for index, entry in enumerate(entries):
            if entry.cursor == self._sought:
                self._known = None
                verdict = verdict if self._torn else Resumed.WHOLE
                return [*fresh, *entries[index + 1 :]], verdict
            if entry.cursor in known:
                continue
            if entry.cursor and not self._torn:
                self._torn = True
                verdict = Resumed.TORN
            fresh.append(entry)
        self._to_check -= len(entries)
        if self._to_check <= 0:
            self._known = None
        return fresh, verdict
