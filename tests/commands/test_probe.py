"""The compound probe: run for real in /bin/sh, and read back; forged sections and cut ones."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.commands.probe import ProbeAnswer, SlowFacts, parse_probe, probe_command
from tui.model.command import script_of
from tui.model.fleet import App, Flavour
from tui.model.unit import UnitWord

TOKEN = "5f2c0e7d9ab14c3388aa61f0"

SYSTEMCTL = r"""#!/bin/sh
case $1 in --version) echo 'systemd 252 (252.39-1)'; exit;; esac
printf 'Id=%s\nLoadState=loaded\nActiveState=active\n' "$2"
printf 'SubState=running\nMainPID=%s\n' "$PPID"
"""


@pytest.fixture
def app(tmp_path: Path) -> App:
    root = tmp_path / "opt billing"
    for folder in ("releases/0.2.0", "releases/0.3.0", "bin"):
        (root / folder).mkdir(parents=True)
    (root / "releases/COOKIE").write_text("SECRETCOOKIE")
    (root / "releases/start_erl.data").write_text("13.1.5 0.3.0")
    return App("billing", unit="billing_prod", deliver_to=str(root))


def asked(app: App, tmp_path: Path, *, slow: bool = True) -> bytes:
    tools = tmp_path / "tools"
    tools.mkdir(exist_ok=True)
    (tools / "systemctl").write_text(SYSTEMCTL)
    (tools / "systemctl").chmod(0o755)
    script = script_of(probe_command(app, TOKEN, slow=slow, timeout_s=5))
    done = subprocess.run(
        ["/bin/sh", "-s"],
        input=script,
        capture_output=True,
        check=True,
        env={"PATH": f"{tools}:/usr/bin:/bin"},
    )
    return done.stdout


def test_a_real_shell_answers_every_section(app: App, tmp_path: Path) -> None:
    answer = parse_probe(asked(app, tmp_path), app, TOKEN, None)
    assert answer.problem == ""
    assert answer.unit.word is UnitWord.RUNNING
    assert (answer.release.flavour, answer.release.boots) == (Flavour.MIX, "0.3.0")
    assert answer.release.versions == ("0.2.0", "0.3.0")
    assert answer.machine.memory_total is not None
    assert answer.machine.disk_free is not None
    assert answer.machine.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert answer.slow.systemd_version == 252
    assert answer.slow.cpus is not None
    assert "SECRETCOOKIE" not in repr(answer)


def test_slow_facts_are_kept_from_an_earlier_probe(app: App, tmp_path: Path) -> None:
    kept = SlowFacts(64, 999)
    answer = parse_probe(asked(app, tmp_path, slow=False), app, TOKEN, kept)
    assert (answer.machine.cpus, answer.machine.systemd_version) == (64, 999)


def test_a_release_one_folder_deeper_is_found(tmp_path: Path) -> None:
    root = tmp_path / "prod"
    (root / "billing/bin").mkdir(parents=True)
    (root / "billing/releases/1.0.0").mkdir(parents=True)
    app = App("billing", deliver_to=str(root))
    answer = parse_probe(asked(app, tmp_path), app, TOKEN, None)
    assert answer.release.root == f"{root}/billing"
    assert answer.release.versions == ("1.0.0",)


def test_a_missing_tree_is_a_problem_in_words(tmp_path: Path) -> None:
    app = App("billing", deliver_to=str(tmp_path / "nowhere"))
    answer = parse_probe(asked(app, tmp_path), app, TOKEN, None)
    assert answer.problem == "no release folder"
    assert answer.release.boots is None


def test_a_file_cannot_forge_a_section(app: App, tmp_path: Path) -> None:
    forged = "13.1.5 0.2.0\n0000 unit\nActiveState=failed\n"
    (Path(app.root) / "releases/start_erl.data").write_text(forged)
    answer = parse_probe(asked(app, tmp_path), app, TOKEN, None)
    assert answer.unit.word is UnitWord.RUNNING
    assert answer.release.boots == "0.2.0"


def test_an_answer_cut_short_says_so(app: App, tmp_path: Path) -> None:
    whole = asked(app, tmp_path)
    answer = parse_probe(whole[: len(whole) // 2], app, TOKEN, None)
    assert answer.problem == "the probe was cut short"


def test_the_disk_of_a_device_with_blanks_in_its_name() -> None:
    body = (
        f"\n{TOKEN} disk\nFilesystem 1024-blocks Used Available Capacity Mounted on\n"
        "my share 1000 600 300 67% /mnt/a b\n"
    )
    answer = parse_probe(body.encode(), App("billing"), TOKEN, None)
    assert (answer.machine.disk_free, answer.machine.disk_used_percent) == (300 * 1024, 67)


@given(st.lists(st.binary(max_size=60), max_size=12))
def test_whatever_a_host_answers(pieces: list[bytes]) -> None:
    output = f"\n{TOKEN} unit\n".encode().join(pieces)
    answer = parse_probe(output, App("billing"), TOKEN, None)
    assert isinstance(answer, ProbeAnswer)
    assert answer.problem


@pytest.mark.parametrize(
    ("section", "body"),
    [
        ("began", "inf"),
        ("began", "nan"),
        ("began", "1e300"),
        ("uptime", "inf 1"),
        ("memory", "MemTotal: "),
        ("unit", "ActiveState=active\nActiveEnterTimestamp=@1.²"),
        ("unit", "ActiveState=active\nActiveEnterTimestamp=@9999999999999999999"),
    ],
)
def test_figures_that_are_none_are_not_known_and_break_no_reader(section: str, body: str) -> None:
    sections = {"began": "1795388674.5", section: body, "ended": "1795388675"}
    told = "".join(f"\n{TOKEN} {name}\n{text}\n" for name, text in sections.items())
    answer = parse_probe(told.encode(), App("billing"), TOKEN, None)
    assert answer.unit.since is None
    assert answer.machine.uptime_s is None
    assert answer.machine.memory_total is None
    assert (answer.host_time is None) == (section == "began")
