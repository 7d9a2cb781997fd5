"""The query as it is typed: `host:web1 level>=warning "timed out" -GET since:15m`. Pure.

Words are texts that must all be there, case ignored; a `-` or `!` before one says that it must not.
`re:` takes all that follows as a pattern, or what is quoted behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tui.model.flaw import nearest
from tui.model.journal import EntryKind, Level
from tui.model.journal_filter import Filter
from tui.model.level import LEVEL_NAMES
from tui.model.query import Query, Want
from tui.model.timespec import NotATime, parse_since

FIELDS: Mapping[str, str] = {
    "host": "web1, or web* or web1,web2",
    "level": "error; level>=warning takes that or worse",
    "since": "15m, 03:07, yesterday",
    "until": "03:10, 5m",
    "pid": "4711",
    "boot": "the first digits of a boot ID",
    "unit": "a unit of systemd",
    "kind": "app, unit, journald or gap",
    "re": "a pattern; all that follows belongs to it",
}
"""What can be asked, each with what follows it."""
_TOKEN = re.compile(
    r"(?P<sign>[-!]?)"
    r"(?:(?P<name>[a-z]+)(?P<op>:|=|>=|<=|>|<))?"
    r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"?|(?P<word>\S*))'
)
_NONE: Mapping[str, str] = {}
_ESCAPED = re.compile(r"\\(.)")
_LEVEL_SETS: dict[str, Callable[[Level, Level], bool]] = {
    ":": lambda one, said: one == said,
    "=": lambda one, said: one == said,
    # Smaller numbers are worse, and what is worse is more.
    ">=": lambda one, said: one <= said,
    ">": lambda one, said: one < said,
    "<=": lambda one, said: one >= said,
    "<": lambda one, said: one > said,
}


@dataclass(slots=True)
class _Reading:
    now: float
    hosts: Collection[str]
    terms: list[Filter] = field(default_factory=list)
    wants: list[Want] = field(default_factory=list)
    levels: frozenset[Level] = frozenset(Level)
    times: dict[str, int] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)


def parse_query(
    line: str, now: float, hosts: Collection[str] = (), saved: Mapping[str, str] = _NONE
) -> Query:
    """The query that `line` says at `now` (Unix seconds); nothing typed raises.

    What is wrong is its `mistake`, the first of them. `hosts` are those there are; with none, any
    name will do. `saved` are lines by name: `@name` stands for one.
    """
    reading = _Reading(now, hosts)
    _read_line(reading, line, saved)
    return Query(
        tuple(reading.terms),
        tuple(reading.wants),
        levels=reading.levels,
        since_us=reading.times.get("since"),
        until_us=reading.times.get("until"),
        mistake=next(iter(reading.mistakes), ""),
    )


def _read_line(reading: _Reading, line: str, saved: Mapping[str, str]) -> None:
    at, end = 0, len(line)
    while at < end:
        if line[at].isspace():
            at += 1
            continue
        found = _TOKEN.match(line, at)
        if found is None or found.end() == at:
            break
        name = found["word"][1:] if found["word"] and found["name"] is None else ""
        if saved and name and found["word"][0] == "@" and (name in saved or nearest(name, saved)):
            if name in saved and not found["sign"]:
                _read_line(reading, saved[name], _NONE)
            elif name in saved:
                reading.mistakes.append(f"@{name} cannot be turned round: it is a whole query")
            else:
                reading.mistakes.append(f"no query is called {name}{nearest(name, saved)}")
            at = found.end()
        else:
            at = _take(reading, line, found)


def _take(reading: _Reading, line: str, found: re.Match[str]) -> int:
    """Take one word in; where the next one begins."""
    sign, name, op, quoted, word = found.group("sign", "name", "op", "quoted", "word")
    text = word if quoted is None else _ESCAPED.sub(r"\1", quoted)
    negated = bool(sign)
    if name == "re" and op == ":":
        if quoted is None:
            text, after = line[found.start("word") :], len(line)
        else:
            # Escapes are the pattern's own; only the quote's is ours.
            text, after = quoted.replace('\\"', '"'), found.end()
        if text.startswith("!") and not negated:
            negated, text = True, text[1:]
        _term(reading, text, negated, regex=True)
        return after
    if name in FIELDS and op is not None and name != "re":
        _field(reading, name, op, text, negated)
        return found.end()
    if name is not None and op is not None:
        near = nearest(name, FIELDS) if op == ":" and word and word[0] != "/" else ""
        if near:
            close = f'{near} Quote it to find the text: "{name}:"'
            reading.mistakes.append(f"{name}: is no field{close}")
            return found.end()
        text = f"{name}{op}{text}"
    if not text and quoted is None:
        # A sign alone is a text as long as nothing follows it.
        text, negated = sign, False
    _term(reading, text, negated, regex=False)
    return found.end()


def _term(reading: _Reading, text: str, negated: bool, *, regex: bool) -> None:
    if text:
        reading.terms.append(Filter(text, regex=regex, negate=negated))


def _field(reading: _Reading, name: str, op: str, text: str, negated: bool) -> None:
    if not text:
        reading.mistakes.append(f"{name}{op} what? {FIELDS[name]}")
    elif name == "level":
        _level(reading, op, text, negated)
    elif op not in (":", "="):
        reading.mistakes.append(f"{name}{op} cannot be: only level knows more and less")
    elif name in ("since", "until"):
        try:
            reading.times[name] = round(parse_since(text, reading.now) * 1_000_000)
        except NotATime as problem:
            reading.mistakes.append(f"{name}: {problem.detail}")
    else:
        _want(reading, name, text, negated)


def _level(reading: _Reading, op: str, text: str, negated: bool) -> None:
    said = LEVEL_NAMES.get(text.lower())
    if said is None:
        close = nearest(text, LEVEL_NAMES) or ": debug, info, notice, warning, error, critical"
        reading.mistakes.append(f"{text!r} is no level{close}")
        return
    chosen = frozenset(one for one in Level if _LEVEL_SETS[op](one, said))
    reading.levels &= frozenset(Level) - chosen if negated else chosen


def _want(reading: _Reading, name: str, text: str, negated: bool) -> None:
    values = tuple(value for value in text.split(",") if value)
    if name == "kind":
        kinds = [kind.value for kind in EntryKind]
        strange = [value for value in values if value not in kinds]
        if strange:
            reading.mistakes.append(f"{strange[0]!r} is no kind: {', '.join(kinds)}")
            return
    if name == "host" and reading.hosts:
        for value in values:
            if not any(fnmatchcase(host, value) for host in reading.hosts):
                close = nearest(value, reading.hosts)
                reading.mistakes.append(f"no host here is called {value}{close}")
                return
    if values:
        reading.wants.append(Want(name, values, negated))


def quoted(text: str) -> str:
    """A text as it must be typed to be found as it is."""
    plain = _TOKEN.fullmatch(text)
    if plain is not None and plain["sign"] == "" and plain["name"] is None and plain["word"]:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def completions(line: str, hosts: Collection[str], saved: Mapping[str, str] = _NONE) -> list[str]:
    """What `line` may go on to be, best first: fields, levels, hosts, saved queries."""
    begin, _, last = line.rpartition(" ")
    begin = f"{begin} " if begin or line.startswith(" ") else ""
    sign = last[:1] if last[:1] in ("-", "!") else ""
    bare = last[len(sign) :]
    offers: list[str] = []
    found = re.match(r"(host|level|kind)(:|=|>=|<=|>|<)(.*)\Z", bare)
    if found is not None:
        known: Collection[str] = {
            "host": sorted(hosts),
            "level": [level.name.lower() for level in sorted(Level, reverse=True)],
            "kind": [kind.value for kind in EntryKind],
        }[found[1]]
        head, _, value = found[3].rpartition(",")
        head = f"{head}," if head else ""
        offers = [f"{found[1]}{found[2]}{head}{name}" for name in known if name.startswith(value)]
    elif bare[:1] == "@":
        offers = [f"@{name}" for name in saved if name.startswith(bare[1:])]
    elif bare:
        offers = [
            f"{name}{'>=' if name == 'level' else ':'}"
            for name in FIELDS
            if name.startswith(bare) and name != bare
        ]
    return [f"{begin}{sign}{offer}" for offer in offers if offer != bare]
