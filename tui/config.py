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
from pathlib import Path
from typing import Any

import msgspec

from tui.errors import ConfigError
from tui.model.config_rules import flaws_of
from tui.model.flaw import Flaw
from tui.model.fleet import Config
from tui.model.key_names import canonical_keys
from tui.model.redact import redact
from tui.model.text import scrub_line
from tui.paths import config_file
from tui.typed_toml import SHOWN, located, put_aside, sentence, sentences, unknown

VARIABLE = "BEAMDECK_CONFIG"
SIZE_LIMIT = 1024 * 1024

_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)\Z")


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
        flaws = list(unknown(document, Config, ()))
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
        raise ConfigError("\n".join(sentences(file, text, document, flaws)), remedy=_REMEDY)
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


def _converted(document: dict[str, Any], flaws: list[Flaw]) -> Config:
    """The document as values. What has a wrong type is added to `flaws` and put aside, so that
    the next is found as well; the result then is not to be used."""
    rest = copy.deepcopy(document)
    _whole_names(rest)
    for table, what in (("keys", "one key or several with commas"), ("queries", "a query")):
        written = rest.get(table)
        for key, value in list(written.items()) if isinstance(written, dict) else ():
            if not isinstance(value, str):
                flaws.append(Flaw((table, key), f"must be a text: {what}"))
                del rest[table][key]
    for _ in range(SHOWN):
        try:
            return msgspec.convert(rest, Config)
        except msgspec.ValidationError as error:
            flaw = located(str(error), document, Config)
            flaws.append(flaw)
            if not put_aside(rest, flaw.path, Config):
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


# What is said


def _wrong(file: Path, line: int | None, text: str) -> ConfigError:
    return ConfigError(sentence(file, line, text), remedy=_REMEDY)


def _holds_secrets(config: Config) -> bool:
    apps = [app for environment in config.environments for app in environment.apps]
    return any(
        app.cookie is not None
        or (app.release_store is not None and redact(app.release_store) != app.release_store)
        for app in apps
    )


def _canonical(keys: dict[str, str]) -> dict[str, str]:
    return {key_id: ",".join(canonical_keys(text) or ()) for key_id, text in keys.items()}
