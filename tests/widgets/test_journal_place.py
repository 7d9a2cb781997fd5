"""Property: the entry that is read stays the one that is read, over the real store."""

from __future__ import annotations

from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.journal_fakes import NOW, entry
from tui.model.journal import Entry, Level
from tui.model.query import ERRORS
from tui.operations import journal_blocks
from tui.operations.store import JournalStore
from tui.widgets.journal_reader import JournalReader
from tui.widgets.journal_rows import Layout

HOSTS = ("web1", "web2", "web3")
STEPS = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(HOSTS), st.integers(1, 30), st.integers(-900, 900)),
    st.tuples(st.just("past"), st.sampled_from(HOSTS), st.integers(1, 60), st.integers(0, 0)),
    st.tuples(st.just("grow"), st.sampled_from(HOSTS), st.integers(0, 0), st.integers(0, 0)),
    st.tuples(st.just("wait"), st.just(""), st.integers(1, 3), st.integers(0, 0)),
    st.tuples(st.just("filter"), st.just(""), st.integers(0, 1), st.integers(0, 0)),
    st.tuples(st.just("pause"), st.just(""), st.integers(0, 0), st.integers(0, 0)),
    st.tuples(st.just("slice"), st.just(""), st.integers(1, 4), st.integers(0, 0)),
)


class Fleet:
    """Hosts that speak into a store, and a reader of it."""

    def __init__(self, limit: int) -> None:
        self.now = NOW
        self.count = 0
        self.store = JournalStore(limit, lambda: self.now)
        self.last: dict[str, Entry] = {}
        layout = Layout(79, names={host: host for host in HOSTS})
        self.reader = JournalReader(self.store, lambda _index, one, marks: layout.rows(one, marks))
        self.filtered = False
        self.add("web1", 40, 0)
        self.reader.resize(12)

    def add(self, host: str, count: int, late_ms: int, past: bool = False) -> None:
        """A batch of a host, a millisecond apart, some of it late."""
        begin = self.now - (600 if past else late_ms / 1000)
        batch: list[Entry] = []
        for number in range(count):
            self.count += 1
            level = Level.ERROR if self.count % 3 == 0 else Level.INFO
            batch.append(
                entry(f"{host} {self.count}", host, begin + number / 1000, level, cursor="")
            )
        self.store.add(host, batch, past=past)
        self.last[host] = batch[-1]

    def step(self, what: str, host: str, count: int, late_ms: int) -> None:
        """One thing that happens."""
        if what in ("add", "past"):
            self.add(host, count, late_ms, what == "past" and host not in self.last)
        elif what == "grow" and host in self.last:
            grown = self.last[host]._replace(message=self.last[host].message + "\n  more")
            if self.store.replace_last(host, grown):
                self.last[host] = grown
        elif what == "wait":
            self.now += count / 2
        elif what == "filter":
            self.reader.filter_by(ERRORS if count else None)
        elif what == "pause":
            if self.reader.paused:
                self.reader.resume()
            else:
                self.reader.pause()
        self.reader.catch_up(float("inf") if what == "filter" else 0.0)


@settings(deadline=None, max_examples=100)
@given(st.lists(STEPS, max_size=30), st.integers(0, 11), st.sampled_from([60, 10_000]))
def test_what_is_read_stays(steps: list[tuple[str, str, int, int]], line: int, limit: int) -> None:
    # Tiny blocks: most of what is read is packed.
    with mock.patch.multiple(journal_blocks, BLOCK_ROWS=7, OPEN_BLOCKS=2):
        _read_on(steps, line, limit)


def _read_on(steps: list[tuple[str, str, int, int]], line: int, limit: int) -> None:
    fleet = Fleet(limit)
    reader = fleet.reader
    # An error, so that the filter never hides it.
    reader.move(lambda window: window.click(line // 3 * 3))
    seek = reader.seek(ERRORS, False)
    assert seek.step(float("inf"))
    reader.arrive(seek)
    assert reader.highlighted is not None
    cursor = reader.highlighted.cursor
    for step in steps:
        fleet.step(*step)
        held = reader._reading.entries
        if not any(one.cursor == cursor for one in held):
            return
        assert reader.highlighted is not None
        assert reader.highlighted.cursor == cursor
        window = [line.entry.cursor for line in reader.visible()]
        assert cursor in window
        assert len(window) == 12 or len(window) < 12 >= reader.summary().listed
