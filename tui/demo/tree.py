"""A release on disk as `mix release` lays it out: real folders and files in a host's sandbox."""

from __future__ import annotations

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
_NEW_IN = {"0.3.0": (("telemetry_app", "1.0.0"),)}
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
    """Write a release folder that holds `versions` and boots `boots`."""

    def write(name: str, content: str | bytes, mode: int = 0o644) -> None:
        sandbox.write(f"{inside}/{name}", content, mode)

    write(f"bin/{APP}", _LAUNCHER, 0o755)
    write("releases/COOKIE", cookie)
    write("releases/start_erl.data", f"{ERTS} {boots}")
    for program in ("beam.smp", "erl", "erlexec", "epmd", "inet_gethost"):
        write(f"erts-{ERTS}/bin/{program}", "#!/bin/sh\n# no VM in the demo\nexit 1\n", 0o755)
    for version in versions:
        for name, content in release_files(version).items():
            write(name, content)
    tree = ReleaseTree(sandbox.root / inside, sandbox.seen(inside))
    (tree.real / "tmp").mkdir()
    _age(tree.real)
    return tree


def _age(folder: Path) -> None:
    """Let the release be older than what runs from it: it was deployed some days ago."""
    at = time.time() - DEPLOYED_AGO_S
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (at, at), follow_symlinks=False)


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


def write_archive(path: Path, version: str, cookie: str) -> None:
    """Write the archive that `mix release` makes of a version (`:tar`): no top folder."""
    files = release_files(version)
    files |= {f"bin/{APP}": _LAUNCHER, "releases/COOKIE": cookie}
    files["releases/start_erl.data"] = f"{ERTS} {version}"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in sorted(files.items()):
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mode = 0o755 if name.startswith("bin/") else 0o644
            archive.addfile(member, io.BytesIO(data))


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
