"""The timeline on disk: kept over a restart, by two consoles, private, beside the audit."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path

from tui.model.audit import AuditRecord
from tui.model.timeline import Entry, Kind
from tui.operations.audit_log import AuditLog
from tui.operations.timeline_store import TimelineStore

NOW = 1_528_081_680.0
NOTE = Entry(NOW + 1, Kind.NOTE, "pager rang", app="billing", who="ada@desk")


def store(folder: Path) -> TimelineStore:
    return TimelineStore(folder / "timeline.jsonl", folder / "audit.jsonl")


def test_nothing_was_kept_yet(tmp_path: Path) -> None:
    assert store(tmp_path).read().entries == ()
    assert store(tmp_path).read().problems == ()


def test_an_entry_outlives_its_console_and_is_ours_alone(tmp_path: Path) -> None:
    store(tmp_path).add(NOTE)
    assert store(tmp_path).read().entries == (NOTE,)
    assert stat.S_IMODE((tmp_path / "timeline.jsonl").stat().st_mode) == 0o600


def test_the_audit_is_read_and_not_written_again(tmp_path: Path) -> None:
    kept = store(tmp_path)
    audit = AuditLog(tmp_path / "audit.jsonl", lambda: NOW)
    audit.write(AuditRecord("begin", step=0, host="web1", command="systemctl restart x"))
    audit.write(AuditRecord("end", step=0, host="web1", detail="done: restarted"))
    # It happened at the time of the audit's record: what was done stands first.
    back = Entry(NOW, Kind.SERVICE, "started", host="web1")
    kept.add(NOTE)
    kept.add(back)
    kinds = [entry.kind for entry in kept.read().entries]
    assert kinds == [Kind.COMMAND, Kind.OUTCOME, Kind.SERVICE, Kind.NOTE]
    assert b"systemctl" not in (tmp_path / "timeline.jsonl").read_bytes()


def test_a_torn_last_line_is_neither_read_nor_in_the_way(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.add(NOTE)
    with kept.path.open("ab") as file:
        file.write(b'{"entry":{"at":1,')
    assert kept.read().entries == (NOTE,)
    assert kept.read().problems == ()
    kept.add(NOTE)
    assert kept.read().entries == (NOTE, NOTE)


def test_a_changed_line_is_told_and_the_rest_is_shown(tmp_path: Path) -> None:
    kept = store(tmp_path)
    for _ in range(3):
        kept.add(NOTE)
    lines = kept.path.read_bytes().splitlines(keepends=True)
    changed = lines[1].replace(b"pager", b"nobody")
    kept.path.write_bytes(b"".join((lines[0], changed, lines[2])))
    read = kept.read()
    assert read.entries == (NOTE, NOTE)
    assert read.problems[0].startswith("timeline.jsonl was changed or damaged: line 2:")


def test_a_file_that_is_not_ours_to_read_is_told(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.path.symlink_to(tmp_path / "elsewhere")
    assert "timeline.jsonl" in kept.read().problems[0]


def _adds(folder: str, name: str) -> None:
    for number in range(10):
        store(Path(folder)).add(Entry(NOW + number, Kind.NOTE, f"{name} {number}"))


def test_two_consoles_write_at_once(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_adds, args=(str(tmp_path), name)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    read = store(tmp_path).read()
    assert read.problems == ()
    assert {e.text for e in read.entries} == {f"{n} {i}" for n in "ab" for i in range(10)}
