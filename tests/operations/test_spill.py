"""The journal's files of this run: private, nameless, bounded, given back."""

from __future__ import annotations

import errno
import gc
import os
import weakref
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from tests.journal_fakes import NOW, entry
from tui.operations import journal_blocks
from tui.operations.spill import Spill
from tui.operations.store import JournalStore


@pytest.fixture(autouse=True)
def _small_blocks() -> Iterator[None]:
    with mock.patch.multiple(journal_blocks, OPEN_BLOCKS=1, BLOCK_ROWS=8):
        yield


def filled(folder: Path | None, count: int, max_bytes: int = 10_000_000) -> JournalStore:
    """A store of `count` lines of 100 characters."""
    store = JournalStore(1_000_000, lambda: NOW, max_bytes, folder)
    for number in range(count):
        store.add("web1", [entry(f"{number:04} {'x' * 95}", at=NOW + number / 1000)])
    return store


def test_the_file_has_no_name_and_is_ours_alone(tmp_path: Path) -> None:
    store = filled(tmp_path / "spilled", 100)
    assert list((tmp_path / "spilled").iterdir()) == []
    assert (tmp_path / "spilled").stat().st_mode & 0o777 == 0o700
    (segment,) = store._spill._segments
    facts = os.fstat(segment.number)
    assert (facts.st_mode & 0o777, facts.st_nlink) == (0o600, 0)
    assert facts.st_size > 80 * 100
    assert [one.message[:4] for one in store.entries] == [f"{n:04}" for n in range(100)]
    assert store.problem == ""


def test_files_are_given_back_when_their_lines_are_dropped(tmp_path: Path) -> None:
    store = filled(tmp_path, 2_000, max_bytes=64 * 1024)
    spill = store._spill
    assert spill.size_bytes <= 64 * 1024
    segments = [weakref.ref(segment) for segment in spill._segments]
    assert len(segments) > 4
    store.clear()
    gc.collect()
    # The one that is written to is kept.
    assert sum(segment() is not None for segment in segments) <= 1


def test_what_stands_still_can_be_read_while_the_store_drops_it(tmp_path: Path) -> None:
    store = filled(tmp_path, 300, max_bytes=64 * 1024)
    first = store.entries[0].message
    frozen = store.entries.frozen()
    kept = list(frozen)
    for number in range(2_000):
        store.add("web1", [entry(f"later {number} {'y' * 90}", at=NOW + 10 + number / 1000)])
    assert store.entries[0].message.startswith("later")
    assert frozen[0].message == first
    assert list(frozen) == kept
    assert [frozen[place] for place in range(0, len(kept), 7)] == kept[::7]


def test_a_folder_that_cannot_be_is_said_and_memory_takes_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = filled(tmp_path / "file" / "below", 100)
    assert len(store.entries) == 100
    assert "Not a directory" in store.problem or "File exists" in store.problem


def test_a_full_disk_bounds_what_is_held(tmp_path: Path) -> None:
    written = 0

    def pwrite(number: int, piece: bytes, offset: int) -> int:
        nonlocal written
        if written > 40_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        written += len(piece)
        return real(number, piece, offset)

    real = os.pwrite
    with (
        mock.patch("tui.operations.spill.MEMORY_BYTES", 20_000),
        mock.patch.object(os, "pwrite", pwrite),
    ):
        store = filled(tmp_path, 2_000)
    assert "No space left" in store.problem
    assert 50 < len(store.entries) < 1_000
    assert store.entries[-1].message.startswith("1999")
    assert store._spill.size_bytes < 60_000


def test_bytes_of_one_spill_are_read_back_in_parts(tmp_path: Path) -> None:
    spill = Spill(tmp_path, 1_000)
    places = [spill.put(bytes([n]) * 300) for n in range(20)]
    assert [place.part(0, 300) for place in places] == [bytes([n]) * 300 for n in range(20)]
    assert places[7].part(10, 20) == b"\x07" * 10
    for place in places[:10]:
        spill.release(place)
    assert spill.size_bytes < 12 * 300
    assert places[0].part(0, 300) == b"\0" * 300, "who holds a place can still read it"
