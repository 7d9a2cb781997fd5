"""The merged journal as one strict sequence, for output that cannot be changed afterwards."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace

from tui.commands.journal import Reading
from tui.model.fleet import App, Limits
from tui.model.journal import Entry, FeedState, FeedWord, JournalQuery
from tui.operations.follow import reading_of
from tui.operations.follower import Follower
from tui.operations.offsets import Offsets
from tui.operations.pacing import Turns
from tui.operations.ports import Session

# So many entries of one host wait for the others; beyond, its stream is held up.
ROOM = 4096
Said = Callable[[str, FeedState], None]
_NO_MORE = (FeedWord.ENDED, FeedWord.NO_RIGHT, FeedWord.FAILED)


async def tail(
    sessions: Mapping[str, Session],
    app: App,
    limits: Limits,
    query: JournalQuery,
    clock: Callable[[], float],
    *,
    follow: bool = True,
    hold_back_s: float = 1.0,
    said: Said | None = None,
) -> AsyncIterator[Entry]:
    """Entries of all hosts in time order, each once; without `follow` up to now, then it ends.

    An entry waits `hold_back_s` for older ones of other hosts, while a host tells its past as
    long as that takes, and for a host that is not reached the connect timeout: what comes later
    than that comes out of order. `said` gets every change of a host's stream. NotATime and
    NotABoot are raised before anything is asked.
    """
    if not follow and not query.until:
        query = replace(query, until="now")
    reading = reading_of(query, app, clock())
    chosen = {n: s for n, s in sessions.items() if not query.hosts or n in query.hosts}
    merge = _Merge(chosen, hold_back_s, limits.connect_timeout_s, said, ends=bool(query.until))
    tasks = _follow(chosen, reading, merge, clock)
    try:
        while True:
            for entry in merge.ready():
                yield entry
            for task in tasks:
                if task.done():
                    task.result()
            if merge.finished:
                return
            await merge.changed()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _follow(
    sessions: Mapping[str, Session], reading: Reading, merge: _Merge, clock: Callable[[], float]
) -> list[asyncio.Task[None]]:
    turns = Turns()
    tasks = []
    for name, session in sessions.items():
        follower = Follower(session, reading, merge, turns, clock, merge.report)
        tasks.append(asyncio.create_task(follower.run(), name=f"tail of {name}"))
        tasks[-1].add_done_callback(merge.wake)
    return tasks


class _Merge:
    """Takes the followers' entries and gives them out in order; one bounded queue a host."""

    def __init__(
        self,
        hosts: Mapping[str, Session],
        hold_back_s: float,
        patience_s: float,
        said: Said | None,
        *,
        ends: bool,
    ) -> None:
        self._hold_back_s = hold_back_s
        self._patience_s = patience_s
        self._said = said
        self._ends = ends
        self._loop = asyncio.get_running_loop()
        # (arrived at, key, entry) of each host; the heap has the first key of each full queue.
        self._queues: dict[str, deque[tuple[float, int, Entry]]] = {h: deque() for h in hosts}
        self._heap: list[tuple[int, str]] = []
        self._last_key = dict.fromkeys(hosts, 0)
        self._offsets = Offsets()
        self._words = dict.fromkeys(hosts, FeedWord.WAITING)
        self._since = dict.fromkeys(hosts, self._loop.time())
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    def skew(self, host: str) -> float:
        """How far the host's clock is ahead of ours."""
        return self._offsets.get(host)

    def set_skew(self, host: str, seconds: float) -> None:
        """The host's clock is so far ahead of ours."""
        self._offsets.set(host, seconds)

    def report(self, host: str, state: FeedState) -> None:
        """A follower's state changed."""
        if state.word is not self._words[host]:
            self._words[host] = state.word
            self._since[host] = self._loop.time()
        self._news.set()
        if self._said is not None:
            self._said(host, state)

    async def take(self, host: str, entries: Sequence[Entry], *, past: bool) -> None:
        """Queue the host's next entries; waits while its queue is full."""
        queue = self._queues[host]
        while len(queue) >= ROOM:
            self._room.clear()
            await self._room.wait()
        arrived = self._loop.time()
        shift = round(self._offsets.get(host) * 1e6)
        key = self._last_key[host]
        for entry in entries:
            key = max(key, entry.at_us - shift)
            if not queue:
                heapq.heappush(self._heap, (key, host))
            queue.append((arrived, key, entry))
        self._last_key[host] = key
        self._news.set()

    def amend(self, host: str, entry: Entry) -> bool:
        """Put the entry in the place of the host's last, unless that was given out."""
        queue = self._queues[host]
        if not queue:
            return False
        arrived, key, _ = queue[-1]
        queue[-1] = (arrived, key, entry)
        return True

    def wake(self, _task: asyncio.Task[None]) -> None:
        """A follower ended."""
        self._news.set()

    @property
    def finished(self) -> bool:
        """Whether every host told all it will tell."""
        return self._ends and not self._heap and all(map(self._over, self._words))

    def ready(self) -> list[Entry]:
        """What may be given out now."""
        # Cleared before looking: what comes while the given ones are used must be seen next time.
        self._news.clear()
        given: list[Entry] = []
        empty = [host for host, queue in self._queues.items() if not queue]
        if any(self._telling(host) for host in empty):
            return given
        waiting = not all(self._over(host) for host in empty)
        old = self._loop.time() - self._hold_back_s
        while self._heap:
            _, host = self._heap[0]
            queue = self._queues[host]
            alone = len(queue) == 1 and not self._over(host)
            if (waiting or alone) and queue[0][0] > old:
                break
            given.append(queue.popleft()[2])
            if queue:
                heapq.heapreplace(self._heap, (queue[0][1], host))
                continue
            heapq.heappop(self._heap)
            if self._telling(host):
                break
            waiting = waiting or alone
        self._room.set()
        return given

    async def changed(self) -> None:
        """Wait for entries, a state, or for the time at which something may be given out."""
        now = self._loop.time()
        due = [queue[0][0] + self._hold_back_s for queue in self._queues.values() if queue]
        due += [self._since[host] + self._patience_s for host in self._words if self._out(host)]
        try:
            async with asyncio.timeout_at(min((at for at in due if at > now), default=None)):
                await self._news.wait()
        except TimeoutError:
            return

    def _out(self, host: str) -> bool:
        return self._words[host] in (FeedWord.WAITING, FeedWord.RESUMING)

    def _patient(self, host: str) -> bool:
        return self._loop.time() < self._since[host] + self._patience_s

    def _telling(self, host: str) -> bool:
        """Whether the host may well have something older than what the others said."""
        word = self._words[host]
        if word is FeedWord.WAITING:
            return self._patient(host)
        # A reading with an end says so; one that follows has told its past after a rest.
        resting = word in (FeedWord.LIVE, FeedWord.STALE)
        return word is FeedWord.READING or (self._ends and resting)

    def _over(self, host: str) -> bool:
        """Whether nothing is to be expected of the host."""
        if self._words[host] is FeedWord.ENDED:
            return True
        if not self._ends:
            return False
        return self._words[host] in _NO_MORE or (self._out(host) and not self._patient(host))
