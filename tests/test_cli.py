"""The commands: exit statuses, what they say, and that quick ones stay without heavy imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tui.cli import Opening, commands

CONFIG = """
[[environments]]
name = "staging"
hosts = ["web1", "web2"]
[[environments.apps]]
name = "billing"
[[environments.apps]]
name = "search"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    path.chmod(0o600)
    return path


def run(*args: str, opened: list[Opening] | None = None) -> Result:
    def open_console(opening: Opening) -> int:
        if opened is not None:
            opened.append(opening)
        return 0

    return CliRunner().invoke(commands, list(args), obj=open_console)


def test_without_a_command_the_console_is_opened_on_the_config(config: Path) -> None:
    opened: list[Opening] = []
    result = run("--config", str(config), "-e", "staging", opened=opened)
    assert result.exit_code == 0
    assert [e.name for e in (opened[0].config.environments if opened[0].config else ())] == [
        "staging"
    ]
    assert opened[0].environment == "staging"


def test_a_missing_config_ends_with_two_and_names_the_demo(tmp_path: Path) -> None:
    result = run("--config", str(tmp_path / "nowhere.toml"))
    assert result.exit_code == 2
    assert "beamdeck demo" in result.output


def test_a_wrong_key_is_named_with_its_neighbour(config: Path) -> None:
    config.write_text(CONFIG.replace("hosts =", "hosst ="))
    result = run("--config", str(config), "status")
    assert result.exit_code == 2
    assert "hosst" in result.output
    assert "hosts" in result.output
    assert f"{config}:4" in result.output


def test_a_hostile_config_prints_no_control_character(config: Path) -> None:
    config.write_text(CONFIG + '\n"\\u001b]52;c;aGk=\\u0007" = 1\n')
    result = run("--config", str(config))
    assert result.exit_code == 2
    assert "\x1b" not in result.output
    assert "\x07" not in result.output


def test_status_asks_which_app_is_meant(config: Path) -> None:
    result = run("--config", str(config), "status")
    assert result.exit_code == 2
    assert "staging/billing" in result.output
    assert "staging/search" in result.output


@pytest.mark.parametrize("args", [["-e", "prodution"], ["-a", "biling"], ["-e", "x", "status"]])
def test_a_name_that_is_not_there_opens_nothing_else(config: Path, args: list[str]) -> None:
    opened: list[Opening] = []
    result = run("--config", str(config), *args, opened=opened)
    assert result.exit_code == 2
    assert "staging/billing, staging/search" in result.output
    assert opened == []


@pytest.mark.parametrize("size", ["80", "80x", "ax24", "10x24"])
def test_a_size_is_columns_and_rows(size: str) -> None:
    result = run("demo", "--size", size)
    assert result.exit_code == 2
    assert "80x24" in result.output


def test_an_unknown_scenario_names_those_there_are() -> None:
    result = run("demo", "--scenario", "godzilla")
    assert result.exit_code == 2
    assert "bad-deploy" in result.output


def test_help_loads_neither_textual_nor_asyncssh() -> None:
    code = (
        "import sys, tui.__main__\n"
        "from tui.cli import commands\n"
        "commands.main(['--help'], standalone_mode=False)\n"
        "print({'textual', 'asyncssh', 'msgspec'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("set()")


def test_init_writes_the_example_once_and_privately(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    result = run("--config", str(path), "init")
    assert result.exit_code == 0, result.output
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == (Path(__file__).parent.parent / "config.example.toml").read_text()
    path.write_text("mine")
    again = run("--config", str(path), "init")
    assert again.exit_code == 1
    assert path.read_text() == "mine"
