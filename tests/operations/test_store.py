"""The store's order, its bounds, and what it says of what changed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from tui.model.journal import Entry, EntryKind, Level
from tui.operations import journal_blocks
from tui.operations.revisions import KEPT, Revisions
from tui.operations.store import JournalStore

NOW = 1_795_394_000.0
US = 1_000_000


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def entry(
    host: str,
    at_s: float,
    message: str = "",
    level: Level = Level.INFO,
    kind: EntryKind = EntryKind.APP,
) -> Entry:
    """An entry `at_s` seconds from NOW."""
    return Entry(host, round((NOW + at_s) * US), level, kind, message)


def names(entries: Sequence[Entry]) -> list[str]:
    return [e.message for e in entries]


def test_straggler_of_another_host_goes_above_what_is_younger_than_a_second() -> None:
    clock = Clock()
    store = JournalStore(100, clock)
    store.add("web1", [entry("web1", 0.0, "a0"), entry("web1", 0.4, "a4")])
    clock.now += 0.9
    store.add("web2", [entry("web2", 0.2, "b2")])
    assert names(store.entries) == ["a0", "b2", "a4"]


def test_later_straggler_goes_to_the_lowest_place_that_is_not_settled() -> None:
    clock = Clock()
    store = JournalStore(100, clock)
    store.add("web1", [entry("web1", 0.0, "a0"), entry("web1", 0.4, "a4")])
    clock.now += 1.0
    store.add("web1", [entry("web1", 0.8, "a8")])
    assert store.settled == 2
    store.add("web2", [entry("web2", 0.2, "b2"), entry("web2", 0.9, "b9")])
    assert names(store.entries) == ["a0", "a4", "b2", "a8", "b9"]


def test_first_past_of_a_late_host_is_merged_wherever_it_belongs() -> None:
    clock = Clock()
    store = JournalStore(100, clock)
    store.add("web1", [entry("web1", -n, f"a{n}") for n in (9, 7, 5, 3, 1)], past=True)
    clock.now += 60.0
    before = store.revision
    store.add("web2", [entry("web2", -n, f"b{n}") for n in (8, 4)], past=True)
    assert names(store.entries) == ["a9", "b8", "a7", "a5", "b4", "a3", "a1"]
    assert store.changed_from(before) == 1


def test_clock_that_steps_back_does_not_change_its_hosts_order() -> None:
    clock = Clock()
    store = JournalStore(100, clock)
    store.add("web1", [entry("web1", 0.0, "a0")])
    store.add("web2", [entry("web2", 0.1, "b0")])
    clock.now += 5.0
    store.add("web1", [entry("web1", -600.0, "a1"), entry("web1", -599.0, "a2")])
    store.add("web2", [entry("web2", 5.0, "b1")])
    store.add("web1", [entry("web1", -594.0, "a3")])
    assert [n for n in names(store.entries) if n[0] == "a"] == ["a0", "a1", "a2", "a3"]
    assert names(store.entries)[:2] == ["a0", "b0"], "what stood for a second stays"


def test_known_offset_brings_a_wrong_clock_into_line() -> None:
    clock = Clock()
    store = JournalStore(100, clock)
    store.set_skew("web2", 600.0)
    store.add("web1", [entry("web1", -n, f"a{n}") for n in (6, 4, 2)], past=True)
    store.add("web2", [entry("web2", 600 - n, f"b{n}") for n in (5, 3, 1)], past=True)
    assert names(store.entries) == ["a6", "b5", "a4", "b3", "a2", "b1"]


def test_clock_that_jumps_ahead_does_not_drag_the_others_along() -> None:
    clock = Clock()
    store = JournalStore(100, clock)
    store.set_skew("web2", 0.0)
    store.add("web2", [entry("web2", 600.0, "b0")])
    clock.now += 10.0
    store.add("web1", [entry("web1", 10.0, "a10")])
    store.add("web1", [entry("web1", 10.4, "a14")])
    store.add("web2", [entry("web2", 10.2, "b12")])
    assert names(store.entries) == ["b0", "a10", "b12", "a14"]


def test_noise_of_the_measurement_is_no_offset() -> None:
    store = JournalStore(100, Clock())
    store.set_skew("web1", 0.08)
    assert store.skew("web1") == 0.0
    store.set_skew("web1", 3.0)
    store.set_skew("web1", 3.05)
    assert store.skew("web1") == 3.0


def test_last_entry_can_grow_in_its_place() -> None:
    store = JournalStore(100, Clock())
    store.add("web1", [entry("web1", 0.0, "head", Level.ERROR)])
    store.add("web2", [entry("web2", 0.1, "other")])
    before = store.revision
    assert store.replace_last("web1", entry("web1", 0.0, "head\nmore", Level.ERROR))
    assert names(store.entries) == ["head\nmore", "other"]
    assert store.changed_from(before) == 0
    assert store.errors("web1") == 1
    assert not store.replace_last("web3", entry("web3", 0.0))


def test_entry_that_was_dropped_cannot_grow() -> None:
    store = JournalStore(2, Clock())
    store.add("web1", [entry("web1", 0.0, "old")])
    store.add("web2", [entry("web2", n / 10, f"b{n}") for n in range(1, 4)])
    assert not store.replace_last("web1", entry("web1", 0.0, "older"))
    assert names(store.entries) == ["b2", "b3"]


def test_oldest_are_dropped_and_counted() -> None:
    store = JournalStore(10, Clock())
    for n in range(5000):
        store.add("web1", [entry("web1", n / 1000, str(n), Level.ERROR)])
    assert names(store.entries) == [str(n) for n in range(4990, 5000)]
    assert store.dropped == 4990
    assert store.errors("web1") == 10
    assert store.entries[0].message == "4990"
    assert store.entries[-1].message == "4999"
    assert names(store.entries[2:4]) == ["4992", "4993"]
    assert names(store.entries[::-3]) == ["4999", "4996", "4993", "4990"]
    assert [e.message for e in store.entries] == names(store.entries)


def test_past_older_than_what_is_held_at_the_bound_is_dropped() -> None:
    store = JournalStore(3, Clock())
    store.add("web1", [entry("web1", n, f"a{n}") for n in range(2000)], past=True)
    store.add("web2", [entry("web2", 0.5, "b0")], past=True)
    assert names(store.entries) == ["a1997", "a1998", "a1999"]
    assert store.dropped == 1998


def test_bytes_are_bounded_too(tmp_path: Path) -> None:
    store = JournalStore(1_000_000, Clock(), max_bytes=4_000_000, folder=tmp_path / "spilled")
    with mock.patch.multiple(journal_blocks, OPEN_BLOCKS=2, BLOCK_ROWS=64):
        for n in range(3_000):
            store.add("web1", [entry("web1", n, f"{n:4}" + "x" * 4096)])
    held = len(store.entries)
    # The packed ones, and those of two open blocks and the tail.
    assert 4_000_000 * 0.7 < held * 4_100 < 4_000_000 + 3 * 64 * 4_200
    assert store.dropped == 3_000 - held
    assert store.entries[0].message.startswith(f"{3_000 - held:4}x")
    store.add("web1", [entry("web1", 3_000, "y" * 6_000_000)])
    store.add("web1", [entry("web1", 3_001, "z")])
    assert store.entries[-1].message == "z"


def test_errors_a_minute_end_with_the_running_minute() -> None:
    clock = Clock(NOW - NOW % 60 + 30)
    store = JournalStore(100, clock)
    base = clock.now - NOW
    for back, host, level in (
        (125, "web2", Level.ERROR),
        (61, "web1", Level.WARNING),
        (60, "web1", Level.ERROR),
        (1, "web2", Level.CRITICAL),
        (0, "web1", Level.ERROR),
    ):
        store.add(host, [entry(host, base - back, "x", level)], past=True)
    store.add("web1", [entry("web1", base, "gap", Level.ERROR, EntryKind.GAP)])
    assert store.per_minute(None, 3) == [1, 1, 2]
    assert store.lines_per_minute(3) == [1, 2, 3]
    assert store.per_minute("web1", 3) == [0, 1, 1]
    assert store.errors("web1") == 2
    store.clear()
    assert store.per_minute(None, 3) == [0, 0, 0]
    assert store.lines_per_minute(3) == [0, 0, 0]


def test_clear_starts_again_and_says_that_all_changed() -> None:
    store = JournalStore(5, Clock())
    store.add("web1", [entry("web1", n, str(n)) for n in range(9)])
    before = store.revision
    store.clear()
    assert (len(store.entries), store.dropped, store.errors("web1")) == (0, 0, 0)
    assert store.changed_from(before) == 0
    # An older time than before is not held against what was cleared.
    store.add("web2", [entry("web2", -5, "b")])
    store.add("web1", [entry("web1", -9, "a")])
    assert names(store.entries) == ["a", "b"]


@st.composite
def arrivals(draw: st.DrawFn) -> list[tuple[str, float, float, bool, int]]:
    """(host, wait before it in s, its own time in s, past, how many) in order of arrival."""
    host = st.sampled_from(("web1", "web2", "web3"))
    wait = st.sampled_from((0.0, 0.0, 0.01, 0.3, 0.9, 1.1, 30.0))
    at = st.floats(-900, 900).map(lambda s: round(s, 1))
    return draw(st.lists(st.tuples(host, wait, at, st.booleans(), st.integers(1, 5)), max_size=60))


@settings(max_examples=200)
@given(arrivals(), st.integers(1, 40), st.booleans(), st.booleans())
def test_whatever_arrives_whenever(
    given_: list[tuple[str, float, float, bool, int]], limit: int, skewed: bool, tiny: bool
) -> None:
    # With tiny blocks most of what is held is packed, and opened again by stragglers.
    sizes = {"BLOCK_ROWS": 3, "OPEN_BLOCKS": 1} if tiny else {"BLOCK_ROWS": 1024}
    with mock.patch.multiple(journal_blocks, **sizes):
        _arrive(given_, limit, skewed)


def _arrive(given_: list[tuple[str, float, float, bool, int]], limit: int, skewed: bool) -> None:
    clock = Clock()
    store = JournalStore(limit, clock)
    if skewed:
        store.set_skew("web2", 300.0)
    added: dict[str, list[str]] = {"web1": [], "web2": [], "web3": []}
    count = 0
    shown: list[Entry] = []
    seen_revision, seen_dropped = store.revision, 0
    settled: list[str] = []
    for host, wait, at, past, many in given_:
        clock.now += wait
        frozen = store.settled
        settled = names(store.entries[: frozen - store.dropped])
        batch = [entry(host, at + n * 0.01, f"{host} {count + n}") for n in range(many)]
        count += many
        added[host] += names(batch)
        dropped_before = store.dropped
        store.add(host, batch, past=past)
        held = names(store.entries)
        # Bounded, and nothing vanishes but from the head.
        assert len(held) == min(limit, count)
        assert store.dropped + len(held) == count
        # The order within a host never changes: what is held of it is the tail of what came.
        for name, messages in added.items():
            own = [m for m in held if m.startswith(name)]
            if not any(p for _, _, _, p, _ in given_):
                assert own == messages[len(messages) - len(own) :]
            else:
                assert own == [m for m in messages if m in set(own)]
        # What stood for a second stays where it is, unless a host's first past comes.
        if not past:
            kept = settled[store.dropped - dropped_before :]
            assert held[: len(kept)] == kept
        # A viewer that redraws from changed_from on sees what is there.
        first = store.changed_from(seen_revision)
        kept_entries = shown[store.dropped - seen_dropped : max(0, first - seen_dropped)]
        assert kept_entries == list(store.entries[: first - store.dropped])
        shown = list(store.entries)
        seen_revision, seen_dropped = store.revision, store.dropped
    assert store.changed_from(store.revision) == store.dropped + len(store.entries)


@given(st.lists(st.integers(0, 50), max_size=200), st.integers(0, 200))
def test_revisions_answer_with_the_lowest_index_since(indices: list[int], asked: int) -> None:
    revisions = Revisions()
    for index in indices:
        revisions.note(index)
    since = indices[asked:]
    assert revisions.changed_from(asked) == (min(since) if since else None)


def test_revisions_are_bounded_and_forget_towards_the_safe_side() -> None:
    revisions = Revisions()
    for index in range(KEPT * 3):
        revisions.note(index)
    assert revisions.changed_from(1) == 0
    assert revisions.changed_from(KEPT * 3 - 1) == KEPT * 3 - 1
    assert len(revisions._numbers) <= KEPT


def test_adding_does_not_grow_with_what_is_held() -> None:
    def cost(held: int) -> float:
        store = JournalStore(200_000, time.time)
        now = time.time() - NOW
        store.add("web1", [entry("web1", now - 1000 + n / held, "x") for n in range(held)])
        best = 9.0
        for _ in range(5):
            began = time.process_time()
            for n in range(200):
                store.add("web1", [entry("web1", now + n / 1000, "y")])
                store.add("web2", [entry("web2", now + n / 1000 - 0.0005, "z")])
            best = min(best, time.process_time() - began)
        return best

    # Ten times as much held: lists move more pointers, but nothing is looked at again.
    assert cost(190_000) < 10 * cost(1_000) + 0.01
