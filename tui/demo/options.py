"""Option parsing as glibc's getopt_long does it: permuted, with its words for what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Peek = Callable[[str], bool]
FLAG = "flag"
TAKES = "takes"
MAY = "may"


class BadOption(Exception):
    """An option that the program does not have, or one without its argument."""


@dataclass(frozen=True, slots=True)
class Option:
    """What an option takes: nothing, an argument, or maybe one.

    `peek` says of the word after a short option with a maybe-argument whether it is meant.
    """

    name: str
    takes: str = FLAG
    peek: Peek | None = None


@dataclass(slots=True)
class Parsed:
    """Options in order of appearance (None: no argument given), and the operands."""

    options: list[tuple[str, str | None]] = field(default_factory=list)
    operands: list[str] = field(default_factory=list)


def parse_options(program: str, args: Sequence[str], known: Mapping[str, Option]) -> Parsed:
    """Parse `args` by the options `known` under `-x` and `--long`; BadOption with getopt's text."""
    parsed = Parsed()
    rest = list(args)
    while rest:
        word = rest.pop(0)
        if word == "--":
            parsed.operands += rest
            break
        if word.startswith("--"):
            _long(program, word, rest, known, parsed)
        elif word.startswith("-") and len(word) > 1:
            _short(program, word[1:], rest, known, parsed)
        else:
            parsed.operands.append(word)
    return parsed


def _long(
    program: str, word: str, rest: list[str], known: Mapping[str, Option], parsed: Parsed
) -> None:
    name, sign, value = word.partition("=")
    fits = [name] if name in known else [key for key in known if key.startswith(name)]
    if not fits:
        raise BadOption(f"{program}: unrecognized option '{name}'")
    if len({known[key].name for key in fits}) > 1:
        shown = " ".join(f"'{key}'" for key in fits)
        raise BadOption(f"{program}: option '{name}' is ambiguous; possibilities: {shown}")
    option = known[fits[0]]
    if option.takes == FLAG and sign:
        raise BadOption(f"{program}: option '{name}' doesn't allow an argument")
    if option.takes == TAKES and not sign:
        if not rest:
            raise BadOption(f"{program}: option '{name}' requires an argument")
        value, sign = rest.pop(0), "="
    parsed.options.append((option.name, value if sign else None))


def _short(
    program: str, letters: str, rest: list[str], known: Mapping[str, Option], parsed: Parsed
) -> None:
    while letters:
        letter, letters = letters[0], letters[1:]
        option = known.get(f"-{letter}")
        if option is None:
            raise BadOption(f"{program}: invalid option -- '{letter}'")
        value: str | None = None
        if option.takes != FLAG and letters:
            value, letters = letters, ""
        elif option.takes == TAKES:
            if not rest:
                raise BadOption(f"{program}: option requires an argument -- '{letter}'")
            value = rest.pop(0)
        elif option.takes == MAY and rest and option.peek is not None and option.peek(rest[0]):
            value = rest.pop(0)
        parsed.options.append((option.name, value))
