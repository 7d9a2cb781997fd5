"""Reading a journal: list, window, pause and search over a source that grows meanwhile. Pure.

Every operation first catches up with the source, so that indices and entries belong together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tui.model.journal import Entry
from tui.model.words import duration
from tui.widgets.journal_list import Listing, Seek
from tui.widgets.journal_rows import Marks, Row, day_of, gap_is_open, same_second
from tui.widgets.journal_select import Shows
from tui.widgets.journal_source import (
    FrozenSource,
    JournalSource,
    end_of,
    entry_at,
    find_again,
)
from tui.widgets.journal_window import Window

Rows = Callable[[int, Entry, Marks], Sequence[Row]]
"""Rows of the entry at an absolute index."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the lines around the view say of it; counts are of entries.

    `below` counts listed entries beneath the window, `waiting` what came since the pause,
    `gone` what is not held any more because newer ones needed its room.
    """

    listed: int = 0
    held: int = 0
    hidden_errors: int = 0
    below: int = 0
    waiting: int = 0
    gone: int = 0
    following: bool = True
    paused: bool = False
    scanning: bool = False


@dataclass(frozen=True, slots=True)
class Visible:
    """One line of the window: an entry's row with what its neighbours make of it."""

    index: int
    entry: Entry
    row: int
    marks: Marks
    highlighted: bool


class JournalReader:
    """A place in a journal, and what is visible around it."""

    def __init__(self, source: JournalSource, rows: Rows) -> None:
        self.rows = rows
        self.carded: Callable[[Entry], bool] = _never
        self.now = 0.0  # Unix seconds, 0.0 while not told
        self._source = source
        self._frozen: FrozenSource | None = None
        self._shows: Shows | None = None
        self._unfolded: set[tuple[str, int, str]] = set()
        self._listing = Listing(source, None, end_of(source))
        self._kept: Entry | None = None
        self.window = Window(self._listing, self._count_rows)

    # -- the source ----------------------------------------------------------------------

    def catch_up(self, until: float = 0.0) -> None:
        """Take over what changed in the source, and scan what is new until `until`."""
        self._listing.update(self._pivot())
        self._listing.scan(until)
        self.window.arrange()
        self._keep()

    def _pivot(self) -> int:
        """The absolute index at which the reader is, wherever its entry stands by now."""
        window = self.window
        if window.following:
            return end_of(self._reading)
        kept, reading = self._kept, self._reading
        moved = self._listing.changed <= window.highlighted or window.highlighted < reading.dropped
        if kept is not None and moved:
            window.highlighted = find_again(reading, kept, window.highlighted)
        return window.highlighted

    def resize(self, height: int) -> None:
        """Have a window of `height` rows from now on."""
        self.window.height = height
        self.catch_up()

    def move(self, how: Callable[[Window], None]) -> None:
        """Catch up, then let `how` move the window."""
        self.catch_up()
        how(self.window)
        self._keep()

    def _keep(self) -> None:
        window = self.window
        self._kept = entry_at(self._reading, window.highlighted)

    @property
    def _reading(self) -> JournalSource:
        return self._frozen or self._source

    # -- the filter ----------------------------------------------------------------------

    @property
    def scanned(self) -> bool:
        """Whether everything held went through the filter."""
        return self._listing.done

    def filter_by(self, shows: Shows | None) -> None:
        """List only what `shows` lets through; the place stays where it was, or next to it."""
        self.catch_up()
        if not self.window.following:
            self.window.hold()
        self._shows = shows
        self._list_anew(self._pivot())

    def _list_anew(self, pivot: int) -> None:
        self._listing = Listing(self._reading, self._shows, pivot)
        self.window.listed = self._listing

    # -- pausing -------------------------------------------------------------------------

    def pause(self) -> None:
        """Read what is held now and nothing that comes; the place stands still."""
        self.catch_up()
        self.window.hold()
        self._frozen = FrozenSource(self._source)
        self._listing.read_from(self._frozen)
        self._keep()

    def resume(self) -> None:
        """Read on where the source is now."""
        self._frozen = None
        self._listing.read_from(self._source)
        self.catch_up()

    @property
    def paused(self) -> bool:
        """Whether it reads what was held at the pause."""
        return self._frozen is not None

    # -- what is visible -----------------------------------------------------------------

    @property
    def highlighted(self) -> Entry | None:
        """The entry on which the highlighting stands."""
        position = self.window.position
        return None if position is None else self._listing.entry(position)

    def visible(self) -> Iterator[Visible]:
        """The window's lines from top to bottom; the topmost always bears its whole time."""
        for number, (position, row) in enumerate(self.window.lines):
            marks = self._marks(position)
            if number == 0:
                marks = marks._replace(short=False)
            yield Visible(
                self._listing.index(position),
                self._listing.entry(position),
                row,
                marks,
                position == self.window.position,
            )

    def bar(self, height: int) -> tuple[int, int]:
        """Begin and end of the scroll bar's thumb, in rows of the window; (0, 0) without one."""
        lines = self.window.lines
        count = len(self._listing)
        if not lines or not height:
            return 0, 0
        seen = lines[-1][0] - lines[0][0] + 1
        room = count - seen
        if room <= 0:
            return 0, 0
        size = max(1, min(height - 1, round(height * seen / count)))
        begin = round(lines[0][0] / room * (height - size))
        return begin, begin + size

    def summary(self) -> Summary:
        """Counts as they stand."""
        lines = self.window.lines
        reading = self._reading
        paused = self._frozen is not None
        return Summary(
            listed=len(self._listing),
            held=len(reading.entries),
            hidden_errors=self._listing.hidden_errors,
            below=len(self._listing) - 1 - lines[-1][0] if lines else 0,
            waiting=max(0, end_of(self._source) - end_of(reading)) if paused else 0,
            gone=reading.dropped,
            following=self.window.following,
            paused=paused,
            scanning=not self._listing.done,
        )

    def listed(self) -> Sequence[Entry]:
        """Every listed entry, oldest first, as found so far; it stands still, and can be read in
        another thread."""
        return self._listing.frozen()

    def _marks(self, position: int) -> Marks:
        entry = self._listing.entry(position)
        unfolded = bool(self._unfolded) and _name(entry) in self._unfolded
        lasts = ""
        if gap_is_open(entry):
            lasts = duration(self.now - entry.at_us / 1_000_000)
        if position == 0:
            today = int(self.now // 86_400) if self.now else day_of(entry)
            return Marks(day_of(entry) != today, False, unfolded, lasts, self.carded(entry))
        before = self._listing.entry(position - 1)
        day, short = day_of(before) != day_of(entry), same_second(before, entry)
        return Marks(day, short, unfolded, lasts, self.carded(entry))

    def _count_rows(self, position: int) -> int:
        index = self._listing.index(position)
        return len(self.rows(index, self._listing.entry(position), self._marks(position)))

    def unfold(self) -> None:
        """Show all lines of the highlighted entry, or fold them again."""
        self.catch_up()
        entry = self.highlighted
        if entry is not None:
            self.window.hold()
            self._unfolded ^= {_name(entry)}
            self.window.arrange()

    # -- searching -----------------------------------------------------------------------

    def seek(self, wanted: Shows, forward: bool) -> Seek:
        """A search from the highlighted entry through what the filter lets through."""
        self.catch_up()
        shows = self._shows
        position = self.window.position
        start = end_of(self._reading) - 1 if position is None else self._listing.index(position)

        both = (wanted,) if shows is None else (wanted, shows)
        return Seek(self._reading, both, start, forward)

    def arrive(self, seek: Seek) -> None:
        """Highlight what a search found."""
        entry = seek.entry
        if entry is not None:
            self.catch_up()
            self.window.reveal(find_again(self._reading, entry, seek.found))
            self._keep()


def _never(_entry: Entry) -> bool:
    return False


def _name(entry: Entry) -> tuple[str, int, str]:
    return entry.host, entry.at_us, entry.cursor
