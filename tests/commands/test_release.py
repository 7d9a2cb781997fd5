"""What runs and what would boot, from real command lines and trees, and from forged ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.commands.release import Named, Running, parse_cmdline, parse_start_erl, release_facts
from tui.model.fleet import Flavour
from tui.model.release import ReleaseFacts

TRANSCRIPTS = Path(__file__).parent.parent / "transcripts"
CMDLINE = next(
    json.loads(line)["stdout"]
    for line in (TRANSCRIPTS / "systemd.jsonl").read_text().splitlines()
    if "main process's command line" in json.loads(line)["what"]
)
# In the form of Distillery 2.1's `foreground`, by its source; the vm.args stand in it unfolded.
DISTILLERY = (
    b"/home/billing/dist/erts-13.1.5/bin/beam.smp\0--\0-root\0/home/billing/dist\0-progname\0"
    b"home/billing/dist/releases/0.1.0/billing.sh\0--\0-home\0/home/billing\0--\0"
    b"-noshell\0-noinput\0-boot\0/home/billing/dist/releases/0.1.0/billing\0"
    b"-boot_var\0ERTS_LIB_DIR\0/home/billing/dist/lib\0-name\0billing@127.0.0.1\0"
    b"-setcookie\0distcookie\0-config\0/home/billing/dist/var/sys.config\0-mode\0embedded\0"
    b"--\0-extra\0--\0foreground\0"
)


def test_the_boot_path_of_a_real_node_names_the_version_that_runs() -> None:
    running = parse_cmdline(CMDLINE.strip().replace(" ", "\0").encode())
    assert running == Running(Named("0.2.0"), "billing@web1")


def test_distillery_boots_a_script_of_its_own_name() -> None:
    assert parse_cmdline(DISTILLERY) == Running(Named("0.1.0"), "billing@127.0.0.1")


@pytest.mark.parametrize("cmdline", [CMDLINE.strip().replace(" ", "\0").encode(), DISTILLERY])
def test_the_cookie_of_the_command_line_is_in_nothing_that_leaves(cmdline: bytes) -> None:
    assert b"-setcookie" in cmdline
    told = repr(parse_cmdline(cmdline))
    assert "A54EXBES" not in told
    assert "distcookie" not in told


@pytest.mark.parametrize(
    "words",
    [
        [],
        [b"-boot"],
        [b"-boot", b"start"],
        [b"-boot", b"/opt/app/releases/start"],
        [b"-extra", b"-boot", b"/opt/app/releases/9.9.9/start"],
        [b"/bin/sh", b"/opt/app/bin/app", b"start"],
        [b"/opt/app/erts-13/bin/run_erl", b"-daemon", b"/tmp/pipe", b"/opt/app/log"],
    ],
)
def test_no_version_is_made_up(words: list[bytes]) -> None:
    assert parse_cmdline(b"\0".join(words)) == Running()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"..", ".."),
        (b"$(reboot)", "$(reboot)"),
        (b"\x1b[31m0.2.0", "0.2.0"),
        (b"0.2.0\n9.9.9", "0.2.0␊9.9.9"),
        (b"0.2.0\xff", "0.2.0\\xff"),
        (b"password=hunter2hunter2", "password=***"),
    ],
)
def test_a_name_that_no_command_is_made_of_is_shown_and_not_used(name: bytes, shown: str) -> None:
    running = parse_cmdline(b"-boot\0/opt/app/releases/" + name + b"/start")
    assert running.release.version is None
    assert running.release.odd == shown
    told = release_facts("/opt/app", Flavour.MIX, [], {"releases": b"13 $(x)"}, [name], running)
    assert (told.runs, told.boots, told.versions) == (None, None, ())
    assert told.unusable == (("runs", shown), ("boots", "$(x)"), ("on disk", shown))
    assert told.unusable_at("boots") == "$(x)"
    assert not told.restart_changes


def test_start_erl_data_is_erts_then_version_without_a_newline() -> None:
    assert parse_start_erl(b"13.1.5 0.2.0+20180527-master-6bfed7e") == (
        "13.1.5",
        Named("0.2.0+20180527-master-6bfed7e"),
    )
    assert parse_start_erl(b"") == (None, Named())
    assert parse_start_erl(b"13.1.5") == (None, Named())
    assert parse_start_erl(b"13.1.5 ../../etc") == ("13.1.5", Named(None, "../../etc"))


def facts(flavour: Flavour, signs: list[str], **files: bytes) -> ReleaseFacts:
    running = Running(Named("0.1.0"))
    return release_facts("/opt/app", flavour, signs, files, [b"0.1.0", b"0.2.0"], running)


def test_a_mix_release_boots_what_releases_says() -> None:
    told = facts(Flavour.AUTO, ["mix"], releases=b"13 0.2.0", var=b"13 0.1.0")
    assert (told.flavour, told.boots, told.restart_changes) == (Flavour.MIX, "0.2.0", True)
    assert told.runs_by == "boot path"


def test_distillery_boots_by_the_stale_copy_in_var() -> None:
    told = facts(Flavour.AUTO, ["distillery"], releases=b"13 0.2.0", var=b"13 0.1.0")
    assert (told.boots, told.restart_changes) == ("0.1.0", False)


def test_distillery_without_a_copy_boots_by_releases() -> None:
    told = facts(Flavour.AUTO, ["distillery"], releases=b"13 0.2.0", var=b"\n")
    assert told.boots == "0.2.0"


def test_a_tree_that_moved_from_distillery_to_mix_is_mix() -> None:
    told = facts(Flavour.AUTO, ["distillery", "mix"], releases=b"13 0.2.0", var=b"13 0.1.0")
    assert (told.flavour, told.boots) == (Flavour.MIX, "0.2.0")


def test_a_configured_flavour_overrides_what_the_tree_shows() -> None:
    told = facts(Flavour.MIX, ["distillery"], releases=b"13 0.2.0", var=b"13 0.1.0")
    assert (told.flavour, told.boots) == (Flavour.MIX, "0.2.0")


def test_what_is_not_known_is_no_change() -> None:
    told = release_facts("/opt/app", Flavour.AUTO, [], {}, [b"0.2.0"], Running())
    assert (told.runs, told.boots, told.restart_changes) == (None, None, False)
    assert (told.runs_by, told.flavour) == ("", Flavour.AUTO)
    assert told.versions == ("0.2.0",)


@given(st.binary(max_size=300))
def test_any_bytes_as_a_command_line(cmdline: bytes) -> None:
    running = parse_cmdline(cmdline)
    assert running.node is None or running.node.isprintable()
    assert running.release.odd.isprintable()
