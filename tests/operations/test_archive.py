"""What is deployed is one whole release and nothing else; the rest is refused here (R12)."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.operations.plan_console import plan_console
from tests.security.archives import CORPUS, LIB, Hostile, file, packed, release, special, tar, whole
from tui.demo.fleet import DemoFleet
from tui.demo.machine import Machine
from tui.model import archive as judge
from tui.model.archive import ArchiveRefused
from tui.model.fleet import Flavour
from tui.model.plan import PlanRefused
from tui.operations.archive import read_archive


def written(folder: Path, data: bytes) -> Path:
    path = folder / "billing-0.3.0.tar.gz"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("hostile", CORPUS, ids=lambda hostile: hostile.kind)
@pytest.mark.timeout(20)
def test_refused_with_its_own_sentence(tmp_path: Path, hostile: Hostile) -> None:
    with pytest.raises(ArchiveRefused, match=hostile.said) as refused:
        read_archive(written(tmp_path, hostile.make()), "billing")
    assert refused.value.reason.isprintable()
    assert refused.value.reason.startswith("billing-0.3.0.tar.gz: ")


async def test_nothing_on_a_host_changes_for_any_of_them(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    def seen(machine: Machine) -> dict[str, str]:
        files = (
            p for p in machine.beam.tree.real.rglob("*") if p.is_file() and "/tmp/" not in str(p)
        )
        found = {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
        home = machine.sandbox.root / "home" / "devops"
        return found | {str(p): "" for p in home.rglob("*")}

    machine = demo_fleet.machines["web1"]
    async with plan_console(demo_fleet.environment, demo_fleet.app, tmp_path) as at:
        before = seen(machine)
        for number, hostile in enumerate(CORPUS):
            folder = tmp_path / str(number)
            folder.mkdir()
            path = written(folder, hostile.make())
            with pytest.raises(PlanRefused, match=hostile.said):
                await at.plan("deploy", archive=str(path), hosts="web1")
        assert seen(machine) == before
        assert not (tmp_path / "ops").exists()


def test_a_release_is_told_as_the_host_tells_it(tmp_path: Path) -> None:
    """The digests of its folders are those of the shell text that a host runs."""
    path = written(tmp_path, whole())
    told = read_archive(path, "billing")
    assert (told.version, told.flavour, told.top) == ("0.3.0", Flavour.MIX, "")
    assert told.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert told.migration_versions[-1] == 20180203120000
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["tar", "-xzf", path, "-C", out], check=True)
    assert sum(p.is_file() for p in out.rglob("*")) == told.files
    for folder, digest in told.folders:
        script = 'find "$1" -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum | sha256sum'
        words = ["sh", "-c", script, "sh", folder]
        said = subprocess.run(words, cwd=out, check=True, capture_output=True, text=True).stdout
        assert said.split()[0] == digest, folder


def test_a_top_folder_is_taken_off(tmp_path: Path) -> None:
    told = read_archive(written(tmp_path, packed(tar(release("billing/")))), "billing")
    assert (told.top, told.version) == ("billing/", "0.3.0")
    assert told.folders == read_archive(written(tmp_path, whole()), "billing").folders


def test_links_that_stay_inside_belong_to_it(tmp_path: Path) -> None:
    more = (
        file(f"{LIB}/priv/lib/libx.so.1", b"library"),
        special(f"{LIB}/priv/libx.so", tarfile.SYMTYPE, "lib/libx.so.1"),
        special(f"{LIB}/priv/static", tarfile.SYMTYPE, "../../../lib"),
        special(f"{LIB}/priv/again", tarfile.LNKTYPE, f"{LIB}/priv/lib/libx.so.1"),
    )
    told = read_archive(written(tmp_path, whole(*more)), "billing")
    plain = read_archive(written(tmp_path, whole()), "billing")
    # The hard link is a file of its own on the host; the others are none.
    assert told.files == plain.files + 2
    assert dict(told.folders)[LIB] != dict(plain.folders)[LIB]


def test_the_formats_that_tools_write_are_all_read(tmp_path: Path) -> None:
    long = f"{LIB}/priv/{'deep/' * 40}file.txt"
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=form) as made:
            for member, data in [*release(), file(long)]:
                made.addfile(member, io.BytesIO(data))
        told = read_archive(written(tmp_path, packed(out.getvalue())), "billing")
        assert told.version == "0.3.0"


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "MOST_MEMBERS", 20)
    with pytest.raises(ArchiveRefused, match="more than 20 files"):
        read_archive(written(tmp_path, whole()), "billing")


def test_what_is_kept_of_it_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.operations.archive._KEPT", 300)
    with pytest.raises(ArchiveRefused, match="larger than any of its kind"):
        read_archive(written(tmp_path, whole()), "billing")


async def test_an_archive_of_another_version_than_asked(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    """edeliver takes whatever holds the version as a part of its name."""
    path = written(tmp_path, whole())
    async with plan_console(demo_fleet.environment, demo_fleet.app, tmp_path) as at:
        for version in ("0.3", "0.3.0+1", "3.0"):
            with pytest.raises(PlanRefused, match=r"holds 0\.3\.0, not"):
                await at.plan("deploy", archive=str(path), version=version, hosts="web1")
