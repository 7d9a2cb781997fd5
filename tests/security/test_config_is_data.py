"""A configuration may come from anybody: it runs nothing and prints nothing (R5, R13)."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.config_samples import FILE, GOOD, ROOT, wrong
from tests.model.test_text import faults
from tui.config import parse_config
from tui.errors import ConfigError


def test_a_hostile_configuration_prints_nothing_hostile() -> None:
    text = '"a\\u001b]0;x\\u0007" = 1\n"\\u202e" = 2\n' + GOOD.replace('"web1",', '"\\u001b[2J",')
    said = wrong(text)
    assert all(faults(line) == "" for line in said)
    assert any("<U+202E>" in line or "\\u202e" in line for line in said)


def test_a_secret_is_not_printed() -> None:
    said = wrong(GOOD + 'release_store = "-s3://AKIAIOSFODNN7EXAMPLE@wJalrXUtnFEMI:x"\ncookie=" "')
    assert "wJalrXUtnFEMI" not in "\n".join(said)


SOME_KEYS = (
    *("environments", "hosts", "apps", "name", "port", "keys", "limits", "theme", "restart"),
    *("health", "on", "jump", "cookie", "production", "channels", "ssh_config", "\x1b"),
)
TOML = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.text(max_size=6), st.floats()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(SOME_KEYS),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=20,
)


def as_toml(value: object) -> str:
    """A value in TOML, tables inline."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(k)} = {as_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return quoted(value) if isinstance(value, str) else repr(value)


def quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(char):08x}" for char in text) + '"'


@given(st.dictionaries(st.sampled_from(["environments", "keys", "limits", "theme"]), TOML))
@settings(max_examples=300, deadline=None)
def test_any_document_is_a_config_or_a_config_error(document: dict[str, object]) -> None:
    text = "\n".join(f"{key} = {as_toml(value)}" for key, value in document.items())
    try:
        tomllib.loads(text)
    except ValueError:
        return  # infinite and absent numbers are written otherwise in TOML
    try:
        parse_config(text, FILE)
    except ConfigError as error:
        said = error.detail
    else:
        said = ""
    assert faults(said) == ""


CALLS = "trace=execve,execveat,fork,vfork,clone,clone3"
HOSTILE = """
theme = "$(touch PWNED)"
ssh_config = ["|touch PWNED"]
[keys]
restart = "`touch PWNED`"
[[environments]]
name = "$(touch PWNED)"
hosts = ["$(touch PWNED)", { name = "x", address = "-oProxyCommand=touch PWNED", jump = "$(touch PWNED)" }]
apps = [{ name = "a;touch PWNED", restart_command = "touch PWNED", release_store = "|touch PWNED" }]
"""  # noqa: E501 - one line of TOML


@pytest.mark.parametrize("text", [HOSTILE, GOOD], ids=["hostile", "good"])
def test_reading_a_configuration_runs_nothing(tmp_path: Path, text: str) -> None:
    strace = shutil.which("strace")
    trace, file = tmp_path / "trace", tmp_path / "config.toml"
    file.write_text(text.replace("PWNED", str(tmp_path / "pwned")))
    code = (
        "from pathlib import Path; from tui.config import load_config; from tui.errors import *\n"
        f"try: load_config(Path({str(file)!r})); print('good')\n"
        "except ConfigError: print('wrong')"
    )
    if strace is None or not _may_trace(strace, tmp_path):
        pytest.skip("R13 NOT CHECKED: strace is not installed, or may not trace here")
    done = subprocess.run(
        [strace, "-f", "-qq", "-e", CALLS, "-o", str(trace), sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ("good\n" if text is GOOD else "wrong\n")
    calls = [line for line in trace.read_text().splitlines() if "exited with" not in line]
    assert len(calls) == 1, calls
    assert "execve(" in calls[0]
    assert not (tmp_path / "pwned").exists()


def _may_trace(strace: str, folder: Path) -> bool:
    argv = [strace, "-qq", "-e", "trace=execve", "-o", str(folder / "probe"), sys.executable, "-V"]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0
