"""The odd one out: against a majority, never against a guess."""

from __future__ import annotations

from dataclasses import replace

from tests.values import NOW, snapshot, view
from tui.model.drift import odd_ones, skewed
from tui.model.host import Link, LinkState


def test_the_one_that_differs_is_named_with_what_differs() -> None:
    views = [view("web1"), view("web2"), view("web3", runs="0.1.0")]
    assert odd_ones(views) == {"web3": ("version",)}


def test_without_a_majority_nobody_is_odd() -> None:
    assert odd_ones([view("web1"), view("web2", runs="0.1.0")]) == {}


def test_what_is_not_known_is_not_odd() -> None:
    views = [view("web1"), view("web2"), view("web3", runs=None)]
    assert odd_ones(views) == {}


def test_state_boot_version_and_clock() -> None:
    views = [
        view("web1"),
        view("web2"),
        view("web3", boots="0.3.0", active="failed", skew=600.0),
    ]
    assert odd_ones(views) == {"web3": ("boots", "state", "clock")}


def test_a_slow_round_trip_excuses_a_clock() -> None:
    assert not skewed(snapshot("web1", skew=4.0, rtt=5.0))
    assert skewed(snapshot("web1", skew=-4.0, rtt=0.1))


def test_hosts_that_are_gone_do_not_outvote_the_living() -> None:
    gone = Link(LinkState.LOST, NOW - 3600)
    old = [
        replace(view(name, runs="0.1.0", taken_at=NOW - 3600), link=gone)
        for name in ("web1", "web2")
    ]
    assert odd_ones([*old, view("web3")]) == {}


def test_a_host_that_was_just_lost_still_counts() -> None:
    lost = replace(view("web1", taken_at=NOW - 14), link=Link(LinkState.LOST, NOW - 14))
    assert odd_ones([lost, view("web2"), view("web3", runs="0.1.0")]) == {"web3": ("version",)}
