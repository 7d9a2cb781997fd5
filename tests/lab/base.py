"""The roots below the hosts: a minimal Debian, one with PostgreSQL and Elixir, the releases."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.lab.recipe import (
    APPLICATION,
    BASE_PACKAGES,
    BUILD_PACKAGES,
    RELAY_VERSIONS,
    SUITE,
    VERSIONS,
    packages_digest,
    releases_digest,
)
from tests.lab.shell import LabError, alone, run, unmount_below

SOURCES = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d"))

# Mounts and processes of its own, which end with this process, also when it is killed.
CONTAINED = (
    "setpriv", "--pdeathsig", "KILL",
    "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
)  # fmt: skip


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


def build(cache: Path) -> tuple[Path, Path]:
    """The folder of the roots (`base`, `build`) and that of the archives, made if missing.

    About 100 s from nothing, 15 s when only the application changed.
    """
    roots = cache / f"roots-{packages_digest()}"
    releases = cache / f"releases-{releases_digest()}"
    with alone(cache / "lock"):
        for interrupted in cache.glob("*.making"):
            _remove(interrupted)
        if not roots.is_dir():
            _make_roots(roots.with_suffix(".making")).rename(roots)
        if not releases.is_dir():
            _make_releases(roots, releases.with_suffix(".making")).rename(releases)
    return roots, releases


def drop(cache: Path) -> None:
    """Remove the cache, and what an interrupted build left in it."""
    if cache.is_dir():
        with alone(cache / "lock"):
            _remove(cache)


def _remove(folder: Path) -> None:
    unmount_below(folder)
    shutil.rmtree(folder)


def _make_roots(folder: Path) -> Path:
    base, root = folder / "base", folder / "build"
    folder.mkdir(parents=True)
    packages = f"--include={BASE_PACKAGES}"
    run(*CONTAINED, "debootstrap", "--variant=minbase", packages, SUITE, str(base), mirror())
    shutil.rmtree(base / "var/cache/apt/archives")
    run("cp", "-a", "--reflink=auto", str(base), str(root))
    (root / "etc/apt/sources.list").write_text(f"deb {mirror()} {SUITE} main\n")
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    _in_root(
        root,
        "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "
        f"--no-install-recommends {BUILD_PACKAGES} && apt-get clean && "
        "rm -rf /var/lib/apt/lists/*",
    )
    policy.unlink()
    return folder


def _make_releases(roots: Path, folder: Path) -> Path:
    """Compile in a passing overlay of the build root, which stays as it was."""
    root = folder / "root"
    for name in ("upper", "work", "root"):
        (folder / name).mkdir(parents=True)
    options = f"lowerdir={roots / 'build'},upperdir={folder / 'upper'},workdir={folder / 'work'}"
    run("mount", "-t", "overlay", "overlay", "-o", options, str(root))
    try:
        shutil.copytree(APPLICATION, root / "src")
        _in_root(root, "sh /src/build.sh")
        for version in VERSIONS:
            shutil.copy(root / f"src/_build/prod/billing-{version}.tar.gz", folder)
        for version in RELAY_VERSIONS:
            built = root / "src/relay/_build/default/rel/relay"
            shutil.copy(built / f"relay-{version}.tar.gz", folder)
    finally:
        run("umount", str(root))
    for name in ("upper", "work", "root"):
        shutil.rmtree(folder / name)
    return folder


def _in_root(root: Path, script: str) -> None:
    inside = (
        f"mount -t proc proc {root}/proc && mount --bind /dev {root}/dev && "
        f'exec chroot {root} /usr/bin/env -i PATH="$PATH" HOME=/root LC_ALL=C.UTF-8 /bin/sh -c "$0"'
    )
    run(*CONTAINED, "/bin/sh", "-ec", inside, script, timeout_s=1200)
