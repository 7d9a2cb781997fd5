"""What the records tell of releases: who brought one, how long it ran, good or bad."""

from __future__ import annotations

from typing import Any

import pytest

from tui.model.release_past import Ran, Told, brought_by, marks_of, ran_of, told_of

NOW = 1_528_081_680.0
DAY = 86_400.0


def records(kind: str, version: str, **changes: Any) -> list[dict[str, object]]:
    plan = {
        "event": "plan",
        "kind": kind,
        "environment": "production",
        "app": "billing",
        "os_user": "ann",
        "reason": "errors since noon",
        "steps": [{"host": "web1"}, {"host": "web1"}, {"host": "web2"}],
        "params": {"version": version},
        "facts": {"web1 runs": "0.3.0", "web2 runs": "0.3.0", "web1 boots": "0.3.0"},
        **changes,
    }
    return [plan, {"event": "end", "ok": True, "at": NOW - DAY}]


def told(kind: str, version: str, ago: float, *before: str, who: str = "ann") -> Told:
    hosts = tuple(f"web{n}" for n in range(1, len(before) + 1))
    return Told(f"op{ago}", kind, version, NOW - ago, who, "errors", hosts, before)


def test_a_record_tells_of_a_release_only_if_its_plan_came_to_a_good_end() -> None:
    found = told_of("op", records("rollback", "0.2.0"), "production", "billing")
    assert found == Told(
        "op", "rollback", "0.2.0", NOW - DAY, "ann", "errors since noon",
        ("web1", "web2"), ("0.3.0", "0.3.0"),
    )  # fmt: skip
    assert told_of("op", records("rollback", "0.2.0")[:1], "production", "billing") is None
    assert told_of("op", records("restart", "0.2.0"), "production", "billing") is None
    assert told_of("op", records("rollback", "0.2.0"), "staging", "billing") is None
    failed = [records("rollback", "0.2.0")[0], {"event": "end", "ok": False}]
    assert told_of("op", failed, "production", "billing") is None
    mark = told_of("op", records("mark", "0.3.0", params={"version": "0.3.0", "mark": "bad"}),
                   "production", "billing")  # fmt: skip
    assert mark is not None
    assert mark.mark == "bad"
    odd = records("mark", "0.3.0", params={"version": "0.3.0", "mark": "[b]evil[/b]"})
    assert told_of("op", odd, "production", "billing") is None
    # A deploy names its version among the facts.
    named = records("deploy", "", params={}, facts={"version": "0.3.0"})
    deploy = told_of("op", named, "production", "billing")
    assert deploy is not None
    assert (deploy.version, deploy.before) == ("0.3.0", ("", ""))


def test_a_rollback_marks_what_it_left_and_the_way_forward_again_does_not() -> None:
    back = told("rollback", "0.2.0", DAY, "0.3.0", "0.3.0")
    (mark,) = marks_of([back]).values()
    assert mark.word == "bad"
    assert mark.words == "rolled back by ann at 2018-06-03 03:08:00 UTC: errors"
    forward = told("rollback", "0.3.0", DAY / 2, "0.2.0", "0.2.0")
    assert list(marks_of([forward, back])) == ["0.3.0"]
    good = Told("z", "mark", "0.3.0", NOW, "bob", "it was the disk", mark="good")
    found = marks_of([good, back, forward])["0.3.0"]
    assert (found.word, found.words) == (
        "good", "marked good by bob at 2018-06-04 03:08:00 UTC: it was the disk",
    )  # fmt: skip
    schema_only = told("rollback", "0.2.0", DAY, "0.2.0")
    assert marks_of([schema_only]) == {}


@pytest.mark.parametrize(
    ("version", "runs_on", "wanted", "words"),
    [
        ("0.3.0", (), Ran(2 * DAY, NOW - DAY), "ran 2d 0h, until 1d 0h ago"),
        ("0.1.0", (), Ran(None, NOW - 5 * DAY), "until 5d 0h ago; since when is not known"),
        ("0.2.0", ("web1",), Ran(3 * DAY, None), "runs for 3d 0h"),
        ("9.9.9", (), None, ""),
        ("9.9.9", ("web1",), None, ""),
    ],
)
def test_how_long_it_ran(
    version: str, runs_on: tuple[str, ...], wanted: Ran | None, words: str
) -> None:
    past = [
        told("deploy", "0.2.0", 5 * DAY, "0.1.0"),
        told("deploy", "0.3.0", 3 * DAY, "0.2.0", who="bob"),
        told("rollback", "0.2.0", DAY, "0.3.0"),
    ]
    found = ran_of(reversed(past), version, runs_on, NOW)
    assert found == wanted
    assert (found.words(NOW) if found else "") == words
    assert brought_by(past, "0.3.0") == "bob"
    assert brought_by(past, "0.1.0") == ""


def test_the_time_on_several_hosts_counts_once() -> None:
    past = [
        told("deploy", "0.3.0", 4 * DAY, "0.2.0", "0.2.0"),
        Told("x", "rollback", "0.2.0", NOW - 2 * DAY, hosts=("web1",), before=("0.3.0",)),
        Told("y", "rollback", "0.2.0", NOW - DAY, hosts=("web2",), before=("0.3.0",)),
    ]
    assert ran_of(past, "0.3.0", (), NOW) == Ran(3 * DAY, NOW - DAY)
