"""What is recorded of a console, and which lines are held."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tui.headless_replay import replay
from tui.model.console_guard import slip, typed_on
from tui.operations.cast import NotRecorded, Recorder


def recorder(path: Path) -> Recorder:
    now = iter(range(1_800_000_000, 1_800_001_000))
    return Recorder(path, 80, 24, "web1 remote", lambda: float(next(now)))


def events(path: Path) -> list[tuple[float, str, str]]:
    head, *rest = map(json.loads, path.read_text().splitlines())
    assert (head["version"], head["width"], head["height"]) == (2, 80, 24)
    return [tuple(event) for event in rest]


def test_output_is_kept_as_it_came_and_is_private(tmp_path: Path) -> None:
    file = tmp_path / "a.cast"
    made = recorder(file)
    for piece in (
        b"ie",
        b"x> 1",
        b" + 1\r\n",
        "\x1b[33m日".encode()[:7],
        "日".encode()[2:],
        b"\x1b[0m",
    ):
        made.output(piece, whole_screen=False)
    made.typed("1 + 1")
    made.resized(100, 30)
    made.close()
    assert file.stat().st_mode & 0o777 == 0o600
    assert "".join(text for _, kind, text in events(file) if kind == "o") == (
        "iex> 1 + 1\r\n\x1b[33m日\x1b[0m"
    )
    assert [(k, t) for _, k, t in events(file) if k != "o"] == [("i", "1 + 1\r"), ("r", "100x30")]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_secret_is_found_however_it_is_cut(tmp_path: Path, size: int) -> None:
    file = tmp_path / f"{size}.cast"
    made = recorder(file)
    data = b"\x1b[33mDATABASE_URL=ecto://app:h0rse-batt3ry@db/prod\x1b[0m\r\nnext line\r\n"
    for at in range(0, len(data), size):
        made.output(data[at : at + size], whole_screen=False)
    made.typed("x = ecto://app:h0rse-batt3ry@db/prod")
    made.close()
    assert "h0rse" not in file.read_text()
    assert "next line" in "".join(text for _, kind, text in events(file) if kind == "o")


def test_a_flood_is_left_out_and_said(tmp_path: Path) -> None:
    file = tmp_path / "a.cast"
    made = Recorder(file, 80, 24, "web1 shell", lambda: 1_800_000_000.0)
    for _ in range(200):
        made.output(b"y\r\n" * 4096, whole_screen=False)
    made.close()
    assert file.stat().st_size < 1_000_000
    assert "characters of a flood left out" in events(file)[-1][2]


def test_a_recording_is_never_written_over_another(tmp_path: Path) -> None:
    recorder(tmp_path / "a.cast").close()
    with pytest.raises(NotRecorded):
        recorder(tmp_path / "a.cast")


def test_replay_shows_the_last_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    transcript = Path(__file__).parents[1] / "transcripts" / "iex_remote.cast"
    assert replay(transcript, speed=1, longest_s=0, dump=True) == 0
    said = capsys.readouterr().out
    assert "** (RuntimeError) boom" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    "line",
    [
        "System.halt()",
        "System.halt 0",
        ":init.stop()",
        ":init.stop",
        "System.stop(1)",
        "x = Billing.Repo.delete_all(Billing.Invoice)",
        "Invoice |> Repo.delete_all()",
        "Ecto.Migrator.run(Billing.Repo, :down, all: true)",
        "DROP TABLE invoices;",
        "delete from invoices;",
        "bin/billing stop",
        "sudo systemctl stop billing",
        "sudo reboot",
        "rm -rf releases",
    ],
)
def test_slips_are_seen(line: str) -> None:
    assert slip(line)


@pytest.mark.parametrize(
    "line",
    [
        "1 + 1",
        "System.system_time()",
        "Repo.all(Invoice)",
        "Ecto.Migrator.migrations(Repo)",
        "delete from invoices where id = 4;",
        "systemctl status billing",
        "bin/billing version",
        "select * from stops",
        "Application.spec(:billing)",
    ],
)
def test_what_is_harmless_is_not_held(line: str) -> None:
    assert slip(line) == ""


@pytest.mark.parametrize(
    ("shown", "typed"),
    [
        ("iex(billing@web1)12> System.halt()", "System.halt()"),
        ("...(12)> end", "end"),
        ("devops@web1:~$ bin/billing stop", "bin/billing stop"),
        ("no prompt here", "no prompt here"),
    ],
)
def test_what_was_typed_stands_behind_the_prompt(shown: str, typed: str) -> None:
    assert typed_on(shown) == typed
