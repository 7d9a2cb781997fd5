"""What the lines around the journal say: counts, states of the streams, errors a minute. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from tui.model.journal import FeedState, FeedWord, JournalQuery, Level
from tui.model.query import Query
from tui.model.words import clock, counted
from tui.widgets.journal_reader import Summary

_BARS = "▁▂▃▄▅▆▇█"
_NAMED = 3
"""Hosts of a filter that are named; more are counted."""
_WELL = (FeedWord.LIVE, FeedWord.ENDED, FeedWord.READING)


def spark(values: Sequence[int], width: int) -> str:
    """A bar a value, the newest at the right; more values than `width` share one by their most."""
    if not values or width <= 0:
        return ""
    share = math.ceil(len(values) / width)
    # Groups are counted from the newest, so that only the oldest can be a short one.
    ends = range(len(values), 0, -share)
    most = [max(values[max(0, end - share) : end]) for end in reversed(ends)]
    top = max(most)
    if top <= 0:
        return _BARS[0] * len(most)
    return "".join(_BARS[math.ceil(value * 7 / top)] for value in most)


def errors_words(values: Sequence[int], now: float, width: int) -> str:
    """The sparkline of errors a minute with its range in time, ending at `now` (Unix seconds)."""
    begin, end = clock(now - 60 * len(values))[:5], clock(now)[:5]
    most = max(values, default=0)
    words = f" {begin}–{end} errors/min" + (f", most {most:,}" if most else ": none")
    return spark(values, max(0, width - len(words))) + words


def query_words(query: JournalQuery) -> str:
    """What was asked of the hosts: `since 15m`, `since yesterday until 03:00 boot -1`."""
    words = f"since {query.since}"
    if query.until:
        words += f" until {query.until}"
    if query.boot:
        words += f" boot {query.boot[:8]}"
    return words


def state_words(summary: Summary) -> tuple[str, str]:
    """(style, words): following, paused with what waits, or what lies below."""
    if summary.paused:
        return "warning", f"PAUSED, {summary.waiting:,} new"
    if summary.following:
        return "good", "follow ▶"
    if summary.below:
        return "plain", f"{summary.below:,} below ↓"
    return "plain", "f follows"


def count_words(summary: Summary) -> str:
    """How much is listed of what is held, and what must not be overlooked."""
    gone = f"   {summary.gone:,} older gone" if summary.gone else ""
    if summary.listed == summary.held:
        return counted(summary.held, "entry", "entries") + gone
    words = f"{summary.listed:,} of {summary.held:,}{gone}"
    if summary.scanning:
        words += " …"
    if summary.hidden_errors:
        words += f"   {counted(summary.hidden_errors, 'error')} hidden"
    return words


def filter_words(filter_: Query, typed: str, only_hits: bool) -> str:
    """The filter in words: the text as typed, level, hosts."""
    parts: list[str] = []
    if typed:
        parts.append(f"{'filter' if only_hits else 'mark'} › {typed}")
    if filter_.worse is not None:
        worst = filter_.worse is Level.EMERGENCY
        parts.append(f"{filter_.worse.name.lower()}{'' if worst else ' or worse'}")
    if filter_.hosts:
        few = len(filter_.hosts) <= _NAMED
        names = ", ".join(sorted(filter_.hosts)) if few else counted(len(filter_.hosts), "host")
        parts.append(f"only {names}")
    return "   ".join(parts) or "/ filter   all levels   all hosts"


def troubles(states: Mapping[str, FeedState]) -> list[str]:
    """A sentence for the hosts whose journal is not to be had, one for all of the same trouble.

    What can be done about it comes first: the line is short.
    """
    return _together(
        (host, _said(state, state.hint or state.detail))
        for host, state in states.items()
        if state.word not in _WELL
    )


def store_trouble(problem: str, held: int) -> list[str]:
    """A sentence for a disk that does not take what is held."""
    if not problem:
        return []
    return [f"the journal is held in memory, {held:,} entries for now: {problem}"]


def _together(said: Iterable[tuple[str, str]]) -> list[str]:
    hosts: dict[str, list[str]] = {}
    for host, words in said:
        hosts.setdefault(words, []).append(host)
    return [f"{', '.join(names)}: {words}" for words, names in hosts.items()]


def nothing_because(
    states: Mapping[str, FeedState], query: JournalQuery, summary: Summary
) -> list[str]:
    """Why nothing is listed: hidden, still being read, not readable, or simply nothing said."""
    if summary.held and summary.scanning:
        return [f"looking through {counted(summary.held, 'entry', 'entries')}…"]
    if summary.held:
        words = f"the filter hides all of {counted(summary.held, 'entry', 'entries')}"
        if summary.hidden_errors:
            words += f", {counted(summary.hidden_errors, 'error')} among them"
        return [words, "Esc clears its text, L takes all levels, h all hosts"]
    if states and all(state.word in (FeedWord.LIVE, FeedWord.ENDED) for state in states.values()):
        return [f"no entries {query_words(query)}", "s asks for another time"]
    return _together(_why(host, state, query) for host, state in states.items()) or [
        "no host is followed yet"
    ]


def _why(host: str, state: FeedState, query: JournalQuery) -> tuple[str, str]:
    if state.word is FeedWord.READING:
        return host, "reading…"
    if state.word in _WELL:
        return host, f"no entries {query_words(query)}"
    return host, _said(state, state.detail, state.hint)


def _said(state: FeedState, *words: str) -> str:
    return ": ".join(word.replace("\n", " ") for word in (state.word, *words) if word)
