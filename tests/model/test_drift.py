"""The odd one out: against a majority, never against a guess."""

from __future__ import annotations

from dataclasses import replace

from tests.values import NOW, snapshot, view
from tui.model.drift import odd_ones, own_skew_s, skewed, usual
from tui.model.host import Link, LinkState


def test_the_one_that_differs_is_named_with_what_differs() -> None:
    views = [view("web1"), view("web2"), view("web3", runs="0.1.0")]
    assert odd_ones(views) == {"web3": ("version", "restart")}


def test_without_a_majority_nobody_is_odd() -> None:
    assert odd_ones([view("web1"), view("web2", runs="0.1.0", boots="0.1.0")]) == {}


def test_what_is_not_known_is_not_odd() -> None:
    views = [view("web1"), view("web2"), view("web3", runs=None)]
    assert odd_ones(views) == {}


def test_state_boot_version_and_clock() -> None:
    views = [
        view("web1"),
        view("web2"),
        view("web3", boots="0.3.0", active="failed", skew=600.0),
    ]
    assert odd_ones(views) == {"web3": ("boots", "state", "clock", "restart")}


def test_a_slow_round_trip_excuses_a_clock() -> None:
    assert not skewed(snapshot("web1", skew=4.0, rtt=5.0))
    assert skewed(snapshot("web1", skew=-4.0, rtt=0.1))


def test_hosts_that_are_gone_do_not_outvote_the_living() -> None:
    gone = Link(LinkState.LOST, NOW - 3600)
    old = [
        replace(view(name, runs="0.1.0", boots="0.1.0", taken_at=NOW - 3600), link=gone)
        for name in ("web1", "web2")
    ]
    assert odd_ones([*old, view("web3")]) == {}


def test_a_host_that_was_just_lost_still_counts() -> None:
    lost = replace(view("web1", taken_at=NOW - 14), link=Link(LinkState.LOST, NOW - 14))
    odd = view("web3", runs="0.1.0", boots="0.1.0")
    assert odd_ones([lost, view("web2"), odd]) == {"web3": ("version", "boots")}


def test_what_a_restart_would_change_and_a_wanted_reload_are_words_without_any_majority() -> None:
    views = [view("web1", boots="0.3.0", need_daemon_reload=True), view("web2", runs="0.1.0")]
    assert odd_ones(views) == {"web1": ("restart", "reload"), "web2": ("restart",)}


def test_a_clock_that_all_hosts_are_off_by_is_our_own() -> None:
    views = [view("web1", skew=600.0), view("web2", skew=600.8)]
    assert own_skew_s(views) == -600.4
    assert odd_ones(views) == {}
    assert own_skew_s([view("web1", skew=600.0)]) is None, "one host tells nothing of ours"
    assert own_skew_s([*views, view("web3")]) is None
    assert own_skew_s([view("web1", skew=600.0), view("web2", skew=-600.0)]) is None


def test_what_is_usual_needs_more_than_half() -> None:
    views = [view("web1", runs=None), view("web2"), view("web3"), view("web4", runs="0.1.0")]
    assert usual(views).version == "0.2.0"
    assert usual([view("web1"), view("web2", runs="0.1.0")]).version is None
    assert usual([]).state is None
