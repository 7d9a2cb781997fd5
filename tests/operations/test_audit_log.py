"""The audit's chain: who and when, every tampering named, nothing written twice or half."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.errors import RecordUnwritable
from tui.model.audit import GENESIS, AuditRecord, chained, check_chain
from tui.operations.audit_log import AuditLog, verify
from tui.operations.chain_file import ChainFile

NOW = 1_528_081_680.123


def log(folder: Path) -> AuditLog:
    return AuditLog(folder / "audit" / "audit.jsonl", lambda: NOW)


def filled(folder: Path, count: int = 5) -> AuditLog:
    audit = log(folder)
    for number in range(count):
        audit.write(AuditRecord("begin", op=f"op{number}", step=number, host="web1"))
    return audit


def test_a_record_says_who_when_where_and_what(tmp_path: Path) -> None:
    audit = log(tmp_path)
    digest = audit.write(AuditRecord("begin", host="web1", before=(("pid", "4711"),), step=0))
    (line,) = audit.path.read_bytes().splitlines()
    record = json.loads(line)
    assert record["utc"] == "2018-06-04T03:08:00.123+00:00"
    assert record["hash"] == digest
    assert (record["schema"], record["seq"], record["prev_hash"]) == (1, 1, GENESIS)
    assert record["before"] == {"pid": "4711"}
    assert record["step"] == 0
    for name in ("os_user", "client_host", "tty", "tool", "pid", "monotonic_s"):
        assert name in record
    assert "detail" not in record


def test_the_os_user_is_the_system_s_word_not_the_environment_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USER", "somebody-else")
    monkeypatch.setenv("LOGNAME", "somebody-else")
    audit = filled(tmp_path, 1)
    assert json.loads(audit.path.read_bytes())["os_user"] != "somebody-else"


def test_rights_are_0600_under_any_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        audit = filled(tmp_path, 2)
    finally:
        os.umask(before)
    assert stat.S_IMODE(audit.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(audit.path.parent.stat().st_mode) == 0o700


def test_a_symlink_in_its_place_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("")
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "audit.jsonl").symlink_to(target)
    with pytest.raises(RecordUnwritable):
        filled(tmp_path, 1)
    assert target.read_text() == ""


def test_a_whole_chain_verifies(tmp_path: Path) -> None:
    assert verify(filled(tmp_path).path) == ""


def test_each_tampering_is_named_by_its_first_bad_line(tmp_path: Path) -> None:
    path = filled(tmp_path).path
    lines = path.read_bytes().splitlines(keepends=True)

    def problem(changed: list[bytes]) -> str:
        path.write_bytes(b"".join(changed))
        return verify(path)

    assert problem([lines[0], *lines[2:]]).startswith("line 2:")
    assert problem([lines[0], lines[2], lines[1], *lines[3:]]).startswith("line 2:")
    assert problem([*lines[:3], lines[2], *lines[3:]]).startswith("line 4:")
    assert problem([*lines[:4], lines[4].rstrip(b"\n")]).startswith("line 5: it was never written")
    assert problem([lines[0].replace(b"web1", b"web2"), *lines[1:]]).startswith(
        "line 1: its content"
    )
    assert problem([lines[0].replace(b",", b", ", 1), *lines[1:]]).startswith("line 1: its bytes")
    assert problem([*lines[:2], b"\n", *lines[2:]]).startswith("line 3: this is not JSON")
    # A forged line whose own hash fits still does not follow the one before it.
    forged, _ = chained({"event": "begin"}, 3, GENESIS)
    assert problem([*lines[:2], forged, *lines[3:]]).startswith("line 3: it does not follow")
    assert problem(lines) == ""


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_every_flipped_byte_is_found(place: int, flip: int) -> None:
    lines = []
    digest = GENESIS
    for number in range(4):
        line, digest = chained({"event": "begin", "detail": f"ünï {number}"}, number + 1, digest)
        lines.append(line)
    data = bytearray(b"".join(lines))
    data[place % len(data)] ^= flip
    ends = [0]
    for line in lines:
        ends.append(ends[-1] + len(line))
    bad = next(i for i in range(4) if place % len(data) < ends[i + 1])
    changed = bytes(data)
    split = [piece + b"\n" for piece in changed.split(b"\n")[:-1]]
    tail = changed.rpartition(b"\n")[2]
    problem = check_chain([*split, *([tail] if tail else [])])
    assert problem.startswith(f"line {bad + 1}:")


def test_a_torn_line_is_cut_off_and_the_chain_goes_on(tmp_path: Path) -> None:
    audit = filled(tmp_path, 2)
    with audit.path.open("ab") as file:
        file.write(b'{"event":"beg')
    audit.write(AuditRecord("end"))
    assert verify(audit.path) == ""
    assert len(audit.path.read_bytes().splitlines()) == 3


def test_a_last_line_that_was_changed_is_not_continued(tmp_path: Path) -> None:
    audit = filled(tmp_path, 2)
    audit.path.write_bytes(audit.path.read_bytes().replace(b"op1", b"op9"))
    with pytest.raises(RecordUnwritable):
        audit.write(AuditRecord("end"))


def test_a_full_disk_is_unwritable_and_leaves_a_whole_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = filled(tmp_path, 2)
    # The first write takes a part, the rest meets the full disk.
    monkeypatch.setattr(os, "write", _full_after_a_part(os.write))
    with pytest.raises(RecordUnwritable, match="No space left"):
        audit.write(AuditRecord("begin"))
    monkeypatch.undo()
    audit.write(AuditRecord("end"))
    assert verify(audit.path) == ""
    assert len(audit.path.read_bytes().splitlines()) == 3


def test_a_chain_held_open_goes_on_after_a_write_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ops" / "x.jsonl"
    with ChainFile(path, new=True) as chain:
        chain.append({"event": "plan"})
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", _full_after_a_part(os.write))
            with pytest.raises(RecordUnwritable):
                chain.append({"event": "intent"})
        chain.append({"event": "end"})
    assert verify(path) == ""
    assert [json.loads(line)["event"] for line in path.read_bytes().splitlines()] == ["plan", "end"]


def _full_after_a_part(real: Callable[[int, bytes], int]) -> Callable[[int, bytes], int]:
    wrote: list[int] = []

    def write(fd: int, data: bytes) -> int:
        if wrote:
            raise OSError(28, "No space left on device")
        wrote.append(1)
        return real(fd, data[:40])

    return write


def test_a_new_file_s_name_is_on_disk_before_its_first_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []

    def note(fd: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{fd}"))

    monkeypatch.setattr(os, "fsync", note)
    audit = filled(tmp_path, 2)
    assert synced == [str(audit.path.parent), str(audit.path), str(audit.path)]


def test_a_failed_sync_is_unwritable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = filled(tmp_path, 1)

    def fail(_fd: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(RecordUnwritable, match="Input/output"):
        audit.write(AuditRecord("begin"))


def test_a_chain_that_another_console_holds_is_waited_for_then_unwritable(tmp_path: Path) -> None:
    audit = filled(tmp_path, 1)
    with ChainFile(audit.path), pytest.raises(RecordUnwritable, match="another console"):
        ChainFile(audit.path, wait_s=0.05)
    audit.write(AuditRecord("end"))


def _writes(path: str, count: int) -> None:
    audit = AuditLog(Path(path), lambda: NOW)
    for _ in range(count):
        audit.write(AuditRecord("begin", op=str(os.getpid())))


def test_consoles_that_write_at_once_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit" / "audit.jsonl"
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_writes, args=(str(path), 20)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    assert verify(path) == ""
    assert len(path.read_bytes().splitlines()) == 60
