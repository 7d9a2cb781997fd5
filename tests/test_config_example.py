"""config.example.toml says it all: every key there is, with its default."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from tests.config_samples import ROOT
from tui.config import load_config
from tui.model.fleet import (
    App,
    Config,
    Console,
    ConsoleRules,
    Environment,
    Health,
    Host,
    Limits,
    Task,
)
from tui.model.themes import THEME_NAMES
from tui.theme import THEMES

EXAMPLE = ROOT / "config.example.toml"


def tables_of(kind: Any, value: Any) -> list[tuple[type, dict[str, Any]]]:
    """Every table of a document with the dataclass that it becomes."""
    found: list[tuple[type, dict[str, Any]]] = []
    if isinstance(value, list):
        for item in value:
            found += tables_of(get_args(kind)[0], item)
    elif dataclasses.is_dataclass(kind) and isinstance(value, dict):
        found.append((kind, value))  # type: ignore[arg-type]  # a class, not an instance
        hints = get_type_hints(kind)
        for key, inner in value.items():
            found += tables_of(hints[key], inner)
    return found


def default_of(field: dataclasses.Field[Any]) -> object:
    """The default as TOML has it; MISSING where there is none."""
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
        return {} if dataclasses.is_dataclass(default) else default
    default = field.default
    if isinstance(default, Enum):
        return default.value
    return list(default) if isinstance(default, tuple) else default


def uncommented() -> str:
    """The example with its optional keys put in."""
    return re.sub(r"^# (\w+ = )", r"\1", EXAMPLE.read_text(), flags=re.MULTILINE)


KINDS = (Config, ConsoleRules, Limits, Environment, Host, App, Health, Task, Console)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_example_names_every_field_with_its_default(kind: type) -> None:
    plain = [t for k, t in tables_of(Config, tomllib.loads(EXAMPLE.read_text())) if k is kind]
    full = [t for k, t in tables_of(Config, tomllib.loads(uncommented())) if k is kind]
    assert plain
    for field in dataclasses.fields(kind):
        default = default_of(field)
        assert any(field.name in table for table in full), f"{field.name} is not named"
        if default is None:
            assert not any(field.name in table for table in plain), field.name
        elif default not in (dataclasses.MISSING, [], {}) or field.name in (
            "groups",
            "on",
            "log_files",
        ):
            assert default in [table.get(field.name) for table in plain], field.name


def test_every_dataclass_of_the_configuration_is_looked_at() -> None:
    assert {kind for kind, _ in tables_of(Config, tomllib.loads(uncommented()))} == set(KINDS)


def test_example_loads() -> None:
    config = load_config(EXAMPLE)
    assert [e.name for e in config.environments] == ["production", "staging"]
    assert config.limits == Limits()


def test_example_loads_with_its_optional_keys(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(uncommented())
    file.chmod(0o600)
    app = load_config(file).environments[0].apps[0]
    assert all(getattr(app, field.name) is not None for field in dataclasses.fields(App))


def test_themes_are_those_there_are() -> None:
    assert tuple(theme.name for theme in THEMES) == THEME_NAMES
