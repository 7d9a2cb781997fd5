"""journalctl 252 over a host's journal: past, follow, boots, and what it says when it may not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator

from tui.demo.calls import Call
from tui.demo.journal import BootSpan, Entry, Journal, boot_spans
from tui.demo.journal_query import Matcher, Query, QueryError, parse_query, resolve_boot
from tui.demo.journal_text import BARE, FORMATS
from tui.demo.machine import SYSTEMD_VERSION, Machine
from tui.demo.moments import pretty
from tui.demo.options import BadOption

_BLOCK = 64 * 1024
_HINT = (
    "Hint: You are currently not seeing messages from other users and the system.\n"
    "      Users in groups 'adm', 'systemd-journal' can see all messages.\n"
    "      Pass -q to turn off this notice.\n"
)


async def journalctl(call: Call, machine: Machine) -> int:
    """Run one journalctl."""
    try:
        query = parse_query(call.args, machine.clock.now())
        return await _run(call, machine, query)
    except (BadOption, QueryError) as error:
        call.err(f"{error}\n")
        return 1


async def _run(call: Call, machine: Machine, query: Query) -> int:
    if query.has("version"):
        call.out(SYSTEMD_VERSION)
        return 0
    if query.directory is not None and not machine.journal_folder.startswith(
        query.directory.rstrip("/")
    ):
        call.err(f"Failed to open {query.directory}: No such file or directory\n")
        return 1
    if query.vacuum or query.has("rotate"):
        return _maintain(call, machine, query)
    readable = machine.may_read_journal(call.user)
    if query.has("disk_usage"):
        size = machine.journal.size_bytes() / (1024 * 1024)
        call.out(f"Archived and active journals take up {size:.1f}M in the file system.\n")
        return 0
    if query.has("header"):
        call.out(_header(machine))
        return 0
    if query.has("list_boots"):
        # Without the right there is the user's own file, which began with the present boot.
        spans = boot_spans(machine.journal)
        call.out(_list_boots(spans if readable else spans[-1:], query))
        return 0
    if not readable:
        return await _without_right(call, machine, query)
    return await _Reading(call, machine.journal, query).run()


def _maintain(call: Call, machine: Machine, query: Query) -> int:
    journal = machine.journal
    if query.has("rotate"):
        if not call.is_root:
            place = "/run/systemd/journal/io.systemd.journal"
            call.err(f"Failed to connect to {place}: Permission denied\n")
            return 1
        journal.rotate()
    if query.vacuum:
        # Whoever may not write into the folder frees nothing, and is told no more than that.
        freed = "8.0M" if call.is_root and journal.vacuum() else "0B"
        parent = machine.journal_folder.rpartition("/")[0]
        for folder, size in ((parent, "0B"), (machine.journal_folder, freed)):
            call.err(f"Vacuuming done, freed {size} of archived journals from {folder}.\n")
    return 0


async def _without_right(call: Call, machine: Machine, query: Query) -> int:
    """What someone sees who is in no group that may: a hint, and nothing."""
    if not query.has("quiet"):
        call.err(_HINT)
    user = machine.users.get(call.user)
    if user is None or not user.own_journal:
        call.err("No journal files were opened due to insufficient permissions.\n")
        return 1
    if query.has("follow"):
        await asyncio.get_running_loop().create_future()  # follows what there is not, for ever
    if query.output not in BARE and not query.has("quiet"):
        call.out("-- No entries --\n")
    return 0


def _header(machine: Machine) -> str:
    journal = machine.journal
    first = journal.entries[0].at_us if journal.entries else journal.now_us()
    text = ""
    for name in ("system", "user-1000", "user-1001"):
        text += (
            f"File path: {machine.journal_folder}/{name}.journal\n"
            f"File ID: {journal.system_file}\nMachine ID: {journal.machine_id}\n"
            f"Boot ID: {journal.boot.boot_id}\nState: ONLINE\n"
            f"Head realtime timestamp: {pretty(first // 1_000_000)} ({first:x})\n"
            f"Entry objects: {len(journal.entries)}\n\n"
        )
    return text


def _list_boots(spans: list[BootSpan], query: Query) -> str:
    rows = [(index - len(spans) + 1, span) for index, span in enumerate(spans)]
    if query.output == "json":
        boots = [
            {
                "index": index,
                "boot_id": span.boot_id,
                "first_entry": span.first_us,
                "last_entry": span.last_us,
            }
            for index, span in rows
        ]
        return json.dumps(boots, separators=(",", ":")) + "\n"
    lines = ["IDX BOOT ID                          FIRST ENTRY                 LAST ENTRY"]
    for index, span in rows:
        first, last = pretty(span.first_us // 1_000_000), pretty(span.last_us // 1_000_000)
        lines.append(f"{index:3} {span.boot_id} {first} {last}")
    return "\n".join(lines) + "\n"


class _Reading:
    """One reading of the journal, from where it begins to its end, or on and on."""

    def __init__(self, call: Call, journal: Journal, query: Query) -> None:
        self._call = call
        self._journal = journal
        self._query = query
        self._format = FORMATS[query.output]
        boot = None
        if query.boot is not None:
            known = [span.boot_id for span in boot_spans(journal)]
            boot = resolve_boot(query.boot, known, journal.boot)
        self._matches = Matcher(query, boot)
        self._shown = 0
        self._last: Entry | None = None
        self._next = 0

    async def run(self) -> int:
        """The exit status."""
        written = asyncio.Event()
        broken = self._journal.broken
        stop = self._journal.watch(written.set)
        try:
            await self._show(self._first())
            if self._query.has("follow"):
                return await self._follow(written, broken)
        except ValueError:
            self._call.err("Failed to seek to cursor: Invalid argument\n")
            return 1
        finally:
            stop()
        return self._close()

    def _close(self) -> int:
        query = self._query
        if self._shown == 0 and query.output not in BARE and not query.has("quiet"):
            self._call.out("-- No entries --\n")
        if query.has("show_cursor") and self._last is not None:
            self._call.out(f"-- cursor: {self._last.cursor}\n")
        return 1 if query.grep is not None and self._shown == 0 else 0

    def _first(self) -> Iterator[Entry]:
        """The entries of the past that are to be shown, in their order."""
        query, journal = self._query, self._journal
        self._next = journal.removed + len(journal.entries)
        if query.has("reverse") or (query.grep is not None and query.backwards_limit):
            return self._limited(reversed(journal.entries))
        if query.backwards_limit:
            newest = self._limited(reversed(journal.entries))
            return iter([*newest][::-1])
        begin = 0
        if query.any_cursor is not None:
            begin = journal.find(query.any_cursor)
        elif query.since_us is not None:
            begin = journal.at_or_after(query.since_us)
        found = (entry for entry in journal.entries[begin:] if self._wanted(entry))
        if query.after_cursor is not None:
            next(found, None)  # skipped unseen, as 252 does, be it the cursor's own or not
        return self._first_lines(found)

    def _first_lines(self, found: Iterator[Entry]) -> Iterator[Entry]:
        """At most the line limit, the oldest; a follower shows the rest at the next write."""
        limit = self._query.lines
        for count, entry in enumerate(found):
            if limit is not None and count >= limit:
                self._next = min(self._next, self._place(entry))
                return
            yield entry

    def _place(self, entry: Entry) -> int:
        """The entry's number since the journal began."""
        return self._journal.removed + self._journal.find(entry.cursor)

    def _limited(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        limit = self._query.lines
        count = 0
        for entry in entries:
            if limit is not None and count >= limit:
                return
            if self._query.since_us is not None and entry.at_us < self._query.since_us:
                return
            if self._wanted(entry):
                count += 1
                yield entry

    def _wanted(self, entry: Entry) -> bool:
        until = self._query.until_us
        return (until is None or entry.at_us <= until) and self._matches(entry)

    async def _show(self, entries: Iterable[Entry]) -> None:
        query, block = self._query, bytearray()
        for entry in entries:
            block += self._separator(entry)
            block += self._format(entry, query.fields, query.has("all"))
            self._shown += 1
            self._last = entry
            if len(block) >= _BLOCK:
                self._call.out(bytes(block))
                block.clear()
                await self._call.drain()
        if block:
            self._call.out(bytes(block))
            await self._call.drain()

    def _separator(self, entry: Entry) -> bytes:
        """The line between boots, in the formats for people."""
        if self._last is None or self._last.boot_id == entry.boot_id or self._query.has("quiet"):
            return b""
        if self._query.output in BARE:
            return b""
        return f"-- Boot {entry.boot_id} --\n".encode()

    async def _follow(self, written: asyncio.Event, broken: int) -> int:
        """Show what is written from now on, until the reader is gone or the files break."""
        journal = self._journal
        while True:
            await written.wait()
            written.clear()
            if journal.broken != broken:
                self._call.err("Failed to iterate through journal: Bad message\n")
                return 1
            fresh = journal.entries[max(0, self._next - journal.removed) :]
            self._next = journal.removed + len(journal.entries)
            await self._show(entry for entry in fresh if self._wanted(entry))
