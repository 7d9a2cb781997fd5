"""Files are ours alone under any umask, and nothing is written through a link (R43)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui import paths

UMASKS = (0o000, 0o002, 0o022, 0o077, 0o277, 0o777)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(params=UMASKS, ids=lambda mask: f"umask {mask:03o}")
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    return tmp_path


def test_places_follow_xdg(home: Path) -> None:
    assert paths.config_file() == home / "config" / "beamdeck" / "config.toml"
    assert paths.state_folder() == home / "state" / "beamdeck"
    assert paths.cache_folder() == home / "cache" / "beamdeck"
    assert list(home.iterdir()) == [], "naming a place makes nothing"


@pytest.mark.parametrize("mode", ["w", "a", "x"])
@pytest.mark.usefixtures("umask")
def test_new_files_and_folders(home: Path, mode: str) -> None:
    path = paths.state_folder() / "ops" / "one.jsonl"
    with paths.open_private(path, mode) as file:  # type: ignore[call-overload]  # one of three
        file.write("naïve\n")
    assert path.read_bytes() == "naïve\n".encode()
    assert mode_of(path) == 0o600
    assert {mode_of(folder) for folder in list(path.parents)[:3]} == {0o700}
    assert mode_of(home / "state") == 0o700


@pytest.mark.usefixtures("umask")
def test_rights_that_were_too_wide_are_narrowed(home: Path) -> None:
    folder = paths.private_folder(paths.state_folder())
    file = folder / "audit.jsonl"
    file.write_text("first\n")
    file.chmod(0o664)
    folder.chmod(0o775)
    with paths.open_private(file, "ab") as opened:
        opened.write(b"second\n")
    assert file.read_text() == "first\nsecond\n"
    assert (mode_of(file), mode_of(folder)) == (0o600, 0o700)


def test_writing_replaces_and_appending_adds(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    for mode, text in (("w", "first, and long\n"), ("w", "2\n"), ("a", "3\n")):
        with paths.open_private(path, mode) as file:  # type: ignore[call-overload]  # in turn
            file.write(text)
    assert path.read_text() == "2\n3\n"
    with paths.open_private(path, "rb") as opened:
        assert opened.read() == b"2\n3\n"
    with pytest.raises(FileExistsError):
        paths.open_private(path, "x")


@pytest.mark.usefixtures("home")
def test_folders_of_others_keep_their_rights(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o755)
    with paths.open_private(folder / "report.txt", "w") as file:
        file.write("x")
    assert mode_of(folder) == 0o755
    assert mode_of(folder / "report.txt") == 0o600


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("mode", ["r", "w", "a", "x", "rb", "wb", "ab", "xb"])
def test_links_are_refused(tmp_path: Path, mode: str) -> None:
    target = tmp_path / "target"
    target.write_text("precious")
    target.chmod(0o644)
    soft, hard, fifo = tmp_path / "soft", tmp_path / "hard", tmp_path / "fifo"
    soft.symlink_to(target)
    hard.hardlink_to(target)
    os.mkfifo(fifo)
    for path in (soft, hard, fifo, tmp_path):
        with pytest.raises(OSError):  # noqa: PT011 - the kernel chooses which
            paths.open_private(path, mode)  # type: ignore[call-overload]  # each in turn
    assert target.read_text() == "precious"
    assert mode_of(target) == 0o644


def test_linked_folder_is_refused(home: Path) -> None:
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    (home / "state").mkdir()
    paths.state_folder().symlink_to(elsewhere)
    with pytest.raises(NotADirectoryError):
        paths.open_private(paths.state_folder() / "audit.jsonl", "a")
    assert list(elsewhere.iterdir()) == []


def test_dangling_link_makes_nothing(home: Path) -> None:
    folder = paths.private_folder(paths.state_folder())
    (folder / "audit.jsonl").symlink_to(home / "made")
    with pytest.raises(OSError):  # noqa: PT011 - ELOOP has no class of its own
        paths.open_private(folder / "audit.jsonl", "a")
    assert not (home / "made").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make a file of another user")
def test_files_of_others_are_refused(home: Path) -> None:
    folder = paths.private_folder(paths.state_folder())
    file = folder / "audit.jsonl"
    file.write_text("theirs")
    os.chown(file, 12345, 12345)
    with pytest.raises(PermissionError):
        paths.open_private(file, "w")
    assert file.read_text() == "theirs"
    os.chown(folder, 12345, 12345)
    with pytest.raises(PermissionError):
        paths.open_private(folder / "new", "w")
    assert home.exists()
