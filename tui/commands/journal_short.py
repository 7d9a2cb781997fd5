"""A journal as text for people: `journalctl -o short`, `short-iso`, beamdeck's own tail and
exports, or any log; lines -> entries. Pure.

What cannot be told is left open: no time is 0, who spoke is the app.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from tui.model.journal import Entry, EntryKind, Level
from tui.model.level import level_of
from tui.model.redact import from_host
from tui.model.text import scrub_line

_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_ZONE = r"(?:Z|[+-]\d\d:?\d\d)?"
# Nov 23 00:33:35 web1 systemd[1]: Stopping …
_SHORT = re.compile(
    rf"(?:(?P<short>[A-Z][a-z]{{2}} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{{1,6}})?)|(?P<iso>{_ISO}{_ZONE}))"
    r" (?P<host>\S{1,255}) (?P<who>[^\s:\[\]]{1,100})(?:\[(?P<pid>\d{1,10})\])?: (?P<said>.*)",
    re.DOTALL,
)
# 2026-11-23T03:07:41.180Z web1 ERROR message
_OURS = re.compile(
    rf"(?P<iso>{_ISO}Z) (?P<host>\S{{1,255}}) +"
    r"(?P<word>EMERG|ALERT|CRIT|ERROR|warn|note|info|debug|unit|UNIT|jrnl|JRNL|gap|GAP) +"
    r"(?P<said>.*)",
    re.DOTALL,
)
_BARE = re.compile(rf"(?P<iso>{_ISO}{_ZONE})[ |\]]")
_OUR_KINDS = {
    "unit": EntryKind.UNIT,
    "jrnl": EntryKind.JOURNALD,
    "gap": EntryKind.GAP,
}
_SPEAKERS = {"systemd": EntryKind.UNIT, "systemd-journald": EntryKind.JOURNALD}
_JOURNALCTL_SAYS = ("-- ", "-- cursor:")
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


class ShortParser:
    """Lines of one text, in order; `now` (Unix seconds) tells the year that `short` leaves out.

    `speakers` becomes True with the first line that says who spoke.
    """

    def __init__(self, host: str, now: float) -> None:
        self._host = host
        self._now = datetime.fromtimestamp(now, UTC)
        self.speakers = False

    def entry(self, line: bytes) -> Entry | None:
        """The entry of a line without its newline; None for journalctl's own remarks."""
        text = from_host(line.removesuffix(b"\r"))
        if text.startswith(_JOURNALCTL_SAYS) or not text.strip():
            return None
        ours = _OURS.match(text)
        if ours is not None:
            self.speakers = True
            kind = _OUR_KINDS.get(ours["word"].lower(), EntryKind.APP)
            return self._made(ours["host"], _iso_us(ours["iso"]), kind, ours["said"], "", None)
        short = _SHORT.match(text)
        if short is not None:
            self.speakers = True
            at_us = _iso_us(short["iso"]) if short["iso"] else self._short_us(short["short"])
            kind = _SPEAKERS.get(short["who"], EntryKind.APP)
            pid = int(short["pid"]) if short["pid"] else None
            return self._made(short["host"], at_us, kind, short["said"], short["who"], pid)
        bare = _BARE.match(text)
        at_us = _iso_us(bare["iso"]) if bare is not None else 0
        return self._made(self._host, at_us, EntryKind.APP, text, "", None)

    def _made(
        self, host: str, at_us: int, kind: EntryKind, said: str, who: str, pid: int | None
    ) -> Entry:
        level = level_of(said, None) if kind is EntryKind.APP else Level.INFO
        # A stream of its own for each speaker: so lines of one trace find together.
        stream = f"{who}[{pid}]"
        return Entry(
            scrub_line(host), at_us, level, kind, said, pid=pid, identifier=who, stream_id=stream
        )

    def _short_us(self, text: str) -> int:
        month = _MONTHS.find(text[:3]) // 3 + 1
        year = self._now.year - (month > self._now.month)
        return _iso_us(f"{year:04}-{month:02}-{text[4:6].replace(' ', '0')}T{text[7:]}")


def _iso_us(text: str) -> int:
    """Microseconds since the epoch; without a zone UTC is assumed; 0 if it is no time."""
    try:
        at = datetime.fromisoformat(text.replace(",", "."))
    except ValueError:
        return 0
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0, round(at.timestamp() * 1_000_000))
