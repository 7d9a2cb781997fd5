"""A store, a feed and a deck for tests of the journal's widgets and screen; no network."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Sequence
from types import SimpleNamespace

from tui.model.fleet import App, Config, Environment, Host
from tui.model.gate import LockState
from tui.model.host import HostView, Link, LinkState
from tui.model.journal import Entry, EntryKind, FeedState, FeedWord, JournalQuery, Level
from tui.operations.diagnosis import Diagnosis

HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
"""Categories of code points that must not reach a terminal."""

NOW = 1_528_081_680.0
"""2018-06-04 03:08:00 UTC."""


def entry(
    message: str,
    host: str = "web1",
    at: float = NOW,
    level: Level = Level.INFO,
    kind: EntryKind = EntryKind.APP,
    cursor: str = "",
) -> Entry:
    """An entry at a time in Unix seconds."""
    at_us = round(at * 1_000_000)
    return Entry(host, at_us, level, kind, message, cursor=cursor or f"{host};{at_us};{message}")


def hidden_in(text: str) -> set[str]:
    """The code points of a text that a terminal would obey or not show."""
    return {char for char in set(text) if unicodedata.category(char) in HIDDEN}


class FakeStore:
    """The contract of a journal store, as plainly as it can be: a list and what changed."""

    def __init__(self, entries: Sequence[Entry] = (), limit: int = 1_000_000) -> None:
        self.entries: list[Entry] = list(entries)
        self.dropped = 0
        self.revision = 0
        self.problem = ""
        self.per_minute_values = [0, 0, 1, 3, 7, 2]
        self._limit = limit
        self._changes: list[int] = []  # by revision: the smallest absolute index it touched

    def changed_from(self, revision: int) -> int:
        """The smallest absolute index that differs since a revision."""
        return min([*self._changes[revision:], self.dropped + len(self.entries)])

    def near(self, entry: Entry) -> int:
        """Where an entry of this time is to be looked for."""
        return self.dropped + bisect_left(self.entries, entry.at_us, key=lambda one: one.at_us)

    def append(self, *entries: Entry) -> None:
        """New lines at the end."""
        self.insert(self.dropped + len(self.entries), *entries)

    def insert(self, index: int, *entries: Entry) -> None:
        """Stragglers before the entry of an absolute index."""
        place = index - self.dropped
        self.entries[place:place] = entries
        self._changed(index)

    def replace(self, index: int, new: Entry) -> None:
        """An entry that grew."""
        self.entries[index - self.dropped] = new
        self._changed(index)

    def drop(self, count: int) -> None:
        """The oldest go."""
        del self.entries[:count]
        self.dropped += count
        self.revision += 1
        self._changes.append(self.dropped + len(self.entries))

    def clear(self) -> None:
        """Everything goes; indices begin again."""
        self.entries.clear()
        self.dropped = 0
        self._changed(0)

    def errors(self, host: str) -> int:
        """Errors held of a host."""
        return sum(e.host == host and e.level <= Level.ERROR for e in self.entries)

    def per_minute(self, host: str | None, minutes: int) -> list[int]:
        """Errors a minute."""
        values = [0] * minutes + self.per_minute_values
        return values[-minutes:]

    def lines_per_minute(self, minutes: int) -> list[int]:
        """Entries a minute."""
        values = [0] * minutes + [10, 20, 160, 80, 40, 5]
        return values[-minutes:]

    def _changed(self, index: int) -> None:
        self.revision += 1
        self._changes.append(index)
        over = len(self.entries) - self._limit
        if over > 0:
            self.drop(over)


class FakeBoard:
    """Hosts as they are, and how many watch them."""

    def __init__(self, views: tuple[HostView, ...]) -> None:
        self.views = views
        self.watchers = 0

    def watch(self, _callback: Callable[[], None]) -> Callable[[], None]:
        """Nothing ever changes here."""
        self.watchers += 1

        def stop() -> None:
            self.watchers -= 1

        return stop


class FakeFeed:
    """States and a query; `changed` calls who watches."""

    def __init__(self, hosts: Sequence[str], store: FakeStore) -> None:
        self.query = JournalQuery()
        self.states = {host: FeedState(FeedWord.LIVE) for host in hosts}
        self.asked: list[JournalQuery] = []
        self._store = store
        self._watchers: list[Callable[[], None]] = []

    @property
    def watchers(self) -> int:
        """How many watch."""
        return len(self._watchers)

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back at changes."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def changed(self) -> None:
        """Something changed."""
        for callback in list(self._watchers):
            callback()

    def restart(self, query: JournalQuery) -> None:
        """Ask anew."""
        self.asked.append(query)
        self.query = query
        self._store.clear()


def fake_deck(store: FakeStore, hosts: Sequence[str] = ("web1", "web2")) -> SimpleNamespace:
    """What a place is given, frozen at NOW."""
    views = tuple(HostView(host, Link(LinkState.UP)) for host in hosts)
    return SimpleNamespace(
        config=Config(),
        environment=Environment("staging", hosts=tuple(Host(host) for host in hosts)),
        app=App("billing"),
        board=FakeBoard(views),
        gate=SimpleNamespace(state=LockState(production=False)),
        migrations=None,
        diagnosis=Diagnosis(lambda: NOW),
        asked=[],
        store=store,
        feed=FakeFeed(hosts, store),
        clock=lambda: NOW,
    )


def ordinary_night() -> list[Entry]:
    """The entries of a bad minute on three hosts, as in the sketch of the screen."""
    at = NOW - 20
    trace = (
        "Application telemetry exited: exited in: :telemetry_app.start(:normal, [])\n"
        "    ** (EXIT) an exception was raised:\n"
        "        ** (UndefinedFunctionError) function :telemetry_app.start/2 is undefined "
        "(module :telemetry_app is not available)\n"
        "            :telemetry_app.start(:normal, [])\n"
        "            (kernel) application_master.erl:277: :application_master.start_it_old/4"
    )
    return [
        entry("03:07:41.180 request_id=72 [info] GET /v1/users/4 Sent 200 in 54ms", at=at + 1.18),
        entry(trace, "web2", at + 1.204, Level.ERROR),
        entry(
            "billing.service: Main process exited, code=exited, status=1/FAILURE",
            "web2",
            at + 1.31,
            Level.WARNING,
            EntryKind.UNIT,
        ),
        entry("03:07:41.522 request_id=73 [info] GET /v1/users/5 Sent 200 in 61ms", at=at + 1.522),
        entry("link lost 03:07:43, resuming", "web4", at + 3, Level.WARNING, EntryKind.GAP, " "),
        entry(
            "billing.service: Scheduled restart job, restart counter is at 4.",
            "web2",
            at + 6.02,
            Level.NOTICE,
            EntryKind.UNIT,
        ),
        entry("[warning] slow query 1.2 s in Billing.Invoices.list/1 " + "x" * 60, at=at + 7),
        entry("[debug] QUERY OK db=0.4ms", at=at + 8.5, level=Level.DEBUG),
    ]
