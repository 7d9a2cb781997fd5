"""The export of a journal: private, whole, and never over another file unasked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal_fakes import entry, ordinary_night
from tui.model.journal import Entry
from tui.operations.export import ExportFailed, export_lines


def test_entries_are_written_as_text_for_oneself_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        size = export_lines(ordinary_night(), tmp_path / "out.txt")
    finally:
        os.umask(before)
    text = (tmp_path / "out.txt").read_text()
    assert (tmp_path / "out.txt").stat().st_mode & 0o777 == 0o600
    assert size == len(text.encode())
    assert text.splitlines()[1].startswith("2018-06-04T03:07:41.204Z web2 ERROR Application")
    assert text.endswith("\n")


def test_a_file_that_exists_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_text("mine")
    with pytest.raises(ExportFailed, match="exists"):
        export_lines([entry("x")], tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text() == "mine"


def test_replacing_puts_a_private_file_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_text("mine")
    (tmp_path / "out.txt").chmod(0o644)
    export_lines([entry("x")], tmp_path / "out.txt", replace=True)
    assert "x" in (tmp_path / "out.txt").read_text()
    assert (tmp_path / "out.txt").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


@pytest.mark.parametrize("replace", [False, True])
def test_a_link_is_never_written_through(tmp_path: Path, replace: bool) -> None:
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "out.txt").symlink_to(tmp_path / "elsewhere")
    if replace:
        export_lines([entry("x")], tmp_path / "out.txt", replace=True)
        assert not (tmp_path / "out.txt").is_symlink()
    else:
        with pytest.raises(ExportFailed):
            export_lines([entry("x")], tmp_path / "out.txt")
    assert (tmp_path / "elsewhere").read_text() == "precious"


@pytest.mark.parametrize("replace", [False, True])
def test_nothing_is_left_of_what_could_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replace: bool
) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    target = tmp_path / ("kept.txt" if replace else "out.txt")

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tui.operations.export.format_line", full)
    with pytest.raises(ExportFailed, match="No space left on device"):
        export_lines([entry("x")], target, replace=replace)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]
    assert (tmp_path / "kept.txt").read_text() == "mine"


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ExportFailed, match="No such file or directory"):
        export_lines([entry("x")], tmp_path / "none" / "out.txt")


def test_any_iterable_will_do(tmp_path: Path) -> None:
    def entries() -> Iterator[Entry]:
        yield entry("one")
        yield entry("two")

    export_lines(entries(), tmp_path / "out.txt")
    assert len((tmp_path / "out.txt").read_text().splitlines()) == 2
