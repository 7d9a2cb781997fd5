"""A host's copy of an operation's log: it grows from the state that is known, and old ones go."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tui.commands.operation_copy import (
    KEPT_ENDED,
    MOVED,
    PART_BYTES,
    CopyState,
    grow_copy,
    parse_state,
)
from tui.model.fleet import App

NONE = CopyState.of(b"")
APP = App("billing", "billing_prod.service", "/srv/billing")


def grown(
    root: Path, op: str, more: bytes, known: CopyState = NONE, keep: int = 0, kept: int = KEPT_ENDED
) -> tuple[int, bytes]:
    """(exit status, stdout) of the text that runs on the host, run here."""
    command = grow_copy(App("billing", "billing_prod.service", str(root)), op, known, keep, more)
    _, _, inner, feed, *words = (str(word) for word in command.argv)
    assert words[-1] == str(KEPT_ENDED)
    done = subprocess.run(
        ["/bin/sh", "-c", inner, "beamdeck", *words[:-1], str(kept)],
        input=feed.encode(),
        capture_output=True,
        check=False,
        timeout=20,
    )
    assert not done.stderr
    return done.returncode, done.stdout


def test_it_grows_from_the_state_that_is_known_and_from_no_other(tmp_path: Path) -> None:
    status, said = grown(tmp_path, "op1", b"one\n")
    first = parse_state(said)
    assert (status, first) == (0, CopyState.of(b"one\n"))
    status, said = grown(tmp_path, "op1", b"two\n", first, keep=4)
    assert (status, parse_state(said)) == (0, CopyState.of(b"one\ntwo\n"))
    status, said = grown(tmp_path, "op1", b"other\n", first, keep=4)
    assert (status, parse_state(said)) == (MOVED, CopyState.of(b"one\ntwo\n"))
    file = tmp_path / ".beamdeck" / "ops" / "op1.jsonl"
    assert file.read_bytes() == b"one\ntwo\n"
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_new_one_makes_the_oldest_ended_ones_go_with_their_steps(tmp_path: Path) -> None:
    end = b'{"event":"end"}\n'
    for day in range(1, 7):
        content = b'{"event":"plan"}\n' + (b"" if day == 2 else end)
        assert grown(tmp_path, f"2026110{day}T000000Z-aa", content)[0] == 0
    steps = tmp_path / ".beamdeck" / "steps"
    steps.mkdir()
    for day in (1, 2, 5):
        for kind in ("run", "pid", "out", "exit"):
            (steps / f"2026110{day}T000000Z-aa-3.{kind}").touch()
    # One that goes on is no new one.
    ops = tmp_path / ".beamdeck" / "ops"
    known = CopyState.of((ops / "20261106T000000Z-aa.jsonl").read_bytes())
    assert grown(tmp_path, "20261106T000000Z-aa", b"x\n", known, known.size_bytes, kept=3)[0] == 0
    assert len(list(ops.iterdir())) == 6
    assert grown(tmp_path, "20261107T000000Z-aa", b"x\n", kept=3)[0] == 0
    left = sorted(path.name[:8] for path in ops.iterdir())
    assert left == ["20261102", "20261105", "20261106", "20261107"], "the one without an end stays"
    assert sorted({path.name[:8] for path in steps.iterdir()}) == ["20261102", "20261105"]


def test_too_much_for_one_command_and_an_odd_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too many"):
        grow_copy(APP, "op1", NONE, 0, b"x" * (PART_BYTES + 1))
    with pytest.raises(ValueError, match="no name"):
        grow_copy(APP, "../op1", NONE, 0, b"x")
