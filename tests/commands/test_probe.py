"""The compound probe: run for real in /bin/sh, and read back; forged sections and cut ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.commands.probe import ProbeAnswer, SlowFacts, parse_probe, probe_command
from tui.model.command import script_of
from tui.model.fleet import App, Flavour
from tui.model.unit import UnitWord

TOKEN = "5f2c0e7d9ab14c3388aa61f0"
NOBODY = 65534

SYSTEMCTL = r"""#!/bin/sh
case $1 in --version) echo 'systemd 252 (252.39-1)'; exit;; esac
printf 'Id=%s\nLoadState=loaded\nActiveState=active\nActiveEnterTimestamp=@1795388674\n' "$2"
printf 'SubState=running\nExecMainPID=1\nMainPID=%s\n' "${MAIN_PID:-$PPID}"
"""
# Before 247 the option is unknown: usage on stderr, exit 1.
OLD_SYSTEMCTL = r"""#!/bin/sh
case "$*" in *--timestamp*) echo "unrecognized option '--timestamp=unix'" >&2; exit 1;; esac
case $1 in --version) echo 'systemd 241 (241)'; exit;; esac
printf 'LoadState=loaded\nActiveState=active\nMainPID=0\n'
printf 'ActiveEnterTimestamp=Sun 2026-11-22 23:04:34 CET\nActiveEnterTimestampMonotonic=1000000\n'
"""
SHELLS = [shell for shell in ("sh", "dash", "bash", "busybox") if shutil.which(shell)]


@pytest.fixture
def app(tmp_path: Path) -> App:
    root = tmp_path / "opt billing"
    for folder in ("releases/0.2.0", "releases/0.3.0", "bin"):
        (root / folder).mkdir(parents=True)
    (root / "releases/COOKIE").write_text("SECRETCOOKIE")
    (root / "releases/start_erl.data").write_text("13.1.5 0.3.0")
    return App("billing", unit="billing_prod", deliver_to=str(root))


def asked(
    app: App,
    tmp_path: Path,
    *,
    slow: bool = True,
    shell: str = "sh",
    systemctl: str = SYSTEMCTL,
    user: int | None = None,
    runs: str | None = None,
    **env: str,
) -> bytes:
    tools = tmp_path / "tools"
    tools.mkdir(exist_ok=True)
    (tools / "systemctl").write_text(systemctl)
    (tools / "systemctl").chmod(0o755)
    argv = ["busybox", "sh", "-s"] if shell == "busybox" else [shell, "-s"]
    done = subprocess.run(
        argv,
        input=script_of(probe_command(app, TOKEN, slow=slow, timeout_s=5, runs=runs)),
        capture_output=True,
        check=True,
        timeout=20,
        user=user,
        env={"PATH": f"{tools}:/usr/bin:/bin", **env},
    )
    return done.stdout


def read(app: App, tmp_path: Path, **options: object) -> ProbeAnswer:
    return parse_probe(asked(app, tmp_path, **options), app, TOKEN, None)  # type: ignore[arg-type]


@contextmanager
def beam(*words: str) -> Iterator[str]:
    """A process with a node's command line; gives its PID."""
    code = "import sys, time; print(flush=True); time.sleep(60)"
    argv = [sys.executable, "-c", code, "--", *words]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as node:
        assert node.stdout is not None
        node.stdout.readline()
        try:
            yield str(node.pid)
        finally:
            node.kill()


# -- a real shell --------------------------------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS)
def test_a_real_shell_answers_every_section(app: App, tmp_path: Path, shell: str) -> None:
    answer = read(app, tmp_path, shell=shell)
    assert (answer.whole, answer.problem) == (True, "")
    assert answer.unit.word is UnitWord.RUNNING
    assert answer.unit.since == 1_795_388_674.0
    assert (answer.release.flavour, answer.release.boots) == (Flavour.MIX, "0.3.0")
    assert answer.release.root == app.root
    assert answer.release.versions == ("0.2.0", "0.3.0")
    assert answer.machine.memory_total is not None
    assert answer.machine.disk_free is not None
    assert answer.machine.load_1m is not None
    assert answer.machine.booted_at is not None
    assert answer.machine.journal_persistent is Path("/var/log/journal").is_dir()
    assert answer.machine.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert answer.slow is not None
    assert answer.slow.systemd_version == 252
    assert answer.machine.cpus is not None
    assert "SECRETCOOKIE" not in repr(answer)


def test_the_disk_is_that_of_the_releases_folder(app: App, tmp_path: Path) -> None:
    answer = read(app, tmp_path)
    there = os.statvfs(app.root)
    total, free = answer.machine.disk_total, answer.machine.disk_free
    assert total is not None
    assert free is not None
    assert total == pytest.approx(
        (there.f_blocks - there.f_bfree + there.f_bavail) * there.f_frsize, rel=0.01
    )
    assert free == pytest.approx(there.f_bavail * there.f_frsize, rel=0.05)


def test_a_running_node_is_told_by_its_boot_path_and_keeps_its_cookie(
    app: App, tmp_path: Path
) -> None:
    words = ("-setcookie", "SECRETCOOKIE", "-sname", "billing@web1")
    with beam(*words, "-boot", f"{app.root}/releases/0.2.0/start") as pid:
        answer = read(app, tmp_path, MAIN_PID=pid)
    assert (answer.release.runs, answer.release.runs_by) == ("0.2.0", "boot path")
    assert answer.release.node == "billing@web1"
    assert answer.release.restart_changes
    assert "SECRETCOOKIE" not in repr(answer)


def test_a_main_process_that_may_not_be_seen_or_is_gone_is_no_problem(
    app: App, tmp_path: Path
) -> None:
    answer = read(app, tmp_path, MAIN_PID="4194303")
    assert answer.whole
    assert (answer.release.runs, answer.problem) == (None, "")


def test_slow_facts_are_kept_from_an_earlier_probe(app: App, tmp_path: Path) -> None:
    kept = SlowFacts(64, 999)
    answer = parse_probe(asked(app, tmp_path, slow=False), app, TOKEN, kept)
    assert (answer.machine.cpus, answer.machine.systemd_version) == (64, 999)
    assert answer.slow is None


def test_files_that_are_newer_than_the_process_want_a_restart(app: App, tmp_path: Path) -> None:
    started = 1795388674
    folder = Path(app.root) / "releases/0.2.0"
    for name, at in (("vm.args", started + 2), ("env.sh", started + 1), ("runtime.exs", 1)):
        (folder / name).write_text("x")
        os.utime(folder / name, (at, at))
    assert read(app, tmp_path, runs="0.2.0").release.changed == ("vm.args",)
    assert read(app, tmp_path, runs="0.3.0").release.changed == ()
    assert read(app, tmp_path).release.changed == ()


def test_before_systemd_247_times_are_counted_from_the_boot(app: App, tmp_path: Path) -> None:
    answer = read(app, tmp_path, systemctl=OLD_SYSTEMCTL)
    booted_at, since = answer.machine.booted_at, answer.unit.since
    assert booted_at is not None
    assert since == pytest.approx(booted_at + 1.0)
    assert answer.unit.word is UnitWord.RUNNING


def test_a_systemd_that_does_not_answer_is_a_problem_in_words(app: App, tmp_path: Path) -> None:
    answer = read(app, tmp_path, systemctl="#!/bin/sh\nexit 1\n")
    assert answer.problem == "systemd did not answer"
    assert answer.release.boots == "0.3.0"


# -- where the release is ------------------------------------------------------------------


@pytest.mark.parametrize("deep", ["", "billing", "billing/billing"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_release_is_found_under_deliver_to_as_deep_as_edeliver_unpacks_it(
    tmp_path: Path, deep: str, slash: str
) -> None:
    root = tmp_path / "prod" / deep
    (root / "bin").mkdir(parents=True)
    (root / "bin/billing").write_text("#!/bin/sh\n")
    (root / "releases/1.0.0").mkdir(parents=True)
    # What lies about in a home folder is no release.
    (tmp_path / "prod/releases").mkdir(exist_ok=True)
    answer = read(App("billing", deliver_to=f"{tmp_path}/prod{slash}"), tmp_path)
    assert answer.release.root == str(root)
    assert answer.release.versions == ("1.0.0",)


def test_signs_of_the_tool_without_a_cookie_file(tmp_path: Path) -> None:
    for sign, flavour in (
        ("releases/1.0.0/env.sh", Flavour.MIX),
        ("bin/billing_rc_exec.sh", Flavour.DISTILLERY),
        ("bin/nodetool", Flavour.AUTO),
        ("bin/billing_loader.sh", Flavour.DISTILLERY),
    ):
        root = tmp_path / sign.replace("/", "_")
        (root / "releases").mkdir(parents=True)
        (root / sign).parent.mkdir(parents=True, exist_ok=True)
        (root / sign).write_text("")
        if "loader" in sign:
            (root / "bin/nodetool").write_text("")
        app = App("billing", deliver_to=str(root))
        assert read(app, tmp_path).release.flavour is flavour, sign


def test_relx_is_told_by_its_launcher(tmp_path: Path) -> None:
    root = tmp_path / "prod"
    (root / "bin").mkdir(parents=True)
    (root / "bin/billing").write_text('#!/bin/sh\nrelx_usage() {\n  echo "$RELX_REPLACE"\n}\n')
    app = App("billing", deliver_to=str(root))
    answer = read(app, tmp_path)
    assert answer.release.flavour is Flavour.RELX
    later = parse_probe(asked(app, tmp_path, slow=False), app, TOKEN, answer.slow)
    assert later.release.flavour is Flavour.RELX


def test_relx_boots_what_its_launcher_names(tmp_path: Path) -> None:
    root = tmp_path / "prod"
    for folder in ("bin", "releases/1.0.0", "releases/1.1.0"):
        (root / folder).mkdir(parents=True)
    (root / "releases/start_erl.data").write_text("13.1.5 1.0.0")
    launcher = root / "bin/billing"
    # As Debian's rebar3 3.19 writes it.
    lines = ('REL_NAME="billing"', 'REL_VSN="1.1.0"', 'ERTS_VSN="13.1.5"', "relx_usage() {")
    launcher.write_text("\n".join(lines))
    app = App("billing", deliver_to=str(root))
    release = read(app, tmp_path).release
    assert (release.boots, release.boots_erts) == ("1.1.0", "13.1.5")
    launcher.write_text('REL_VSN="$(cat x)"\nrelx_usage() {\n')
    assert read(app, tmp_path).release.boots == "1.0.0", "of a launcher that names none, the file"
    launcher.write_text("\n".join(lines))
    (root / "releases/COOKIE").write_text("x")
    (root / "releases/1.0.0/env.sh").write_text("")
    assert read(app, tmp_path).release.boots == "1.0.0", "a mix release goes by the file"


def test_a_missing_tree_is_a_problem_in_words(tmp_path: Path) -> None:
    answer = read(App("billing", deliver_to=str(tmp_path / "nowhere/at/all")), tmp_path)
    assert answer.problem == "no release folder"
    assert answer.release.boots is None
    # The disk is that of the file system where it would be.
    assert answer.machine.disk_total is not None


def test_an_empty_tree_is_a_problem_in_words(tmp_path: Path) -> None:
    (tmp_path / "prod").mkdir()
    answer = read(App("billing", deliver_to=str(tmp_path / "prod")), tmp_path)
    assert answer.problem == "no releases in the release folder"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize("closed", ["home", "home/prod", "home/prod/releases"])
def test_a_tree_that_may_not_be_looked_into_says_where(open_folder: Path, closed: str) -> None:
    (open_folder / "home/prod/releases/1.0.0").mkdir(parents=True)
    (open_folder / "home/prod/releases/start_erl.data").write_text("13 1.0.0")
    app = App("billing", deliver_to=str(open_folder / "home/prod"))
    (open_folder / closed).chmod(0o700 if os.getuid() == 0 else 0o000)
    try:
        answer = read(app, open_folder, user=NOBODY if os.getuid() == 0 else None)
    finally:
        (open_folder / closed).chmod(0o755)
    assert answer.problem == f"no right to look into {open_folder / closed}"
    assert answer.release.boots is None
    assert answer.unit.word is UnitWord.RUNNING
    assert answer.machine.disk_total is not None


# -- hostile hosts -------------------------------------------------------------------------


def test_a_file_cannot_forge_a_section_even_if_it_knew_the_token(app: App, tmp_path: Path) -> None:
    forged = f"{TOKEN} unit\nActiveState=failed\n"
    (Path(app.root) / "releases/start_erl.data").write_text(forged)
    (Path(app.root) / f"releases/x\n{TOKEN} memory\nMemTotal: 1").mkdir()
    answer = read(app, tmp_path)
    assert answer.unit.word is UnitWord.RUNNING
    assert answer.release.boots is None


def test_a_pipe_in_the_place_of_a_file_does_not_hold_the_probe(app: App, tmp_path: Path) -> None:
    data = Path(app.root) / "releases/start_erl.data"
    data.unlink()
    os.mkfifo(data)
    answer = read(app, tmp_path)
    assert answer.whole
    assert answer.release.boots is None


def test_however_many_releases_there_are_the_answer_stays_small(app: App, tmp_path: Path) -> None:
    for number in range(700):
        (Path(app.root) / f"releases/1.0.{number}+{'x' * 100}").mkdir()
    answer = read(app, tmp_path)
    assert answer.whole
    assert len(answer.release.versions) == 400


def test_the_folder_is_one_of_those_asked_about_whatever_a_host_says() -> None:
    told = f"\n{TOKEN} root\n/etc/$(reboot)\nreadable\n\n{TOKEN} ended\n1\n"
    app = App("billing", deliver_to="/opt/billing/")
    assert parse_probe(told.encode(), app, TOKEN, None).release.root == "/opt/billing"


def test_an_answer_cut_short_says_so(app: App, tmp_path: Path) -> None:
    output = asked(app, tmp_path)
    assert not parse_probe(output[: len(output) // 2], app, TOKEN, None).whole


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
    assert not answer.whole


NAMES = ("began", "root", "unit", "cmdline", "start.releases", "versions", "load", "uptime",
         "boot", "memory", "disk", "journal", "slow", "ended")  # fmt: skip


@given(st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=80)))
def test_any_bytes_in_any_section(sections: dict[str, bytes]) -> None:
    output = b"".join(f"\n{TOKEN} {name}\n".encode() + body for name, body in sections.items())
    answer = parse_probe(output, App("billing"), TOKEN, None)
    assert repr(answer).isprintable()


@pytest.mark.parametrize(
    ("section", "body"),
    [
        ("began", "inf"),
        ("began", "nan"),
        ("began", "1e300"),
        ("began", "1795388674.%N"),
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
