"""A host's line: words and signs, what fits, what a stale host still shows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.values import NOW, view
from tui.model.host import HostView, Link, LinkState
from tui.model.host_rows import SIGNS, cells_of, columns_for, filter_text
from tui.model.release import ReleaseFacts
from tui.model.sparks import spark_line, sparks


def texts(shown: HostView, odd: tuple[str, ...] = ()) -> dict[str, str]:
    return {key: text for key, text, _ in cells_of(shown, odd, NOW)}


def test_a_host_that_is_well() -> None:
    line = texts(view("web1"))
    assert line["state"] == "running"
    assert line["since"] == "2h 1m"
    assert (line["restarts"], line["runs"], line["boots"]) == ("0", "0.2.0", "0.2.0")
    assert line["disk"] == "61%"


def test_signs_stand_beside_words() -> None:
    line = texts(view("web3", runs="0.1.0", restarts=4), ("version",))
    assert line["runs"] == "0.1.0 ≠"
    assert line["boots"] == "0.2.0 ↻"
    assert line["restarts"] == "4 !"
    assert texts(view("web3"), ("boots",))["boots"] == "0.2.0 ≠"
    assert texts(view("web3"), ("clock",))["state"] == "running, clock"
    assert texts(view("web3"), ("version", "reload"))["odd"] == "version reload"


def test_a_host_out_of_reach_keeps_versions_and_drops_what_moves() -> None:
    away = replace(view("web4", taken_at=NOW - 14), link=Link(LinkState.LOST, NOW - 14))
    line = texts(away)
    assert line["state"] == "stale 14s ago"
    assert line["runs"] == "0.2.0"
    assert (line["since"], line["load"]) == ("–", "–")


def test_a_skewed_clock_does_not_start_a_unit_in_the_future() -> None:
    assert texts(view("web1", skew=600.0))["since"] == "2h 11m"


@pytest.mark.parametrize("state", [s for s in LinkState if s not in (LinkState.UP,)])
def test_every_state_of_a_link_is_a_word(state: LinkState) -> None:
    line = texts(HostView("web1", Link(state, NOW)))
    assert line["state"]


def test_at_80_columns_what_matters_is_there() -> None:
    rows = [cells_of(view(name), (), NOW) for name in ("web1", "web2")]
    keys = [choice.key for choice, _ in columns_for(79, rows)]
    assert keys == ["host", "state", "since", "restarts", "runs", "boots", "load", "disk"]


def test_a_wide_terminal_has_all_of_it() -> None:
    rows = [cells_of(view("web1"), (), NOW)]
    assert len(columns_for(160, rows)) > 12


def test_a_narrow_terminal_keeps_what_tells_hosts_apart() -> None:
    rows = [cells_of(view("web1"), (), NOW)]
    assert [c.key for c, _ in columns_for(40, rows)] == ["host", "state", "runs"]
    assert [c.key for c, _ in columns_for(10, rows)] == ["host"]


def test_room_that_is_left_goes_first_to_names_and_versions_by_turns() -> None:
    long = "0.3.0+20180604-master-41aa07c"
    rows = [cells_of(view("web1", runs=long, boots=long), (), NOW)]
    widths = {c.key: width for c, width in columns_for(100, rows)}
    assert abs(widths["runs"] - widths["boots"]) <= 1
    assert widths["runs"] > 14
    widths = {c.key: width for c, width in columns_for(300, rows)}
    assert widths["runs"] == len(long)


def test_a_name_that_cannot_be_used_is_shown_and_marked() -> None:
    seen = view("web1").snapshot
    assert seen is not None
    release = ReleaseFacts(unusable=(("boots", "$(reboot)"), ("on disk", "x y")))
    shown = replace(view("web1"), snapshot=replace(seen, release=release))
    cells = {key: (text, style) for key, text, style in cells_of(shown, (), NOW)}
    assert cells["boots"] == ("$(reboot) ✗", "warning")
    assert cells["runs"] == ("?", "plain")
    assert all(text[-1] in SIGNS for text in (cells["boots"][0], "0.1.0 ≠", "4 !", "0.2.0 ↻"))


def test_a_probe_that_brought_nothing_is_no_reading() -> None:
    failed = HostView("web1", Link(LinkState.UP, NOW - 1), None, "the probe broke off (exit 127)")
    assert texts(failed)["state"] == "no answer"


def test_a_filter_looks_at_names_states_versions_and_tools() -> None:
    found = filter_text(view("web1", runs="0.3.1"), NOW)
    for word in ("web1", "running", "0.3.1", "mix", "billing_prod.service"):
        assert word in found
    assert "61%" not in found
    assert "unknown key" in filter_text(HostView("web1", Link(LinkState.UNKNOWN_KEY, NOW)), NOW)


@given(st.integers(1, 300), st.text(max_size=40))
def test_columns_never_exceed_the_width_they_can_have(width: int, version: str) -> None:
    rows = [cells_of(view("web1", runs=version), (), NOW)]
    chosen = columns_for(width, rows)
    total = 1 + sum(w + 1 for _, w in chosen)
    assert total <= max(width, 30) or len(chosen) <= 1


def test_bars_of_several_hosts_share_a_measure_and_a_line() -> None:
    counts = {"web1": [0, 0], "web2": [4, 8], "web3": [1, 0]}
    assert spark_line("errors/min", counts, 80) == "errors/min  web1 ▁▁  web2 ▅█  web3 ▂▁"
    assert spark_line("errors/min", counts, 30) == "errors/min  web2 ▅█  web3 ▂▁"
    assert spark_line("errors/min", counts, 24) == "errors/min  web2 ▅█  +1"
    assert spark_line("errors/min", counts, 15) == "errors/min  +2"
    assert spark_line("errors/min", {"web1": [0], "web2": []}, 80) == ""


def test_bars() -> None:
    assert sparks([0, 1, 4, 8]) == "▁▂▅█"
    assert sparks([]) == ""
    assert sparks([0, 0]) == "▁▁"


def test_a_connected_host_that_answers_no_probe_is_not_shown_as_running() -> None:
    """The link is well, a disk or systemd hangs: what was read is old and says so."""
    hung = view("web1", taken_at=NOW - 30)
    line = {key: (text, style) for key, text, style in cells_of(hung, (), NOW)}
    assert line["state"] == ("stale 30s", "warning")
    assert line["since"][0] == "–"
    assert line["runs"] == ("0.2.0", "muted")


def test_a_connected_host_that_never_answered_is_not_reading_for_ever() -> None:
    assert texts(HostView("web1", Link(LinkState.UP, NOW - 5)))["state"] == "reading"
    assert texts(HostView("web1", Link(LinkState.UP, NOW - 40)))["state"] == "no answer 40s"
