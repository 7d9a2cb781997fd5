"""Which copy of an operation's log counts, and what its records say of its steps."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tui.model.audit import GENESIS, chained
from tui.model.operation import choose, read_content


def chain(*bodies: dict[str, object]) -> bytes:
    """A log of these records."""
    content, end = b"", GENESIS
    for number, body in enumerate(bodies, start=1):
        line, end = chained({"op": "OP", **body}, number, end)
        content += line
    return content


BODIES: list[dict[str, object]] = [
    {"event": "plan", "steps": [{}, {}], "at": float(n)} for n in range(6)
]
FULL = chain(*BODIES)
ENDS = [0, *(i + 1 for i, byte in enumerate(FULL) if byte == ord("\n"))]


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(0, len(FULL)), min_size=1))
def test_the_longest_of_copies_that_agree_counts_torn_or_not(cuts: dict[str, int]) -> None:
    chosen = choose({place: FULL[:cut] for place, cut in cuts.items()})
    best = max(max(end for end in ENDS if end <= cut) for cut in cuts.values())
    assert chosen.content == FULL[:best]
    if best:
        assert not chosen.problem
        assert all(cuts[place] >= best for place in chosen.at)
        assert all(cuts[place] < best for place in chosen.behind)
    else:
        assert chosen.problem == "there is no copy of it"


def test_two_that_say_different_things_are_none() -> None:
    other = chain(*BODIES[:3], {"event": "takeover"})
    chosen = choose({"web1": FULL, "web2": other, "web3": FULL[: ENDS[2]]})
    assert chosen.content == b""
    assert chosen.problem == "the copies at web2 and at web1 say different things"


def test_a_copy_that_was_changed_counts_for_nothing() -> None:
    forged = FULL.replace(b'"at":5.0', b'"at":6.0')
    assert choose({"web1": forged, "web2": FULL[: ENDS[2]]}).content == FULL[: ENDS[2]]
    assert "web1: line 6" in choose({"web1": forged}).problem


def test_how_each_step_stands_is_what_was_written_last() -> None:
    plan: dict[str, object] = {
        "event": "plan",
        "title": "restart",
        "at": 1.0,
        "steps": [{"kind": "restart", "host": f"web{n}", "what": "restart"} for n in (1, 2, 3)],
        "os_user": "alice",
        "client_host": "laptop",
    }
    content = chain(
        plan,
        {"event": "intent", "step": 0, "before": {"invocation": "a"}},
        {"event": "result", "step": 0, "state": "done"},
        {"event": "intent", "step": 1},
        {"event": "result", "step": 1, "state": "odd word"},
        {"event": "takeover", "os_user": "bob", "client_host": "other", "at": 9.0},
    )
    left = read_content("OP", Path("x"), content)
    assert left is not None
    assert left.states == ("done", "unknown", "")
    assert (left.step, left.next_step, left.open) == (1, 1, True)
    assert left.worker.words == "bob on other"
    assert left.not_whole
    assert left.goes_on == left.not_whole
    other = read_content("OTHER", Path("x"), content)
    assert other is not None
    assert "another operation's" in other.problem
