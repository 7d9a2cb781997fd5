"""From journalctl's arguments to a query, with 252's rules and words. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tui.demo.hostclock import Boot
from tui.demo.journal import Entry, Source
from tui.demo.journal_text import FORMATS
from tui.demo.moments import parse_moment
from tui.demo.options import FLAG, MAY, TAKES, Option, Parsed, parse_options

_BOOT = re.compile(r"(?:([0-9a-f]{32})|([0-9a-f]{8}-[0-9a-f-]{27}))?([+-]?\d+)?\Z")
_PRIORITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")


class QueryError(Exception):
    """The arguments cannot be carried out; the text goes to stderr, exit status 1."""


def _is_boot(word: str) -> bool:
    return word == "all" or (bool(word) and _BOOT.match(word) is not None)


def _is_lines(word: str) -> bool:
    return word == "all" or word.isdigit()


_FLAGS = {
    "follow": ("-f", "--follow"),
    "quiet": ("-q", "--quiet"),
    "all": ("-a", "--all"),
    "reverse": ("-r", "--reverse"),
    "end": ("-e", "--pager-end"),
    "no_tail": ("--no-tail",),
    "show_cursor": ("--show-cursor",),
    "list_boots": ("--list-boots",),
    "disk_usage": ("--disk-usage",),
    "header": ("--header",),
    "rotate": ("--rotate",),
    "version": ("--version",),
    "nothing": (
        *("--no-pager", "--no-full", "--full", "-l", "--utc", "-x", "--catalog", "-m"),
        *("--merge", "--system", "--sync", "--flush", "--no-hostname"),
    ),
    "dmesg": ("-k", "--dmesg"),
}
_TAKING = {
    "unit": ("-u", "--unit"),
    "identifier": ("-t", "--identifier"),
    "output": ("-o", "--output"),
    "fields": ("--output-fields",),
    "since": ("-S", "--since"),
    "until": ("-U", "--until"),
    "cursor": ("-c", "--cursor"),
    "after_cursor": ("--after-cursor",),
    "grep": ("-g", "--grep"),
    "priority": ("-p", "--priority"),
    "directory": ("-D", "--directory"),
    "vacuum": ("--vacuum-files", "--vacuum-size", "--vacuum-time"),
    "field": ("-F", "--field"),
}
OPTIONS: dict[str, Option] = {
    **{key: Option(name, FLAG) for name, keys in _FLAGS.items() for key in keys},
    **{key: Option(name, TAKES) for name, keys in _TAKING.items() for key in keys},
    "-b": Option("boot", MAY, _is_boot),
    "--boot": Option("boot", MAY),
    "-n": Option("lines", MAY, _is_lines),
    "--lines": Option("lines", MAY),
    "--case-sensitive": Option("case_sensitive", MAY),
}


@dataclass(slots=True)
class Query:
    """What is asked of the journal; times in Unix µs, `boot` `""` for the current one."""

    flags: set[str] = field(default_factory=set)
    units: list[str] = field(default_factory=list)
    identifiers: list[str] = field(default_factory=list)
    matches: list[dict[str, set[str]]] = field(default_factory=lambda: [{}])
    priorities: frozenset[int] | None = None
    grep: re.Pattern[str] | None = None
    output: str = "short"
    fields: frozenset[str] | None = None
    since_us: int | None = None
    until_us: int | None = None
    boot: str | None = None
    lines: int | None = None
    cursor: str | None = None
    after_cursor: str | None = None
    directory: str | None = None
    vacuum: bool = False

    def has(self, flag: str) -> bool:
        """Whether a flag was given."""
        return flag in self.flags

    @property
    def backwards_limit(self) -> bool:
        """Whether the line limit counts from the end (only when nothing says where to begin)."""
        return self.lines is not None and self.since_us is None and not self.any_cursor

    @property
    def any_cursor(self) -> str | None:
        """The cursor, inclusive or not."""
        return self.cursor or self.after_cursor


def parse_query(args: Sequence[str], now: float) -> Query:
    """The query of a command line. BadOption and QueryError say what is wrong with it."""
    parsed = parse_options("journalctl", args, OPTIONS)
    query = Query()
    for name, value in parsed.options:
        _apply(query, name, value, now)
    _operands(query, parsed)
    if sum(x is not None for x in (query.since_us, query.cursor, query.after_cursor)) > 1:
        raise QueryError("Please specify only one of --since=, --cursor=, and --after-cursor=.")
    if query.has("follow") and query.has("reverse"):
        raise QueryError("Please specify either --reverse= or --follow=, not both.")
    if query.has("follow") and not query.has("no_tail") and query.lines is None:
        query.lines = 10
    if query.has("no_tail") and query.has("follow"):
        query.lines = None if not query.has("lines") else query.lines
    return query


def _apply(query: Query, name: str, value: str | None, now: float) -> None:
    query.flags.add(name)
    if name in ("follow", "end"):
        query.boot = ""  # since 250 these imply the current boot; a later -b all undoes it
        if name == "end" and query.lines is None:
            query.lines = 1000
    elif name == "boot":
        query.boot = None if value == "all" else (value or "")
    elif name == "lines":
        query.lines = _lines(value)
    elif value is not None:
        _APPLIED[name](query, value, now)


def _lines(value: str | None) -> int | None:
    if value == "all":
        return None
    if value is not None and not value.isdigit():
        raise QueryError(f"Failed to parse lines '{value}'")
    return int(value) if value is not None else 10


def _time(which: str) -> Callable[[Query, str, float], None]:
    def apply(query: Query, value: str, now: float) -> None:
        try:
            moment = round(parse_moment(value, now) * 1_000_000)
        except ValueError:
            raise QueryError(f"Failed to parse timestamp: {value}") from None
        setattr(query, which, moment)

    return apply


def _set_output(query: Query, value: str, _now: float) -> None:
    if value not in FORMATS:
        raise QueryError(f"Unknown output format '{value}'.")
    query.output = value


def _set_priority(query: Query, value: str, _now: float) -> None:
    def number(word: str) -> int:
        if word.isdigit() and int(word) < 8:
            return int(word)
        if word in _PRIORITIES:
            return _PRIORITIES.index(word)
        raise QueryError(f"Unknown log level {word}")

    first, dots, last = value.partition("..")
    low, high = (number(first), number(last)) if dots else (0, number(first))
    query.priorities = frozenset(range(min(low, high), max(low, high) + 1))


def _set_grep(query: Query, value: str, _now: float) -> None:
    flags = 0 if value != value.lower() else re.IGNORECASE
    try:
        query.grep = re.compile(value, flags)
    except re.error as error:
        raise QueryError(f'Bad pattern "{value}": {error.msg}') from None


def _set(which: str) -> Callable[[Query, str, float], None]:
    return lambda query, value, _now: setattr(query, which, value)


def unit_name(name: str) -> str:
    """The full name of a unit given without its suffix."""
    suffixes = (".service", ".socket", ".timer", ".target", ".scope", ".slice", ".mount")
    return name if name.endswith(suffixes) else f"{name}.service"


_APPLIED: dict[str, Callable[[Query, str, float], None]] = {
    "unit": lambda query, value, _now: query.units.append(unit_name(value)),
    "identifier": lambda query, value, _now: query.identifiers.append(value),
    "output": _set_output,
    "fields": lambda query, value, _now: setattr(query, "fields", frozenset(value.split(","))),
    "since": _time("since_us"),
    "until": _time("until_us"),
    "cursor": _set("cursor"),
    "after_cursor": _set("after_cursor"),
    "grep": _set_grep,
    "priority": _set_priority,
    "directory": _set("directory"),
    "vacuum": lambda query, _value, _now: setattr(query, "vacuum", True),
    "field": lambda _query, value, _now: _unsupported(f"--field={value}"),
    "case_sensitive": lambda _query, _value, _now: None,
}


def _unsupported(what: str) -> None:
    raise QueryError(f"the demo's journalctl does not know {what}")


def _operands(query: Query, parsed: Parsed) -> None:
    for word in parsed.operands:
        name, sign, value = word.partition("=")
        if word == "+":
            query.matches.append({})
        elif sign:
            query.matches[-1].setdefault(name, set()).add(value)
        else:
            raise QueryError(f"Failed to add match '{word}': Invalid argument")


def resolve_boot(wanted: str, boots: Sequence[str], current: Boot) -> str:
    """The boot id that `-b WANTED` means; `boots` are those with entries, oldest first."""
    if wanted in ("", "0"):
        return current.boot_id
    found = _BOOT.match(wanted)
    if found is None:
        raise QueryError(f"Failed to parse boot descriptor '{wanted}'")
    named = (found[1] or (found[2] or "").replace("-", "")) or None
    offset = int(found[3] or 0)
    missing = (
        f"Data from the specified boot ({wanted}) is not available: No such boot ID in journal"
    )
    if named is not None and named not in boots:
        raise QueryError(missing)
    origin = boots.index(named) if named is not None else len(boots) - 1
    at = offset - 1 if named is None and offset > 0 else origin + offset
    if not 0 <= at < len(boots):
        raise QueryError(missing)
    return boots[at]


class Matcher:
    """Whether an entry is meant; what a writer's fields alone decide is decided once."""

    def __init__(self, query: Query, boot_id: str | None) -> None:
        self._query = query
        self._boot = boot_id
        self._units = [name.encode() for name in query.units]
        self._of_unit: dict[Source, bool] = {}

    def __call__(self, entry: Entry) -> bool:
        query = self._query
        if self._boot is not None and entry.boot_id != self._boot:
            return False
        if self._units and not self._unit_fits(entry):
            return False
        if query.identifiers and _text(entry, "SYSLOG_IDENTIFIER") not in query.identifiers:
            return False
        if query.priorities is not None and int(_text(entry, "PRIORITY") or 6) not in (
            query.priorities
        ):
            return False
        if not any(_fits(entry, group) for group in query.matches):
            return False
        return query.grep is None or query.grep.search(_text(entry, "MESSAGE")) is not None

    def _unit_fits(self, entry: Entry) -> bool:
        """`-u` is an OR: the unit's own, PID 1's and root's about it, core dumps of it."""
        fits = self._of_unit.get(entry.source)
        if fits is None:
            fits = entry.source.map.get("_SYSTEMD_UNIT") in self._units
            self._of_unit[entry.source] = fits
        if fits:
            return True
        if entry.get("UNIT") in self._units and entry.get("_PID") == b"1":
            return True
        if entry.get("OBJECT_SYSTEMD_UNIT") in self._units and entry.get("_UID") == b"0":
            return True
        return entry.get("COREDUMP_UNIT") in self._units


def _text(entry: Entry, name: str) -> str:
    return (entry.get(name) or b"").decode("utf-8", "replace")


def _fits(entry: Entry, group: dict[str, set[str]]) -> bool:
    return all(_text(entry, name) in values for name, values in group.items())
