"""A release on disk as `mix release` lays it out: real folders and files in a host's sandbox."""

from __future__ import annotations

import gzip
import io
import os
import re
import tarfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui.demo.migrations import FILES

if TYPE_CHECKING:
    from tui.demo.sandbox import Sandbox

APP = "billing"
ERTS = "13.1.5"
INSIDE = "home/billing/prod/billing"
DEPLOYED_AGO_S = 5 * 86400.0
BUILT_AGO_S = {"0.1.0": 60 * 86400.0, "0.2.0": 8 * 86400.0, "0.3.0": 2 * 86400.0, "0.3.1": 3600.0}
_OTP = (
    ("kernel", "8.5.3"),
    ("stdlib", "4.2"),
    ("elixir", "1.14.0"),
    ("sasl", "4.2"),
)
_LIBRARIES = (
    ("iex", "1.14.0"),
    ("asn1", "5.0.21"),
    ("compiler", "8.2.3"),
    ("crypto", "5.1.2"),
    ("db_connection", "2.6.0"),
    ("decimal", "2.1.1"),
    ("ecto", "3.11.2"),
    ("ecto_sql", "3.11.3"),
    ("eex", "1.14.0"),
    ("inets", "8.2.2"),
    ("logger", "1.14.0"),
    ("postgrex", "0.17.5"),
    ("public_key", "1.13.2"),
    ("runtime_tools", "1.19"),
    ("ssl", "10.8.7"),
    ("telemetry", "1.2.1"),
)
_TELEMETRY = (("telemetry_app", "1.0.0"),)
_NEW_IN = {"0.3.0": _TELEMETRY, "0.3.1": _TELEMETRY}
_REL_APP = re.compile(r'\{(\w+),"([^"]+)",(permanent|none)\}')
_LAUNCHER = """#!/bin/sh
# mix release's launcher; in the demo a model of the node answers, not a VM.
exec demo-release "$0" "$@"
"""


def node_apps(version: str) -> tuple[tuple[str, str], ...]:
    """The applications of a release of `version`, in the order of its .rel file."""
    return (*_OTP, (APP, version), *_LIBRARIES, *_NEW_IN.get(version, ()))


@dataclass(frozen=True, slots=True)
class ReleaseTree:
    """The release's folder: `real` on this machine, `seen` by the host's processes."""

    real: Path
    seen: str

    def boot_version(self) -> str:
        """The second word of start_erl.data, or `""`."""
        words = self._read("releases/start_erl.data").split()
        return words[1] if len(words) > 1 else ""

    def cookie(self) -> str:
        """The cookie that a node started now would take."""
        return self._read("releases/COOKIE").strip()

    def _read(self, inside: str) -> str:
        try:
            return (self.real / inside).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def exists(self, version: str) -> bool:
        """Whether `releases/VERSION` can be booted at all."""
        return bool(version) and (self.real / "releases" / version / "env.sh").is_file()

    def missing_app(self, version: str) -> str | None:
        """The first application of the .rel file whose folder is not in `lib`."""
        for name, number, _ in _REL_APP.findall(self._read(f"releases/{version}/{APP}.rel")):
            if not (self.real / "lib" / f"{name}-{number}" / "ebin").is_dir():
                return str(name)
        return None

    def migrations_folder(self, version: str) -> Path:
        """Where the code of `version` keeps its migration files."""
        return self.real / "lib" / f"{APP}-{version}" / "priv" / "repo" / "migrations"


def build_tree(
    sandbox: Sandbox, versions: Sequence[str], boots: str, cookie: str, *, inside: str = INSIDE
) -> ReleaseTree:
    """Write a release folder of `versions` that boots `boots`, as unpacking archives makes it."""
    files: dict[str, str | bytes] = {}
    for version in versions:
        files |= archive_files(version, cookie)
    files["releases/start_erl.data"] = f"{ERTS} {boots}"
    for name, content in files.items():
        sandbox.write(f"{inside}/{name}", content, mode_of(name))
    tree = ReleaseTree(sandbox.root / inside, sandbox.seen(inside))
    (tree.real / "tmp").mkdir()
    _age(tree.real, DEPLOYED_AGO_S)
    for version in versions:
        _age(tree.real / "releases" / version, BUILT_AGO_S[version])
    return tree


def _age(folder: Path, ago_s: float) -> None:
    """Let a folder be older than what runs from it: an archive brings the dates of its build."""
    at = time.time() - ago_s
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (at, at), follow_symlinks=False)


def mode_of(name: str) -> int:
    """The mode of a file of a release by its path: programs may be run."""
    folder, _, last = name.rpartition("/")
    runs = folder == "bin" or folder.startswith("erts-") or last in ("elixir", "iex")
    return 0o755 if runs else 0o644


def archive_files(version: str, cookie: str) -> dict[str, str | bytes]:
    """Every file of a version's archive: its own, and what releases share in one folder."""
    files = release_files(version)
    files |= {f"bin/{APP}": _LAUNCHER, "releases/COOKIE": cookie}
    files["releases/start_erl.data"] = f"{ERTS} {version}"
    for program in ("beam.smp", "erl", "erlexec", "epmd", "inet_gethost"):
        files[f"erts-{ERTS}/bin/{program}"] = "#!/bin/sh\n# no VM in the demo\nexit 1\n"
    return files


def release_files(version: str) -> dict[str, str | bytes]:
    """The files that a release of `version` brings, by their path in the release folder."""
    release = f"releases/{version}"
    files: dict[str, str | bytes] = {
        f"{release}/{APP}.rel": _rel(version),
        f"{release}/env.sh": _ENV_SH,
        f"{release}/vm.args": "## Customize flags given to the VM\n+fnu\n",
        f"{release}/remote.vm.args": "## Customize flags for remote consoles\n",
        f"{release}/sys.config": _SYS_CONFIG,
        f"{release}/runtime.exs": _RUNTIME,
        f"{release}/start.boot": b"\x83h\x03w\x06script" + version.encode(),
        f"{release}/start_clean.boot": b"\x83h\x03w\x06script",
        f"{release}/elixir": "#!/bin/sh\n# no VM in the demo\nexit 1\n",
        f"{release}/iex": "#!/bin/sh\n# no VM in the demo\nexit 1\n",
    }
    for name, number in node_apps(version):
        resource = f'{{application,{name},[{{vsn,"{number}"}}]}}.\n'
        files[f"lib/{name}-{number}/ebin/{name}.app"] = resource
    folder = f"lib/{APP}-{version}/priv/repo/migrations"
    for file in FILES:
        if version in file.releases:
            files[f"{folder}/{file.version}_{file.name}.exs"] = file.source
    return files


def write_archive(path: Path, version: str, cookie: str, built_at: float = 0.0) -> None:
    """Write the archive that `mix release` makes of a version (`:tar`): no top folder.

    Unpacked it is, byte by byte, what `build_tree` writes. `built_at` is Unix seconds.
    """
    files = archive_files(version, cookie)
    folders = {parent for name in files for parent in _parents(name)}
    # The time in gzip's own head would make two archives of the same files differ.
    with (
        gzip.GzipFile(path, "wb", compresslevel=1, mtime=built_at) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for name in sorted({*files, *folders}):
            member = tarfile.TarInfo(name)
            member.mtime = int(built_at)
            if name in folders:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(member)
                continue
            content = files[name]
            data = content.encode() if isinstance(content, str) else content
            member.size, member.mode = len(data), mode_of(name)
            archive.addfile(member, io.BytesIO(data))


def _parents(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _rel(version: str) -> str:
    def line(name: str, number: str) -> str:
        return f'{{{name},"{number}",{"none" if name == "iex" else "permanent"}}}'

    apps = ",\n          ".join(line(*app) for app in node_apps(version))
    return (
        f'%% coding: utf-8\n{{release,{{"{APP}","{version}"}},\n'
        f'         {{erts,"{ERTS}"}},\n         [{apps}]}}.\n'
    )


_ENV_SH = """#!/bin/sh

export RELEASE_DISTRIBUTION=sname
export RELEASE_NODE=${RELEASE_NODE:-billing@$(hostname -s)}
"""
_SYS_CONFIG = """%% coding: utf-8
%% RUNTIME_CONFIG=true
[{billing,[{ecto_repos,['Elixir.Billing.Repo']}]},
 {logger,[{level,info}]}].
"""
_RUNTIME = """import Config

config :billing, Billing.Repo,
  url: System.fetch_env!("DATABASE_URL"),
  pool_size: 10
"""
