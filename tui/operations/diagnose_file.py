"""Cards of a file, a journal's export or text: read in blocks, in memory that does not grow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Protocol

from tui.commands.journal_export import ExportParser
from tui.commands.journal_short import ShortParser
from tui.model.diagnosis import Finding, Matcher
from tui.model.diagnosis_card import Card, again, card_of, worst_first
from tui.model.diagnosis_rule import Rule
from tui.model.journal import Entry
from tui.model.trace import TraceFolder

BLOCK = 256 * 1024
LINE_CAP = 64 * 1024
"""Bytes of one line that are looked at; what is longer goes on unseen."""
END_US = 3_600_000_000
"""Microseconds behind the last line at which everything that waits has waited long enough."""
GREETING = 4096
"""Bytes that may stand before an export: a login shell's words."""
HOSTS_MAX = 1024
"""Hosts of one file that are told apart; text may claim any number."""
CARDS_MAX = 4096
_CURSOR = b"__CURSOR="


class Reader(Protocol):
    """Where blocks come from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


def diagnose(source: BinaryIO | Reader, rules: Sequence[Rule], host: str, now: float) -> list[Card]:
    """The cards of all that `source` has, worst first.

    `host` names entries that do not say theirs, `now` (Unix seconds) is for times without a year.
    """
    first = source.read(BLOCK)
    if first.startswith(_CURSOR) or b"\n" + _CURSOR in first[:GREETING]:
        return _of_batches(_exported(source, first, host), Matcher(rules))
    text = ShortParser(host, now)
    head = [entry for line in first.split(b"\n")[:50] if (entry := text.entry(line[:LINE_CAP]))]
    speakers = any(entry.identifier or entry.at_us for entry in head) and text.speakers
    return _of_batches(_written(source, first, text), Matcher(rules, speakers=speakers))


def _exported(source: BinaryIO | Reader, block: bytes, host: str) -> Iterator[list[Entry]]:
    parser = ExportParser(host)
    while block:
        yield [_by_hostname(entry) for entry in parser.feed(block)]
        block = source.read(BLOCK)
    # An export that was cut may lack its last empty line.
    yield [_by_hostname(entry) for entry in parser.feed(b"\n\n")]


def _by_hostname(entry: Entry) -> Entry:
    for name, value in entry.fields:
        if name == "_HOSTNAME":
            return entry._replace(host=value)
    return entry


def _written(source: BinaryIO | Reader, block: bytes, text: ShortParser) -> Iterator[list[Entry]]:
    rest = b""
    while block:
        *lines, rest = (rest + block).split(b"\n")
        # Of a line without an end only its beginning is kept.
        rest = rest[:LINE_CAP]
        yield [entry for line in lines if (entry := text.entry(line[:LINE_CAP])) is not None]
        block = source.read(BLOCK)
    last = text.entry(rest)
    yield [last] if last is not None else []


def _of_batches(batches: Iterator[list[Entry]], matcher: Matcher) -> list[Card]:
    cards: dict[tuple[str, str], Card] = {}
    folders: dict[str, TraceFolder] = {}
    held: dict[str, Entry] = {}

    def note(findings: Sequence[Finding]) -> None:
        for finding in findings:
            key = (finding.entry.host, finding.rule.id)
            if key in cards:
                cards[key] = again(cards[key], finding)
            elif len(cards) < CARDS_MAX:
                cards[key] = card_of(finding)

    for batch in batches:
        for host, entries in _by_host(batch).items():
            if host not in folders and len(folders) >= HOSTS_MAX:
                note(matcher.judge(host, entries))
                continue
            grown, fresh = folders.setdefault(host, TraceFolder()).fold(entries)
            # The last entry is held back: the next block may go on with it.
            before = held.pop(host, None)
            ready = [grown.whole if grown is not None else before] if before is not None else []
            ready += fresh
            if ready:
                held[host] = ready.pop()
            note(matcher.judge(host, ready))
    for host, entry in held.items():
        note(matcher.judge(host, (entry,)))
        # A service that is dead says nothing more: what did not come until the end did not come.
        note(matcher.tick(host, entry.at_us + END_US))
    return worst_first(list(cards.values()))


def _by_host(batch: list[Entry]) -> dict[str, list[Entry]]:
    by_host: dict[str, list[Entry]] = {}
    for entry in batch:
        by_host.setdefault(entry.host, []).append(entry)
    return by_host
