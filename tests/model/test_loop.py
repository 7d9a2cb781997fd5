"""A loop is told by when the unit died, not by how it looks between two deaths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.loop import LoopMemory
from tui.model.unit import UnitFacts

NOW = 1_795_400_000.0


def unit(restarts: int | None, since: float | None = NOW - 3600) -> UnitFacts:
    return UnitFacts("x.service", active_state="active", restarts=restarts, since=since)


def watched(*looks: tuple[float, int | None]) -> LoopMemory:
    """After looks at a unit: (seconds after NOW, its count of restarts)."""
    memory = LoopMemory()
    for after, restarts in looks:
        memory = memory.seen(unit(restarts), NOW + after, NOW + after)
    return memory


def test_a_unit_that_stays_up_does_not_loop() -> None:
    assert not watched((0, 0), (3, 0), (6, 0)).looping(NOW + 6)
    assert not watched((0, 4), (3, 4), (6, 4)).looping(NOW + 6), "it once did, before we looked"


def test_one_death_is_no_loop() -> None:
    memory = watched((0, 0), (3, 1), (6, 1))
    assert not memory.looping(NOW + 6)


def test_two_deaths_close_together_are_one() -> None:
    memory = watched((0, 0), (3, 1), (6, 1), (9, 2))
    assert memory.looping(NOW + 9)
    assert memory.looping(NOW + 9 + 29), "active between two deaths"
    assert not memory.looping(NOW + 9 + 31), "calm for half a minute: over"


def test_several_deaths_between_two_looks_are_one() -> None:
    assert watched((0, 0), (3, 1), (33, 5)).looping(NOW + 33)


def test_a_slow_loop_is_remembered_as_long_as_it_takes() -> None:
    # Boots for two minutes, then dies.
    memory = watched((0, 0), (120, 1), (240, 2))
    assert memory.looping(NOW + 240 + 200)
    assert not memory.looping(NOW + 240 + 241)


def test_deaths_an_hour_apart_are_not_a_loop() -> None:
    assert not watched((0, 0), (10, 1), (3610, 2)).looping(NOW + 3611)


def test_a_restart_by_hand_begins_anew() -> None:
    memory = watched((0, 0), (3, 1), (6, 2), (9, 0))
    assert not memory.looping(NOW + 9)
    assert not memory.seen(unit(1), NOW + 12, NOW + 12).looping(NOW + 12)


def test_at_the_first_look_a_young_unit_with_restarts_is_looping() -> None:
    young = unit(4, since=NOW - 3 + 600)
    assert LoopMemory().seen(young, NOW, NOW + 600).looping(NOW), "by the host's own clock"
    assert not LoopMemory().seen(unit(4, since=NOW - 60), NOW, NOW).looping(NOW)
    assert not LoopMemory().seen(unit(1, since=NOW - 3), NOW, NOW).looping(NOW)
    assert not LoopMemory().seen(unit(4, since=None), NOW, NOW).looping(NOW)


def test_the_first_death_seen_after_earlier_ones_is_enough() -> None:
    assert watched((0, 3), (9, 4)).looping(NOW + 9)
    assert not watched((0, 0), (9, 1)).looping(NOW + 9)


def test_a_count_that_is_not_known_changes_nothing() -> None:
    before = watched((0, 0), (3, 1), (6, 2))
    assert before.seen(unit(None), NOW + 9, None) == before


@pytest.mark.parametrize("restarts", [0, 1, 2, 7])
@given(times=st.lists(st.floats(0, 1e6), max_size=6))
def test_no_history_raises(restarts: int, times: list[float]) -> None:
    memory = LoopMemory()
    for index, after in enumerate(times):
        memory = memory.seen(unit(restarts * index % 5), NOW + after, None)
        assert memory.looping(NOW + after) in (True, False)
