"""systemd-run of the demo: a step that outlives its link, found again by its name."""

from __future__ import annotations

import os
import signal

from tests.demo.conftest import Shell, until
from tui.demo.fleet import DemoFleet


async def test_systemd_run_is_an_idempotency_key(shell: Shell) -> None:
    run = "sudo -n systemd-run --unit=op-1 --remain-after-exit --property=Type=exec"
    first = await shell.run(f"{run} sh -c 'echo once'")
    assert (first.status, first.err) == (0, "Running as unit: op-1.service\n")
    again = await shell.run(f"{run} sh -c 'echo twice'")
    assert again.status == 1
    assert again.err == (
        "Failed to start transient service unit: "
        "Unit op-1.service was already loaded or has a fragment file.\n"
    )
    shown = await shell.run("systemctl show op-1 -p LoadState,SubState,ExecMainStatus,Transient")
    assert shown.out == "ExecMainStatus=0\nLoadState=loaded\nSubState=exited\nTransient=yes\n"
    log = await shell.run("journalctl -u op-1 -o cat -t sh -t systemd")
    assert "once\n" in log.out
    assert "twice\n" not in log.out


async def test_systemd_run_survives_its_client_and_forgets(
    demo_fleet: DemoFleet, shell: Shell
) -> None:
    client = await shell.process(
        "echo $$; exec sudo -n systemd-run --unit=op-2 --wait sleep 0.4 2>/dev/null"
    )
    pid = int(await client.stdout.readline())
    units = demo_fleet.machines["web1"].units
    await until(lambda: "op-2.service" in units and units["op-2.service"].child is not None)
    os.kill(pid, signal.SIGKILL)
    await client.wait_closed()
    assert (await shell.run("systemctl is-active op-2")).out == "active\n"
    await shell.run("while systemctl is-active -q op-2; do sleep 0.02; done")
    gone = await shell.run("systemctl show op-2 -p LoadState,Result,ExecMainStatus")
    assert gone.out == "Result=success\nExecMainStatus=0\nLoadState=not-found\n"


async def test_systemd_run_pipes(shell: Shell) -> None:
    done = await shell.run(
        "sudo -n systemd-run -q --unit=op-3 --pipe --wait sh -c 'cat; echo bad >&2; exit 3'", b"in"
    )
    assert (done.status, done.out, done.err) == (3, "in", "bad\n")
    denied = await shell.run("systemd-run --unit=op-4 true")
    assert denied.err == "Failed to start transient service unit: Access denied\n"
