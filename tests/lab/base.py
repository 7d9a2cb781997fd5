"""The roots below the hosts: a minimal Debian, one with PostgreSQL and Elixir, the releases."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.lab.recipe import APPLICATION, BASE_PACKAGES, BUILD_PACKAGES, SUITE, VERSIONS, digest
from tests.lab.shell import LabError, run

SOURCES = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d"))


def mirror() -> str:
    """The Debian mirror that this machine's own apt uses."""
    files = [SOURCES[0], *sorted(SOURCES[1].glob("*"))] if SOURCES[1].is_dir() else [SOURCES[0]]
    for path in files:
        if path.is_file():
            for line in path.read_text().splitlines():
                found = re.search(r"(?:^deb .*?|^URIs:\s*)(https?://\S+/debian)/?(?:\s|$)", line)
                if found:
                    return found[1]
    raise LabError("no Debian mirror in this machine's apt sources")


def build(cache: Path) -> Path:
    """The folder with `base`, `build` and `releases`, made if it is not there; about 2 minutes."""
    folder = cache / digest()
    if (folder / "complete").exists():
        return folder
    working = cache / f"{digest()}.making"
    _unmount_inside(working)
    shutil.rmtree(working, ignore_errors=True)
    working.mkdir(parents=True)
    base, root = working / "base", working / "build"
    older = _reusable(cache)
    if older is not None:
        run("cp", "-a", "--reflink=auto", str(older / "base"), str(base))
        run("cp", "-a", "--reflink=auto", str(older / "build"), str(root))
    else:
        packages = f"--include={BASE_PACKAGES}"
        run("debootstrap", "--variant=minbase", packages, SUITE, str(base), mirror())
        run("cp", "-a", "--reflink=auto", str(base), str(root))
        _install(root)
    _compile(root, working / "releases")
    (working / "packages").write_text(_packages())
    (working / "complete").write_text("")
    working.rename(folder)
    return folder


def _packages() -> str:
    return f"{SUITE} {BASE_PACKAGES} {BUILD_PACKAGES}"


def _reusable(cache: Path) -> Path | None:
    """An older cache of the same packages: only the application has to be built again."""
    for marker in sorted(cache.glob("*/complete")):
        packages = marker.parent / "packages"
        if packages.exists() and packages.read_text() == _packages():
            return marker.parent
    return None


def _install(root: Path) -> None:
    (root / "etc/apt/sources.list").write_text(f"deb {mirror()} {SUITE} main\n")
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    script = (
        "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "
        f"--no-install-recommends {BUILD_PACKAGES} && apt-get clean"
    )
    _in_root(root, script)
    policy.unlink()


def _compile(root: Path, target: Path) -> None:
    source = root / "src"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(APPLICATION, source)
    _in_root(root, "sh /src/build.sh")
    target.mkdir()
    for version in VERSIONS:
        shutil.move(source / f"_build/prod/billing-{version}.tar.gz", target)
    shutil.rmtree(source)


def _in_root(root: Path, script: str) -> None:
    run("mount", "-t", "proc", "proc", str(root / "proc"))
    run("mount", "--bind", "/dev", str(root / "dev"))
    try:
        run("chroot", str(root), "/bin/sh", "-c", script, timeout_s=1200)
    finally:
        run("umount", str(root / "dev"), str(root / "proc"))


def _unmount_inside(folder: Path) -> None:
    """Nothing of an interrupted run may stay mounted when its folder is removed."""
    for line in reversed(Path("/proc/mounts").read_text().splitlines()):
        target = line.split()[1]
        if target.startswith(f"{folder}/"):
            run("umount", target)
