"""The configuration: from a TOML file to values that passed every check, or to one error that
says all that is wrong, with file, line and key. Reads the file and nothing else; runs nothing.
"""

from __future__ import annotations

import copy
import dataclasses
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from tui.errors import ConfigError
from tui.model.command import Secret
from tui.model.config_rules import flaws_of
from tui.model.flaw import Flaw, nearest, path_text
from tui.model.flaw import Path as KeyPath
from tui.model.fleet import Config
from tui.model.key_names import canonical_keys
from tui.model.redact import redact
from tui.model.text import scrub_line
from tui.model.toml_lines import Lines, at
from tui.paths import config_file

VARIABLE = "BEAMDECK_CONFIG"
SIZE_LIMIT = 1024 * 1024
SHOWN = 20

_PLACE = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]")
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)\Z")
_KINDS = {
    "int": "a whole number",
    "float": "a number with a point",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}


def load_config(path: Path | None = None) -> Config:
    """The configuration of `path`, else of BEAMDECK_CONFIG, else of the config folder.

    ConfigError (exit status 2 for whoever calls) if there is none or anything in it is wrong.
    """
    named = path or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    file = (named or config_file()).expanduser()
    text, mode = _read(file, asked=named is not None)
    return parse_config(text, file, open_to_others=bool(mode & (stat.S_IRGRP | stat.S_IROTH)))


def parse_config(text: str, file: Path, *, open_to_others: bool = False) -> Config:
    """The configuration that `text` says; `file` is named in what a ConfigError says."""
    try:
        document = tomllib.loads(text)
        flaws = list(_unknown(document, Config, ()))
        config = _converted(document, flaws)
    except RecursionError:
        raise _wrong(file, None, "too many brackets in one another") from None
    except ValueError as error:
        # Not only TOMLDecodeError: a number of 5,000 digits is refused by int().
        line = _AT_LINE.search(str(error))
        said = _AT_LINE.sub("", str(error))
        raise _wrong(file, int(line[1]) if line else None, said) from None
    if not flaws:
        flaws = flaws_of(config)
    if flaws:
        raise ConfigError("\n".join(_said(file, text, document, flaws)), remedy=_REMEDY)
    if open_to_others and _holds_secrets(config):
        raise _wrong(file, None, "holds a secret and others may read it; chmod 600 it")
    return dataclasses.replace(config, keys=_canonical(config.keys))


_REMEDY = "config.example.toml names every key with its default."


def _read(file: Path, *, asked: bool) -> tuple[str, int]:
    """Text and mode of the file. Links are followed: it is only read, and often kept elsewhere."""
    shown = scrub_line(str(file))
    try:
        with open(file, "rb", opener=_opener) as opened:
            mode = os.fstat(opened.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise ConfigError(f"{shown} is no file")
            data = opened.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        named = "" if asked else f", and {VARIABLE} names none"
        raise ConfigError(
            f"There is no {shown}{named}.",
            remedy="Copy config.example.toml there and name your hosts, "
            "or look around first with `beamdeck demo`: it needs no configuration.",
        ) from None
    except OSError as error:
        raise ConfigError(f"{shown}: {error.strerror or error}") from None
    if len(data) > SIZE_LIMIT:
        raise ConfigError(f"{shown} is larger than {SIZE_LIMIT:,} bytes")
    try:
        return data.decode(), mode
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _wrong(file, line, "is not UTF-8") from None


def _opener(path: str, flags: int) -> int:
    # A FIFO would wait for its other end; a device could do anything.
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)


# Types


def _unknown(value: object, kind: Any, at: KeyPath) -> Iterator[Flaw]:
    kind = _plain(kind)
    if dataclasses.is_dataclass(kind) and kind is not Secret and isinstance(value, dict):
        hints = get_type_hints(kind)
        for key, inner in value.items():
            if key in hints:
                yield from _unknown(inner, hints[key], (*at, key))
            else:
                yield Flaw((*at, key), f"unknown key{nearest(key, hints)}")
    elif get_origin(kind) is tuple and isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unknown(inner, get_args(kind)[0], (*at, index))


def _plain(kind: Any) -> Any:
    """A type without `| None`."""
    if get_origin(kind) in (Union, UnionType):
        return next(part for part in get_args(kind) if part is not type(None))
    return kind


def _converted(document: dict[str, Any], flaws: list[Flaw]) -> Config:
    """The document as values. What has a wrong type is added to `flaws` and put aside, so that
    the next is found as well; the result then is not to be used."""
    rest = copy.deepcopy(document)
    _whole_names(rest)
    keys = rest.get("keys")
    for key, value in list(keys.items()) if isinstance(keys, dict) else ():
        if not isinstance(value, str):
            flaws.append(Flaw(("keys", key), "must be a text: one key or several with commas"))
            del rest["keys"][key]
    for _ in range(SHOWN):
        try:
            return msgspec.convert(rest, Config)
        except msgspec.ValidationError as error:
            flaw = _located(str(error), document)
            flaws.append(flaw)
            if not _put_aside(rest, flaw.path):
                break
    return Config()


def _whole_names(document: dict[str, Any]) -> None:
    """A host given by its name alone becomes a table; a cookie becomes what Secret is made of."""
    for environment in _tables(document.get("environments")):
        hosts = environment.get("hosts")
        if isinstance(hosts, list):
            environment["hosts"] = [{"name": h} if isinstance(h, str) else h for h in hosts]
        for app in _tables(environment.get("apps")):
            if isinstance(app.get("cookie"), str):
                app["cookie"] = {"_value": app["cookie"]}


def _tables(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _located(message: str, document: dict[str, Any]) -> Flaw:
    said, _, place = message.partition(" - at `$")
    path: KeyPath = tuple(
        int(index) if index else key for key, index in _PLACE.findall(place.rstrip("`"))
    )
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", said):
        return Flaw((*path, missing[1]), "is missing")
    kind, value = _kind_at(path), at(document, path)
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


def _kind_at(path: KeyPath) -> Any:
    kind: Any = Config
    for part in path:
        if isinstance(part, int):
            kind = get_args(kind)[0] if get_args(kind) else None
        else:
            kind = get_type_hints(kind).get(part) if dataclasses.is_dataclass(kind) else None
        kind = _plain(kind)
    return kind


def _put_aside(document: dict[str, Any], path: KeyPath) -> bool:
    if not path:
        return False
    parent = at(document, path[:-1])
    last = path[-1]
    if isinstance(parent, list) and isinstance(last, int):
        # Something of the right type in its place: the others must keep their numbers.
        kind = _kind_at(path)
        parent[last] = {"name": ""} if dataclasses.is_dataclass(kind) else ""
        return True
    if isinstance(parent, dict) and last in parent:
        del parent[last]
        return True
    if isinstance(parent, dict) and last == "name":
        parent[last] = ""
        return True
    return False


# What is said


def _said(file: Path, text: str, document: dict[str, Any], flaws: list[Flaw]) -> list[str]:
    lines_of = Lines(text)
    located = [(_line(lines_of, document, flaw.path), flaw) for flaw in flaws[:SHOWN]]
    located.sort(key=lambda item: (item[0] is None, item[0] or 0))
    lines = [_sentence(file, line, f"{path_text(f.path)}: {f.text}") for line, f in located]
    if len(flaws) > SHOWN:
        lines.append(f"and {len(flaws) - SHOWN} more")
    return lines


def _line(lines: Lines, document: dict[str, Any], path: KeyPath) -> int | None:
    # What is not there (a missing name, a limit's default) stands in the nearest thing that is.
    while path and at(document, path) is None:
        path = path[:-1]
    return lines.of(path)


def _wrong(file: Path, line: int | None, text: str) -> ConfigError:
    return ConfigError(_sentence(file, line, text), remedy=_REMEDY)


def _sentence(file: Path, line: int | None, text: str) -> str:
    # A hostile configuration is text from outside like any other.
    place = f"{file}:{line}" if line else str(file)
    return redact(scrub_line(f"{place}: {text}", limit=1000))


def _holds_secrets(config: Config) -> bool:
    apps = [app for environment in config.environments for app in environment.apps]
    return any(
        app.cookie is not None
        or (app.release_store is not None and redact(app.release_store) != app.release_store)
        for app in apps
    )


def _canonical(keys: dict[str, str]) -> dict[str, str]:
    return {key_id: ",".join(canonical_keys(text) or ()) for key_id, text in keys.items()}
