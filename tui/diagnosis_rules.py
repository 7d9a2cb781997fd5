"""The rules of diagnosis: those that come with beamdeck and those of the user's config folder.

A rule of the user's that is wrong is left out and said, with file and key; the others work.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from tui.model.diagnosis_rule import Rule, flaws_of_rule
from tui.model.diagnosis_sample import sample_flaws
from tui.model.flaw import Flaw, nearest
from tui.paths import config_folder
from tui.typed_toml import located, sentence, sentences, unknown

SIZE_LIMIT = 1024 * 1024
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)\Z")


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that can be used, and a sentence for each that cannot."""

    rules: tuple[Rule, ...]
    warnings: tuple[str, ...] = ()


@cache
def own_rules() -> tuple[Rule, ...]:
    """The rules that come with beamdeck; that they are right is for its tests."""
    found: list[Rule] = []
    for file in sorted(files("tui").joinpath("rules").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            found += msgspec.convert(tomllib.loads(file.read_text("utf-8")), _File).rules
    return tuple(found)


def load_rules(folder: Path | None = None) -> Rules:
    """Our rules and the user's, those in `rules/*.toml` of the config folder; of two with one id
    the user's counts."""
    place = folder if folder is not None else config_folder() / "rules"
    warnings: list[str] = []
    users: dict[str, Rule] = {}
    try:
        found = sorted(place.glob("*.toml"))
    except OSError as error:
        found = []
        warnings.append(sentence(place, None, error.strerror or str(error)))
    for file in found:
        try:
            text = _read(file)
        except (OSError, ValueError) as error:
            warnings.append(sentence(file, None, f"cannot be read: {error}"))
            continue
        rules, flaws = parse_rules(text, file)
        warnings += flaws
        for rule in rules:
            if rule.id in users:
                warnings.append(sentence(file, None, f"{rule.id} is there twice; the first counts"))
            users.setdefault(rule.id, rule)
    kept = [rule for rule in own_rules() if rule.id not in users]
    return Rules((*kept, *users.values()), tuple(warnings))


@dataclass(frozen=True)
class _File:
    rules: tuple[Rule, ...] = ()


def parse_rules(text: str, file: Path) -> tuple[list[Rule], list[str]]:
    """The usable rules of a file, and a sentence with file, line and key for each flaw."""
    try:
        document = tomllib.loads(text)
    except RecursionError:
        return [], [sentence(file, None, "too many brackets in one another")]
    except ValueError as error:
        line = _AT_LINE.search(str(error))
        said = _AT_LINE.sub("", str(error))
        return [], [sentence(file, int(line[1]) if line else None, said)]
    flaws = [
        Flaw((key,), f"unknown key{nearest(key, ('rules',))}") for key in document if key != "rules"
    ]
    tables = document.get("rules", [])
    if not isinstance(tables, list):
        tables = []
        flaws.append(Flaw(("rules",), "must be tables, each under [[rules]]"))
    rules: list[Rule] = []
    for index, table in enumerate(tables):
        rule, wrong = _rule(table)
        flaws += [Flaw(("rules", index, *flaw.path), flaw.text) for flaw in wrong]
        if rule is not None and not wrong:
            rules.append(rule)
    return rules, sentences(file, text, document, flaws)


def _rule(table: Any) -> tuple[Rule | None, Sequence[Flaw]]:
    if not isinstance(table, dict):
        return None, [Flaw((), "must be a table")]
    flaws = list(unknown(table, Rule, ()))
    try:
        rule = msgspec.convert(table, Rule)
    except msgspec.ValidationError as error:
        return None, [*flaws, located(str(error), table, Rule)]
    flaws += flaws_of_rule(rule)
    return rule, flaws or list(sample_flaws(rule))


def _read(file: Path) -> str:
    if not file.is_file():
        raise ValueError("it is no file")
    with file.open("rb") as opened:
        said = opened.read(SIZE_LIMIT + 1)
    if len(said) > SIZE_LIMIT:
        raise ValueError(f"it is larger than {SIZE_LIMIT:,} bytes")
    return said.decode()


RULE_KEYS = tuple(field.name for field in dataclasses.fields(Rule))
"""The keys that a rule may have."""
