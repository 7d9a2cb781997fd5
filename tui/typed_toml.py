"""TOML against a tree of dataclasses: what is unknown, of a wrong type or missing, each with its
path of keys, and said as sentences with file and line. Shared by the configuration and by rules.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from tui.model.command import Secret
from tui.model.flaw import Flaw, nearest, path_text
from tui.model.flaw import Path as KeyPath
from tui.model.redact import redact
from tui.model.text import scrub_line
from tui.model.toml_lines import Lines, at

SHOWN = 20
"""Flaws that are named; more are counted."""

_PLACE = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]")
_KINDS = {
    "int": "a whole number",
    "float": "a number with a point",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}


def unknown(value: object, kind: Any, at: KeyPath) -> Iterator[Flaw]:
    """Keys of a document that the dataclass `kind` and those below it do not have."""
    kind = _plain(kind)
    if dataclasses.is_dataclass(kind) and kind is not Secret and isinstance(value, dict):
        hints = get_type_hints(kind)
        for key, inner in value.items():
            if key in hints:
                yield from unknown(inner, hints[key], (*at, key))
            else:
                yield Flaw((*at, key), f"unknown key{nearest(key, hints)}")
    elif get_origin(kind) is tuple and isinstance(value, list):
        for index, inner in enumerate(value):
            yield from unknown(inner, get_args(kind)[0], (*at, index))


def _plain(kind: Any) -> Any:
    """A type without `| None`."""
    if get_origin(kind) in (Union, UnionType):
        return next(part for part in get_args(kind) if part is not type(None))
    return kind


def located(message: str, document: dict[str, Any], root: Any) -> Flaw:
    """What msgspec says of a document that is no `root`, with its place, in our words."""
    said, _, place = message.partition(" - at `$")
    path: KeyPath = tuple(
        int(index) if index else key for key, index in _PLACE.findall(place.rstrip("`"))
    )
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", said):
        return Flaw((*path, missing[1]), "is missing")
    kind, value = _kind_at(path, root), at(document, path)
    if isinstance(kind, type) and issubclass(kind, Enum) and isinstance(value, str):
        known = [str(member.value) for member in kind]
        return Flaw(path, f"must be one of {', '.join(known)}{nearest(value, known)}")
    if expected := re.fullmatch(r"Expected `(.+?)`, got `(.+)`", said):
        wanted = [word for word in expected[1].split(" | ") if word != "null"]
        if kind is Secret:
            wanted = ["str"]
        # A whole number will do where one with a point may stand.
        shown = " or ".join("a number" if w == "float" else _KINDS.get(w, w) for w in wanted)
        return Flaw(path, f"must be {shown}, not {_KINDS.get(expected[2], expected[2])}")
    return Flaw(path, said[:1].lower() + said[1:])


def _kind_at(path: KeyPath, root: Any) -> Any:
    kind: Any = root
    for part in path:
        if isinstance(part, int):
            kind = get_args(kind)[0] if get_args(kind) else None
        else:
            kind = get_type_hints(kind).get(part) if dataclasses.is_dataclass(kind) else None
        kind = _plain(kind)
    return kind


def put_aside(document: dict[str, Any], path: KeyPath, root: Any) -> bool:
    """Take what stands at `path` out, so that the next flaw is found; False if that cannot be."""
    if not path:
        return False
    parent = at(document, path[:-1])
    last = path[-1]
    if isinstance(parent, list) and isinstance(last, int):
        # Something of the right type in its place: the others must keep their numbers.
        kind = _kind_at(path, root)
        parent[last] = {"name": ""} if dataclasses.is_dataclass(kind) else ""
        return True
    if isinstance(parent, dict) and last in parent:
        del parent[last]
        return True
    if isinstance(parent, dict) and last == "name":
        parent[last] = ""
        return True
    return False


def sentences(file: Path, text: str, document: dict[str, Any], flaws: Sequence[Flaw]) -> list[str]:
    """The flaws of a file as sentences with file, line and key, by line."""
    lines_of = Lines(text)
    located = [(_line(lines_of, document, flaw.path), flaw) for flaw in flaws[:SHOWN]]
    located.sort(key=lambda item: (item[0] is None, item[0] or 0))
    lines = [sentence(file, line, f"{path_text(f.path)}: {f.text}") for line, f in located]
    if len(flaws) > SHOWN:
        lines.append(f"and {len(flaws) - SHOWN} more")
    return lines


def _line(lines: Lines, document: dict[str, Any], path: KeyPath) -> int | None:
    # What is not there (a missing name, a limit's default) stands in the nearest thing that is.
    while path and at(document, path) is None:
        path = path[:-1]
    return lines.of(path)


def sentence(file: Path, line: int | None, text: str) -> str:
    """`FILE:LINE: text`, in one line, without secrets."""
    # A hostile configuration is text from outside like any other.
    place = f"{file}:{line}" if line else str(file)
    return redact(scrub_line(f"{place}: {text}", limit=1000))
