"""A configuration from a repository runs no command on the operator's machine (R13)."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests.ssh.bed import Bed, World
from tests.ssh.conftest import until, up
from tests.ssh.test_variants import write_config
from tui.model.fleet import Host
from tui.model.host import LinkState
from tui.ssh.failure import LinkFailure
from tui.ssh.foreign import check_foreign

RUNS = {
    "match exec": 'Match exec "touch {ran}"\nUser x',
    "match host exec": 'Match host web1 exec "touch {ran}"\nUser x',
    "match negated": 'Match !exec "touch {ran}"\nUser x',
    "match equals": 'Match=exec "touch {ran}"\nUser x',
    "match quoted": '"Match" "exec" "touch {ran}"\nUser x',
    "match broken word": 'Match e"x"ec "touch {ran}"\nUser x',
    "match upper": 'MATCH EXEC "touch {ran}"\nUser x',
    "match tabs": '\tMatch\texec\t"touch {ran}"\nUser x',
    "proxy": "ProxyCommand touch {ran}",
    "proxy equals": "ProxyCommand=touch {ran}",
    "proxy quoted": '"ProxyCommand" touch {ran}',
    "proxy in host": "Host web1\n  proxycommand touch {ran}",
    "include": "Include {home}/repository/more",
    "include home": "Include ~/repository/more",
    "include relative": "Include ../repository/more",
    "include glob": "Include {home}/repository/mor*",
    "include variable": "Include ${HOME}/repository/more",
    "include token": "Include %d/repository/more",
}


def repository(world: World, text: str) -> str:
    """A file outside ~/.ssh, with another beside it that runs a command."""
    folder = world.folder / "repository"
    folder.mkdir()
    (world.folder / ".ssh").mkdir(exist_ok=True)
    (folder / "more").write_text(f'Match exec "touch {world.folder}/ran"\nUser x\n')
    fill = text.replace("{ran}", f"{world.folder}/ran").replace("{home}", str(world.folder))
    (folder / "ssh_config").write_text(fill + "\n")
    return str(folder / "ssh_config")


@pytest.mark.parametrize("variant", RUNS)
@pytest.mark.parametrize("openssh", [True, False], ids=["openssh", "asyncssh"])
async def test_a_repositorys_ssh_config_runs_nothing(
    world: World, bed: Bed, variant: str, openssh: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not openssh:
        monkeypatch.setattr("tui.ssh.resolve.shutil.which", lambda name: None)
    started: list[object] = []
    real = subprocess.Popen.__init__

    def spied(process: object, args: object, *more: object, **named: object) -> None:
        started.append(args)
        real(process, args, *more, **named)  # type: ignore[call-overload,misc]  # passed on

    monkeypatch.setattr(subprocess.Popen, "__init__", spied)
    fleet = world.fleet(Host("web1"), ssh_config=(repository(world, RUNS[variant]),))
    fleet.start()
    session = fleet.sessions["web1"]
    link = await until(session, LinkState.NO_ADDRESS)  # type: ignore[arg-type]
    assert "runs a command here" in link.detail
    await asyncio.sleep(0.05)
    assert started == []
    assert not (world.folder / "ran").exists()
    assert bed.connections == []


async def test_a_repositorys_plain_ssh_config_is_read(world: World, bed: Bed) -> None:
    world.know(bed)
    (files,) = write_config(world, bed, f"UserKnownHostsFile {world.known_hosts}")
    path = repository(world, f"# Match exec in a comment\nProxyCommand none\nInclude {files}")
    await up(world.fleet(Host("web1"), ssh_config=(path,)))


def test_the_operators_own_files_may(tmp_path: Path) -> None:
    own = tmp_path / ".ssh"
    own.mkdir()
    (own / "config").write_text("ProxyCommand nc %h %p\n")
    check_foreign([str(own / "config"), "~/.ssh/config", "/etc/ssh/ssh_config"], str(tmp_path))
    outside = tmp_path / "outside"
    outside.write_text("Include config\n")  # relative: in ~/.ssh
    check_foreign([str(outside)], str(tmp_path))


def test_a_link_in_ssh_is_the_operators_and_a_way_around_it_is_not(tmp_path: Path) -> None:
    own = tmp_path / ".ssh"
    own.mkdir()
    (tmp_path / "dotfiles").write_text("ProxyCommand nc %h %p\n")
    (own / "config").symlink_to(tmp_path / "dotfiles")
    check_foreign([str(own / "config")], str(tmp_path))
    for around in (f"{own}/../dotfiles", f"{own}/./../dotfiles", f"{tmp_path}/.ssh2"):
        (tmp_path / ".ssh2").write_text("ProxyCommand nc %h %p\n")
        with pytest.raises(LinkFailure):
            check_foreign([around], str(tmp_path))


def test_includes_that_come_back_to_themselves_end(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(f"Include {tmp_path}/a\n")
    with pytest.raises(LinkFailure):
        check_foreign([str(tmp_path / "a")], str(tmp_path))
