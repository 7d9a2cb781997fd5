"""The embedded sshd behaves as OpenSSH's does (reliability.md T6), for both kinds of client."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import asyncssh
import pytest

from tests.conftest import MakeFleet
from tests.demo.conftest import Connect, Shell, until
from tui.demo.fleet import DemoFleet


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except FileNotFoundError:
        return False


async def test_exit_status_signal_and_streams(shell: Shell) -> None:
    done = await shell.run("cat; echo err >&2; exit 3", b"in\x00\xff")
    assert (done.status, done.out, done.err) == (3, "in\x00\\xff", "err\n")
    killed = await shell.run("kill -KILL $$")
    assert (killed.status, killed.signal) == (None, "KILL")
    assert (await shell.run("nosuchprogram")).status == 127


async def test_script_on_stdin_of_a_constant_shell(shell: Shell) -> None:
    done = await shell.run("exec /bin/sh -s", b"echo $((40 + 2))\nexit 5\n")
    assert (done.status, done.out) == (5, "42\n")


async def test_a_silent_command_outlives_its_channel(
    demo_fleet: DemoFleet, shell: Shell, tmp_path: Path
) -> None:
    proof = tmp_path / "done"
    process = await shell.process(f"echo $$; sleep 0.4; touch {proof}")
    await process.stdout.readline()
    process.close()
    await process.wait_closed()
    assert not proof.exists()
    await until(proof.exists)


async def test_a_writing_command_dies_of_sigpipe(shell: Shell, tmp_path: Path) -> None:
    proof = tmp_path / "status"
    process = await shell.process(f"sh -c 'while echo line; do :; done'; echo $? >{proof}")
    await process.stdout.readline()
    process.close()
    await process.wait_closed()
    await until(lambda: proof.exists() and bool(proof.read_text()))
    assert proof.read_text() == "141\n"


async def test_a_lost_connection_sends_no_signal_either(
    demo_fleet: DemoFleet, shell: Shell, tmp_path: Path
) -> None:
    proof = tmp_path / "done"
    process = await shell.process(f"echo on; sleep 0.3; touch {proof}")
    await process.stdout.readline()
    demo_fleet.machines["web1"].drop_connections()
    await shell.connection.wait_closed()
    await until(proof.exists)


async def test_a_terminal_gets_sighup(shell: Shell) -> None:
    process = await shell.process("echo $$; exec sleep 60", term_type="xterm")
    pid = int(await process.stdout.readline())
    assert alive(pid)
    process.close()
    await process.wait_closed()
    await until(lambda: not alive(pid))


async def test_a_terminal_is_one(shell: Shell) -> None:
    done = await shell.run("tty; stty size; exit 4", term_type="xterm", term_size=(123, 45))
    assert done.status == 4
    assert done.out.startswith("/dev/pts/")
    assert "45 123" in done.out
    plain = await shell.run("tty")
    assert (plain.status, plain.out) == (1, "not a tty\n")


async def test_an_interactive_shell_answers(shell: Shell) -> None:
    process = await shell.process(None, term_type="xterm")
    process.stdin.write(b"echo answer=$((6 * 7))\nexit 7\n")
    output = await process.stdout.read()
    await process.wait_closed()
    assert b"answer=42" in output
    assert process.exit_status == 7


async def test_a_background_process_holds_the_channel_open(shell: Shell) -> None:
    begun = time.monotonic()
    done = await shell.run("sleep 0.3 & echo started")
    assert done.out == "started\n"
    assert time.monotonic() - begun >= 0.3


async def test_the_eleventh_session_is_refused(shell: Shell) -> None:
    held = [await shell.process("sleep 30") for _ in range(10)]
    with pytest.raises(asyncssh.ChannelOpenError) as refused:
        await shell.run("true")
    assert refused.value.code == asyncssh.OPEN_CONNECT_FAILED
    for process in held:
        process.close()
        await process.wait_closed()
    await until_runs(shell)


async def until_runs(shell: Shell) -> None:
    """A channel's place is free again when the server has seen it close."""
    async with asyncio.timeout(5):
        while True:
            try:
                assert (await shell.run("true")).status == 0
            except asyncssh.ChannelOpenError:
                await asyncio.sleep(0.01)
            else:
                return


async def test_a_client_that_stops_reading_stops_the_command(
    demo_fleet: DemoFleet, connect: Connect, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    shell = await connect(demo_fleet)
    script = f"i=0; while :; do i=$((i+1)); echo $i >{count}; head -c 65536 /dev/zero; done"
    process = await shell.process(script, window=65536)
    await until(count.exists)
    before = -1
    async with asyncio.timeout(10):
        while (now := _number(count)) != before or now < 0:
            before = now
            await asyncio.sleep(0.3)
    assert before * 65536 < 4 * 1024 * 1024
    for _ in range(40):
        await process.stdout.readexactly(65536)
    await until(lambda: _number(count) > before)


def _number(path: Path) -> int:
    text = path.read_text().strip()
    return int(text) if text else -1


async def test_stdin_waits_for_a_slow_command(shell: Shell) -> None:
    data = os.urandom(1 << 20)
    process = await shell.process("sleep 0.2; sha256sum")
    for at in range(0, len(data), 10_007):
        process.stdin.write(data[at : at + 10_007])
    process.stdin.write_eof()
    said = await process.stdout.read()
    assert said.split()[0] == hashlib.sha256(data).hexdigest().encode()


async def test_signals_are_delivered(shell: Shell) -> None:
    process = await shell.process(
        "trap 'echo got; exit 9' USR1; echo on; while :; do sleep 0.05; done"
    )
    await process.stdout.readline()
    process.send_signal("USR1")
    assert await process.stdout.readline() == b"got\n"
    await process.wait_closed()
    assert process.exit_status == 9


async def test_only_lang_and_lc_come_through(shell: Shell) -> None:
    wanted = {"LC_TIME": "C", "LANG": "C", "SECRET": "x"}
    done = await shell.run("echo $LC_TIME-$LANG-$SECRET-$USER", env=wanted)
    assert done.out == "C-C--devops\n"


async def test_login_shell_is_the_users_own(demo_fleet: DemoFleet, connect: Connect) -> None:
    demo_fleet.machines["web1"].login_shell = "/bin/bash"
    shell = await connect(demo_fleet)
    assert (await shell.run("echo ${BASH_VERSION:+bash} $SHELL")).out == "bash /bin/bash\n"


async def test_strict_keys(demo_fleet: DemoFleet, connect: Connect, tmp_path: Path) -> None:
    machine = demo_fleet.machines["web1"]
    with pytest.raises(asyncssh.PermissionDenied):
        await connect(demo_fleet, user="stranger")
    other = asyncssh.generate_private_key("ssh-ed25519")
    with pytest.raises(asyncssh.PermissionDenied):
        await asyncssh.connect(
            "127.0.0.1",
            machine.port,
            username="devops",
            client_keys=[other],
            known_hosts=str(demo_fleet.known_hosts),
            config=None,
        )
    await machine.change_host_key()
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        await connect(demo_fleet)


async def test_openssh_agrees(demo_fleet: DemoFleet, tmp_path: Path) -> None:
    if shutil.which("ssh") is None:
        pytest.skip("OpenSSH's client is not installed: its view of the demo's sshd is NOT tested")
    machine = demo_fleet.machines["web1"]

    def ssh(*words: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        options = [
            *("-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"),
            *("-o", f"UserKnownHostsFile={demo_fleet.known_hosts}", "-i", str(demo_fleet.identity)),
            *("-o", "IdentitiesOnly=yes", "-p", str(machine.port), "devops@127.0.0.1"),
        ]
        return subprocess.run(
            ["ssh", *options, *words], input=data, capture_output=True, timeout=20
        )

    done = await asyncio.to_thread(
        ssh, "cat; systemctl is-active billing_prod; exit 6", data=b"x\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (6, b"x\nactive\n", b"")
    quick = await asyncio.to_thread(ssh, "-tt", "tty; exit 2")
    assert quick.returncode == 2
    assert quick.stdout.startswith(b"/dev/pts/")


async def test_nothing_is_left(make_fleet: MakeFleet, connect: Connect) -> None:
    fleet = DemoFleet(("solo",), chatter=False)
    await fleet.open()
    folder = fleet.folder
    shell = await connect(fleet, "solo")
    held = await shell.process("setsid sleep 300 >/dev/null & echo $! $$; exec sleep 301")
    pids = [int(word) for word in (await held.stdout.readline()).split()]
    pids.append(fleet.machines["solo"].unit.state.main_pid)
    assert all(alive(pid) for pid in pids)
    await until(lambda: os.getsid(pids[0]) == pids[0])  # it has left the group of its shell
    await fleet.close()
    assert not any(alive(pid) for pid in pids)
    assert not folder.exists()
