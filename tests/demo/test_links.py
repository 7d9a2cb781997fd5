"""What goes through a host's link beside commands, and what becomes of the link itself."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import asyncssh
import pytest

from tests.demo.conftest import Connect, Shell
from tui.demo.fleet import DemoFleet


async def test_forwarding_reaches_the_hosts_own_ports(
    demo_fleet: DemoFleet, connect: Connect
) -> None:
    for name in ("web1", "web2"):
        machine = demo_fleet.machines[name]
        shell = await connect(demo_fleet, name)
        machine.http.healthy = name == "web1"
        answer = await _get(shell, int(machine.http.port))
        assert answer.startswith(b"HTTP/1.1 200" if name == "web1" else b"HTTP/1.1 503")
        with pytest.raises(asyncssh.ChannelOpenError) as nothing:
            await shell.connection.open_connection("127.0.0.1", 1)
        assert nothing.value.code == asyncssh.OPEN_CONNECT_FAILED
        # Something else listens on this machine: it is none of the host's business.
        with socket.create_server((machine.loopback, 0)) as other:
            with pytest.raises(asyncssh.ChannelOpenError) as foreign:
                await shell.connection.open_connection("127.0.0.1", other.getsockname()[1])
            assert foreign.value.code == asyncssh.OPEN_CONNECT_FAILED
        machine.forwarding = False
        with pytest.raises(asyncssh.ChannelOpenError) as forbidden:
            await shell.connection.open_connection("127.0.0.1", int(machine.http.port))
        assert forbidden.value.code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED


async def _get(shell: Shell, port: int) -> bytes:
    reader, writer = await shell.connection.open_connection("127.0.0.1", port, encoding=None)
    writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    return bytes(await reader.read())


async def test_dev_tcp_in_bash_reaches_the_same(demo_fleet: DemoFleet, connect: Connect) -> None:
    for name in ("web1", "web3"):
        machine = demo_fleet.machines[name]
        machine.http.healthy = name == "web1"
        shell = await connect(demo_fleet, name)
        ask = (
            'bash -c \'exec 3<>"/dev/tcp/$1/$2"; printf "GET /health HTTP/1.0\\r\\n\\r\\n" >&3; '
            f"head -1 <&3' x 127.0.0.1 {machine.http.port}"
        )
        status = "200 OK" if name == "web1" else "503 Service Unavailable"
        assert (await shell.run(ask)).out == f"HTTP/1.1 {status}\r\n"


async def test_sftp_is_shut_into_the_root(demo_fleet: DemoFleet, shell: Shell) -> None:
    machine = demo_fleet.machines["web1"]
    async with shell.connection.start_sftp_client() as sftp:
        await sftp.makedirs("up")
        async with sftp.open("up/new", "wb") as file:
            await file.write(b"two")
        async with sftp.open("up/old", "wb") as file:
            await file.write(b"one")
        with pytest.raises(asyncssh.SFTPError):
            await sftp.rename("up/new", "up/old")
        await sftp.posix_rename("up/new", "up/old")
        where = str(await sftp.realpath("up/old"))
        assert not await sftp.exists("/etc/passwd")
        assert not await sftp.exists("../../../../../../etc/passwd")
        boot = f"{machine.beam.tree.seen}/releases/start_erl.data"
        async with sftp.open(boot, "rb") as file:
            content: Any = await file.read()
            assert content == b"13.1.5 0.2.0"
    # What SFTP calls a file is what the shell calls it.
    assert (await shell.run(f"cat {where}")).out == "two"


async def test_one_path_is_another_folder_on_each_host(
    demo_fleet: DemoFleet, connect: Connect
) -> None:
    path = f"{demo_fleet.app.root}/releases/start_erl.data"
    found = {
        name: (await (await connect(demo_fleet, name)).run(f"cat {path}")).out
        for name in demo_fleet.machines
    }
    assert found == {"web1": "13.1.5 0.2.0", "web2": "13.1.5 0.2.0", "web3": "13.1.5 0.3.0"}


async def test_black_hole_is_silent_and_heals(demo_fleet: DemoFleet, connect: Connect) -> None:
    machine = demo_fleet.machines["web1"]
    shell = await connect(demo_fleet)
    machine.black_hole(True)
    running = asyncio.create_task(shell.run("echo through"))
    done, _ = await asyncio.wait([running], timeout=0.3)
    assert not done
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(connect(demo_fleet), 0.2)
    machine.black_hole(False)
    assert (await running).out == "through\n"
    assert (await (await connect(demo_fleet)).run("echo new")).out == "new\n"


async def test_keepalives_notice_a_black_hole(demo_fleet: DemoFleet, connect: Connect) -> None:
    shell = await connect(demo_fleet, keepalive_interval=0.1, keepalive_count_max=2)
    demo_fleet.machines["web1"].black_hole(True)
    async with asyncio.timeout(5):
        await shell.connection.wait_closed()


async def test_refused_and_back_on_the_same_port(demo_fleet: DemoFleet, connect: Connect) -> None:
    machine = demo_fleet.machines["web1"]
    port = machine.port
    await machine.refuse_connections()
    with pytest.raises(ConnectionRefusedError):
        await connect(demo_fleet)
    await machine.refuse_connections(False)
    assert machine.port == port
    assert (await (await connect(demo_fleet)).run("echo ok")).out == "ok\n"


async def test_a_link_is_cut_after_n_bytes(demo_fleet: DemoFleet, connect: Connect) -> None:
    demo_fleet.machines["web1"].sshd.wire.cut_after = 8000
    shell = await connect(demo_fleet)
    done = await shell.run("head -c 100000 /dev/zero")
    assert done.status is None
    assert len(done.out) < 8000
