"""A beamdeck configuration file that says what an Environment says. Pure."""

from __future__ import annotations

import json
from dataclasses import fields
from enum import Enum

from tui.model.fleet import App, Environment, Health, Host


def config_text(environment: Environment) -> str:
    """TOML with this one environment; what has its default is left out."""
    lines = ["[[environments]]", f"name = {_value(environment.name)}"]
    lines.append(f"production = {_value(environment.production)}")
    for host in environment.hosts:
        lines += ["", "[[environments.hosts]]", *_given(host, Host(host.name))]
    for app in environment.apps:
        lines += ["", "[[environments.apps]]", *_given(app, App(app.name))]
        if app.health != Health():
            lines += ["", "[environments.apps.health]", *_given(app.health, Health())]
    return "\n".join(lines) + "\n"


def _given(value: Host | App | Health, default: Host | App | Health) -> list[str]:
    lines = []
    for field in fields(value):
        given = getattr(value, field.name)
        if field.name == "name" or (
            given != getattr(default, field.name) and not isinstance(given, Health)
        ):
            lines.append(f"{field.name} = {_value(given)}")
    return lines


def _value(value: object) -> str:
    """A TOML value; JSON's strings, numbers and arrays are TOML's too."""
    if isinstance(value, Enum):
        value = value.value
    return json.dumps(value, ensure_ascii=False)
