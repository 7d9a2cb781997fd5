"""One host's journal, followed: one stream, from a cursor, for as long as it is wanted.

Whatever ends the stream (the link, a vacuum, a rotation, journald), it goes on from the last
entry read. A time without a link is an entry of its own where it was.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from tui.commands.journal import JOIN_GROUP, Access, Reading, parse_probe, probe, tail
from tui.commands.journal_export import ExportParser
from tui.errors import NotConnected
from tui.model.command import Ended, Outcome
from tui.model.host import Link
from tui.model.journal import Entry, FeedState, FeedWord
from tui.model.redact import from_host
from tui.model.trace import TraceFolder
from tui.model.words import clock as clock_word
from tui.operations.bookmark import Bookmark, Resumed
from tui.operations.link_gap import LinkGap, Sink, link_words, remark
from tui.operations.pacing import Rest, Turns
from tui.operations.ports import ByteStream, Session
from tui.operations.standing import Standing

PIECE = 64 * 1024
BACKOFF_FIRST_S = 0.2
BACKOFF_MOST_S = 20.0
# So often in a row nothing new by the cursor, then by its time: the cursor may be refused.
CURSOR_TRIES = 3
# After a rest of this length the past is told, or a host's journal had none.
QUIET_S = 0.5
SILENT_S = 3.0
# An end so near to now is looked at once more, after so long.
SECOND_LOOK_S = 0.3


class Follower:
    """Follows one unit on one host. `report` is called with each change of its state.

    `reading` has its times by our clock; `run` ends only with the reading (`until`) or by
    being cancelled.
    """

    def __init__(
        self,
        session: Session,
        reading: Reading,
        sink: Sink,
        turns: Turns,
        clock: Callable[[], float],
        report: Callable[[str, FeedState], None],
    ) -> None:
        self.host = session.host.name
        self._standing = Standing(self.host, clock, report)
        self._session = session
        self._reading = reading
        self._sink = sink
        self._turns = turns
        self._clock = clock
        self._access: Access | None = None
        self._bookmark = Bookmark()
        self._folder = TraceFolder()
        self._gap = LinkGap(self.host, sink, clock)
        self._cut = asyncio.Event()
        self._fruitless = 0
        self._begun_us = 0
        self._rest = Rest(self._quiet)
        self._looked_again = False

    async def run(self) -> None:
        """Follow until the reading's end; errors of the host are states, never raised."""
        stop = self._session.watch(self._on_link)
        self._on_link(self._session.link)
        try:
            while not await self._once():
                pass
        finally:
            stop()
            self._rest.stop()

    async def _once(self) -> bool:
        """One try from a usable link to the end of a stream; True if nothing more will come."""
        try:
            await self._session.usable()
        except NotConnected as closed:
            self._standing.say(FeedWord.ENDED, closed.detail)
            return True
        self._cut.clear()
        try:
            access = self._access or await self._probe()
            if access is None:
                await self._back_off()
            elif not access.readable and not access.sudo:
                await self._refused(access.reason, access.remedy)
            else:
                return await self._stream(access)
        except NotConnected:
            await self._lose_link()
            # The link may still be called usable for a moment: no hurry.
            await self._back_off()
        return False

    async def _probe(self) -> Access | None:
        """Ask who may read, and take the host's clock; None if there was no answer to use."""
        asked_at = self._clock()
        outcome = await self._session.run(probe(self._there()))
        access = parse_probe(outcome)
        if access.now is not None:
            self._sink.set_skew(self.host, access.now - (asked_at + self._clock()) / 2)
        if not outcome.ok:
            self._fruitless += 1
            self._standing.say(FeedWord.WAITING, access.reason)
            return None
        self._access = access
        self._standing.volatile = access.volatile
        return access

    def _there(self) -> Reading:
        """The reading by the host's own clock, from where it stands."""
        ahead = self._sink.skew(self.host)
        until = self._reading.until
        by_cursor = self._fruitless < CURSOR_TRIES
        mark = self._bookmark
        return replace(
            self._reading,
            since=mark.at_us / 1e6 if mark.cursor else max(0.0, self._reading.since + ahead),
            until=None if until is None else until + ahead,
            cursor=mark.cursor if by_cursor else None,
        )

    async def _stream(self, access: Access) -> bool:
        first = self._bookmark.cursor is None
        self._begun_us = round((self._clock() + self._sink.skew(self.host)) * 1e6)
        self._bookmark.resume()
        self._fruitless += 1
        sudo = not access.readable
        async with self._session.stream(tail(self._there(), sudo=sudo)) as stream:
            self._standing.say(FeedWord.READING)
            self._gap.reached()
            if first and (notes := self._gap.close(Resumed.WHOLE.value)):
                await self._sink.take(self.host, notes, past=False)
            self._rest.after(SILENT_S)
            await self._read(stream, first)
        self._rest.stop()
        return await self._ended(stream.outcome, sudo)

    async def _read(self, stream: ByteStream, first: bool) -> None:
        parser = ExportParser(self.host, self._begun_us)
        async for block in stream:
            for piece in _pieces(block):
                async with self._turns:
                    entries: Sequence[Entry] = parser.feed(piece)
                if entries:
                    await self._take(entries, first)

    async def _take(self, entries: Sequence[Entry], first: bool) -> None:
        entries, verdict = self._bookmark.unread(entries)
        notes = [] if verdict is None else self._judge(verdict)
        if verdict is not None or entries:
            self._fruitless = 0
        # While the sink holds us up it is not the host that rests.
        self._rest.stop()
        if notes or entries:
            past = first and bool(entries) and entries[0].at_us < self._begun_us
            grown, fresh = self._folder.fold(entries)
            if grown is not None and not self._sink.amend(self.host, grown.whole):
                fresh.insert(0, grown.added)
            if notes or fresh:
                await self._sink.take(self.host, [*notes, *fresh], past=past)
        if entries and entries[-1].at_us >= self._begun_us:
            self._standing.say(FeedWord.LIVE)
        elif self._standing.word is not FeedWord.LIVE:
            self._rest.after(QUIET_S)

    def _judge(self, verdict: Resumed) -> list[Entry]:
        """Close the gap with what the first entries after it show; what is to be added for it."""
        if verdict is Resumed.WHOLE:
            return self._gap.close(verdict.value)
        notes = self._gap.close("")
        self._folder.forget()
        left_at_us = self._bookmark.left_at_us
        text = f"lines after {clock_word(left_at_us / 1e6)} may be lost: {verdict.value}"
        return [*notes, remark(self.host, text, left_at_us)]

    async def _ended(self, outcome: Outcome | None, sudo: bool) -> bool:
        """Judge the end of a stream; True if it was the reading's own."""
        if outcome is None or outcome.ended is Ended.LINK_LOST or not self._session.link.usable:
            await self._lose_link()
            return False
        if self._reading.until is not None and outcome.ok:
            if await self._may_have_missed(self._reading.until):
                return False
            self._standing.say(FeedWord.ENDED)
            return True
        why = from_host(outcome.stderr).strip().partition("\n")[0] or _how(outcome)
        if sudo and self._fruitless and outcome.exit_status == 1:
            await self._refused(why, JOIN_GROUP)
            return False
        failed = self._fruitless > 1
        self._standing.say(
            FeedWord.FAILED if failed else FeedWord.RESUMING, f"journalctl ended: {why}"
        )
        await self._back_off()
        return False

    async def _may_have_missed(self, until: float) -> bool:
        """Whether an end that is about now needs a second look; waits for what is on its way.

        journalctl ends at the end of the files: what journald has stamped and not written yet,
        and the little by which clocks are measured wrong, would be missing.
        """
        recent = round((until + self._sink.skew(self.host) + SECOND_LOOK_S) * 1e6) > self._begun_us
        if not recent or self._looked_again:
            return False
        self._looked_again = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECOND_LOOK_S):
                await self._cut.wait()
        return True

    async def _refused(self, reason: str, remedy: str) -> None:
        """Say so and wait for another login: rights count from there."""
        self._access = None
        self._standing.say(FeedWord.NO_RIGHT, reason, remedy)
        await self._cut.wait()

    async def _back_off(self) -> None:
        """Wait a little longer each time that nothing came, or until the link is cut."""
        wait = min(BACKOFF_FIRST_S * 2 ** max(0, self._fruitless - 1), BACKOFF_MOST_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._cut.wait()

    async def _lose_link(self) -> None:
        """Begin a gap, unless nothing was read yet."""
        self._fruitless = 0
        if self._standing.word is not FeedWord.WAITING:
            self._folder.forget()
            await self._gap.begin(self._session.link)
            self._standing.say(FeedWord.RESUMING, link_words(self._session.link))

    def _quiet(self) -> None:
        """Nothing came for a while: the past is told, or there is none."""
        if self._bookmark.checking:
            self._gap.nothing_came()
        if self._standing.word in (FeedWord.READING, FeedWord.RESUMING):
            self._standing.say(FeedWord.LIVE)

    def _on_link(self, link: Link) -> None:
        if not link.usable:
            self._cut.set()
        self._standing.note_link(link)


def _pieces(block: bytes) -> Iterator[bytes]:
    if len(block) <= PIECE:
        yield block
        return
    for at in range(0, len(block), PIECE):
        yield block[at : at + PIECE]


def _how(outcome: Outcome) -> str:
    if outcome.ended is Ended.EXITED:
        return f"status {outcome.exit_status}"
    return outcome.ended.value if outcome.signal is None else f"by signal {outcome.signal}"
