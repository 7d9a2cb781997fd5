"""What runs and what would boot, from real command lines and trees, and from forged ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.commands.release import Running, parse_cmdline, parse_start_erl, release_facts
from tui.model.fleet import Flavour

TRANSCRIPT = Path(__file__).parent.parent / "transcripts" / "systemd.jsonl"
CMDLINE = next(
    json.loads(line)["stdout"]
    for line in TRANSCRIPT.read_text().splitlines()
    if "main process's command line" in json.loads(line)["what"]
)


def test_the_boot_path_of_a_real_node_names_the_version_that_runs() -> None:
    running = parse_cmdline(CMDLINE.strip().replace(" ", "\0").encode())
    assert running == Running("0.2.0", "billing@web1")


def test_the_cookie_of_the_command_line_is_in_nothing_that_leaves() -> None:
    assert "A54EXBES" in CMDLINE
    assert "A54EXBES" not in repr(parse_cmdline(CMDLINE.strip().replace(" ", "\0").encode()))


@pytest.mark.parametrize(
    "words",
    [
        [],
        [b"-boot"],
        [b"-boot", b"start"],
        [b"-boot", b"/opt/app/releases/start"],
        [b"-boot", b"/opt/app/releases/../../start"],
        [b"-boot", b"/opt/app/releases/$(reboot)/start"],
        [b"-boot", b"/opt/app/releases/\x1b[31m/start"],
        [b"-extra", b"-name"],
    ],
)
def test_no_version_is_made_up(words: list[bytes]) -> None:
    assert parse_cmdline(b"\0".join(words)).version is None


def test_start_erl_data_is_erts_then_version_without_a_newline() -> None:
    assert parse_start_erl(b"13.1.5 0.2.0+20180527-master-6bfed7e") == (
        "13.1.5",
        "0.2.0+20180527-master-6bfed7e",
    )
    assert parse_start_erl(b"") == (None, None)
    assert parse_start_erl(b"13.1.5") == (None, None)
    assert parse_start_erl(b"13.1.5 ../../etc") == ("13.1.5", None)


def facts(flavour: Flavour, signs: list[str], **files: bytes):  # type: ignore[no-untyped-def]
    return release_facts("/opt/app", flavour, signs, files, ["0.1.0", "0.2.0"], Running("0.1.0"))


def test_a_mix_release_boots_what_releases_says() -> None:
    told = facts(Flavour.AUTO, ["mix"], releases=b"13 0.2.0", var=b"13 0.1.0")
    assert (told.flavour, told.boots, told.restart_changes) == (Flavour.MIX, "0.2.0", True)


def test_distillery_boots_by_the_stale_copy_in_var() -> None:
    told = facts(Flavour.AUTO, ["distillery"], releases=b"13 0.2.0", var=b"13 0.1.0")
    assert (told.boots, told.restart_changes) == ("0.1.0", False)


def test_distillery_without_a_copy_boots_by_releases() -> None:
    told = facts(Flavour.AUTO, ["distillery"], releases=b"13 0.2.0", var=b"\n")
    assert told.boots == "0.2.0"


def test_a_configured_flavour_overrides_what_the_tree_shows() -> None:
    told = facts(Flavour.MIX, ["distillery"], releases=b"13 0.2.0", var=b"13 0.1.0")
    assert (told.flavour, told.boots) == (Flavour.MIX, "0.2.0")


def test_what_is_not_known_is_no_change() -> None:
    told = release_facts("/opt/app", Flavour.AUTO, [], {}, ["$(x)", "0.2.0"], Running())
    assert (told.runs, told.boots, told.restart_changes) == (None, None, False)
    assert told.versions == ("0.2.0",)


@given(st.binary(max_size=300))
def test_any_bytes_as_a_command_line(cmdline: bytes) -> None:
    running = parse_cmdline(cmdline)
    assert running.node is None or running.node.isprintable()
