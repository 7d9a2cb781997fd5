"""The real process behind a simulated VM: it has the VM's name and command line, and waits."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui.demo.children import Child, Start
from tui.demo.tree import APP, ERTS, ReleaseTree

if TYPE_CHECKING:
    from tui.demo.sandbox import Sandbox

# Run by /bin/sh under the name beam.smp: waits on a pipe for its exit status, and ends with the
# fleet's own process, whose end closes the pipe.
_WAIT = """trap 'exit 0' TERM
cd "$RELEASE_ROOT" || exit 1
read -r status
exit "${status:-0}"
"""


@dataclass(slots=True)
class Running:
    """A started VM: the release it booted, and the cookie that it asks for."""

    version: str
    cookie: str
    argv: tuple[str, ...]
    child: Child
    pipe: int


def spawn_vm(sandbox: Sandbox, tree: ReleaseTree, host: str, unit_env: dict[str, str]) -> Running:
    """Start the process of a VM as the unit would, with the unit's environment."""
    env = dict(unit_env)
    version = env.get("RELEASE_VSN") or tree.boot_version()
    cookie = env.get("RELEASE_COOKIE") or tree.cookie()
    argv = vm_argv(tree.seen, host, version, cookie)
    folder = sandbox.root / "run" / "beam"
    folder.mkdir(exist_ok=True)
    (folder / "-root").write_text(_WAIT, encoding="utf-8")
    program = folder / "beam.smp"  # what `ps` and /proc/PID/comm name the process by
    if not program.is_symlink():
        program.symlink_to("/bin/sh")
    env |= {
        "PATH": sandbox.search_path,
        "RELEASE_ROOT": tree.seen,
        "RELEASE_NAME": APP,
        "RELEASE_VSN": version,
    }
    read, write = os.pipe()
    try:
        start = Start(argv, env, str(folder), stdin=read, executable=str(program))
        child = sandbox.spawn(start)
    except OSError:
        os.close(write)
        raise
    finally:
        os.close(read)
    return Running(version, cookie, argv, child, write)


def vm_argv(root: str, host: str, version: str, cookie: str) -> tuple[str, ...]:
    """The command line of beam.smp: the cookie and the release that runs stand in it."""
    erts = f"{root}/erts-{ERTS}/bin"
    return (
        *(f"{erts}/beam.smp", "--", "-root", root, "-bindir", erts, "-progname", "erl"),
        *("--", "-home", str(Path(root).parents[1]), "--", "-noshell", "-s", "elixir"),
        *("start_cli", "-mode", "embedded", "-setcookie", cookie),
        *("-sname", f"{APP}@{host}", "-config", f"{root}/releases/{version}/sys"),
        *("-boot", f"{root}/releases/{version}/start", "-boot_var", "RELEASE_LIB"),
        *(f"{root}/lib", "--", "-extra", "--no-halt"),
    )
