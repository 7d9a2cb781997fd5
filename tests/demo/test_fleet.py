"""The fleet as a whole: what a console is given, its scenario, its other faults, its shims."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import MakeFleet
from tests.demo.conftest import Connect, Shell, until
from tui.config import load_config
from tui.demo.fleet import DemoFleet
from tui.demo.scenarios import SCENARIOS
from tui.demo.shims import PERL, PYTHON, shim_text
from tui.model.fleet import HealthKind


async def test_the_config_file_says_what_the_environment_says(make_fleet: MakeFleet) -> None:
    fleet = await make_fleet(production=True, user="restarter")
    config = load_config(fleet.config_path)
    assert config.environments == (fleet.environment,)
    environment = fleet.environment
    assert (environment.name, environment.production) == ("demo", True)
    assert [host.name for host in environment.hosts] == ["web1", "web2", "web3"]
    assert {host.user for host in environment.hosts} == {"restarter"}
    assert len({host.fingerprint for host in environment.hosts}) == 3
    (app,) = environment.apps
    assert app.service == "billing_prod.service"
    assert app.health.kind is HealthKind.HTTP


async def test_everything_is_private(demo_fleet: DemoFleet) -> None:
    assert demo_fleet.folder.stat().st_mode & 0o777 == 0o700
    assert demo_fleet.identity.stat().st_mode & 0o777 == 0o600


async def test_bad_deploy_loops_to_the_limit(make_fleet: MakeFleet, connect: Connect) -> None:
    assert list(SCENARIOS) == ["bad-deploy"]
    fleet = await make_fleet()
    await fleet.play("bad-deploy")
    machine = fleet.machines["web2"]
    await until(lambda: machine.unit.state.active == "failed")
    assert (machine.unit.state.result, machine.unit.state.restarts) == ("exit-code", 5)
    shell = await connect(fleet, "web2")
    log = await shell.run("journalctl -q -u billing_prod -o cat")
    said = "(module :telemetry_app is not available)"
    assert log.out.count(said) == 5
    assert "Start request repeated too quickly." in log.out
    root = fleet.app.root
    assert "0.3.0" in (await shell.run(f"cat {root}/releases/start_erl.data")).out
    assert (await shell.run(f"ls {root}/lib | grep -c telemetry_app")).out == "0\n"
    assert fleet.machines["web1"].unit.state.active == "active"
    # What was wrong can be put right, by hand, as on a real host.
    mend = f"mkdir -p {root}/lib/telemetry_app-1.0.0/ebin; sudo -n systemctl reset-failed"
    await shell.run(f"{mend}; sudo -n systemctl start billing_prod")
    await until(lambda: machine.beam.serving)
    assert machine.beam.vm is not None
    assert machine.beam.vm.version == "0.3.0"


async def test_a_scenario_can_be_under_way_from_the_start(make_fleet: MakeFleet) -> None:
    fleet = await make_fleet(("web1", "web2"), "bad-deploy")
    await until(lambda: fleet.machines["web2"].unit.state.active == "failed")
    with pytest.raises(KeyError):
        await fleet.play("nosuch")


async def test_a_full_disk(demo_fleet: DemoFleet, shell: Shell) -> None:
    machine = demo_fleet.machines["web1"]
    root = demo_fleet.app.root
    before = (await shell.run(f"df -Pk {root} | tail -1")).out.split()
    machine.fill_disk()
    full = (await shell.run(f"df -Pk {root} | tail -1")).out.split()
    assert full[1] == before[1]
    assert full[3:5] == ["0", "100%"]
    assert (await shell.run(f"df --output=avail {root} | tail -1")).out.strip() == "0"
    refused = await shell.run(f"head -c 100 /dev/zero > {root}/new; echo $?; wc -c < {root}/new")
    assert refused.out == "1\n0\n"
    async with shell.connection.start_sftp_client() as sftp:
        assert (await sftp.statvfs(root)).bavail == 0
    machine.fill_disk(False)
    assert (await shell.run(f"echo ok > {root}/new; cat {root}/new")).out == "ok\n"


async def test_programs_that_leave_path_behind_find_the_shims(shell: Shell) -> None:
    names = "systemctl journalctl sudo systemd-run logger"
    done = await shell.run(f"for n in {names}; do command -v $n; done | grep -c /hosts/web1/bin/")
    assert done.out == "5\n"
    bare = await shell.run('env -i PATH="$PATH" systemctl restart billing_prod')
    assert bare.status == 4


@pytest.mark.parametrize("language", [PERL, PYTHON])
async def test_both_shims_speak_the_same(
    demo_fleet: DemoFleet, connect: Connect, language: str
) -> None:
    machine = demo_fleet.machines["web1"]
    text = shim_text(str(machine.sandbox.root / "run" / "calls"), language)
    for name in ("systemctl", "journalctl", "sudo", "systemd-cat"):
        (machine.sandbox.bin / name).unlink()
        machine.sandbox.write(f"bin/{name}", text, 0o755)
    shell = await connect(demo_fleet)
    assert (await shell.run("systemctl is-active billing_prod nosuch")).out == "active\ninactive\n"
    failed = await shell.run("systemctl show --frob")
    assert (failed.status, failed.err) == (1, "systemctl: unrecognized option '--frob'\n")
    ran = await shell.run("sudo -n -u billing sh -c 'cat; id -un; exit 9'", b"stdin ")
    assert (ran.status, ran.out) == (9, "stdin billing\n")
    data = os.urandom(300_000).replace(b"\n", b" ")
    await shell.run("systemd-cat -t blob", data)
    entries = await shell.output("journalctl -q -t blob -o cat")
    assert entries.replace(b"\n", b"") == data
    piped = await shell.run("journalctl -u billing_prod -f -n 1 --no-pager | head -1; echo over")
    assert piped.out.endswith("over\n")
    begun = await shell.run(
        "sh -c 'journalctl -q -f -u billing_prod & echo $!; kill $!; wait $!; echo $?'"
    )
    assert begun.out.endswith("143\n")


async def test_a_shim_of_a_fleet_that_is_gone_says_so(tmp_path: Path) -> None:
    for language in (PERL, PYTHON):
        shim = tmp_path / "systemctl"
        shim.write_text(shim_text(str(tmp_path / "none"), language))
        shim.chmod(0o755)
        process = await asyncio.create_subprocess_exec(
            shim, "show", stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        _, said = await process.communicate()
        assert process.returncode == 127
        assert said == b"systemctl: the simulated host is gone\n"


async def test_fleets_do_not_meet(make_fleet: MakeFleet, connect: Connect) -> None:
    first, second = await make_fleet(("a",)), await make_fleet(("a",))
    for fleet, said in ((first, "one"), (second, "two")):
        fleet.machines["a"].log(said)
        shell = await connect(fleet, "a")
        assert (await shell.run("journalctl -q -u billing_prod -n 1 -o cat")).out == f"{said}\n"
        assert (await shell.run(f"ls -d {fleet.app.root}")).status == 0
    assert first.app.root != second.app.root


async def test_a_frozen_clock_is_every_hosts(make_fleet: MakeFleet, connect: Connect) -> None:
    fleet = await make_fleet(("a",), clock=lambda: 1_795_400_000.25)
    machine = fleet.machines["a"]
    machine.log("frozen")
    shell = await connect(fleet, "a")
    line = await shell.run("journalctl -q -u billing_prod -n 1 -o short-unix")
    assert line.out.startswith("1795400000.250000 a billing[")


def test_a_killed_fleet_leaves_no_process() -> None:
    """SIGKILL of beamdeck itself: the VMs end with it, since their pipe closes."""
    code = (
        "import asyncio, sys\n"
        "from tui.demo.fleet import DemoFleet\n"
        "async def main():\n"
        "    async with DemoFleet(chatter=False) as fleet:\n"
        "        pids = [m.unit.state.main_pid for m in fleet.machines.values()]\n"
        "        print(fleet.folder, *pids, flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=root)
    assert process.stdout is not None
    folder, *words = process.stdout.readline().split()
    pids = [int(word) for word in words]
    assert len(pids) == 3
    process.kill()
    process.wait()
    process.stdout.close()
    shutil.rmtree(folder)
    for pid in pids:
        descriptor = None
        try:
            descriptor = os.pidfd_open(pid)
            os.waitid(os.P_PIDFD, descriptor, os.WEXITED | os.WNOWAIT)
        except (ProcessLookupError, ChildProcessError):
            pass  # gone, or init's child now: then its command line below is what tells
        finally:
            if descriptor is not None:
                os.close(descriptor)
    assert not any(b"beam.smp" in _cmdline(pid) for pid in pids)


def _cmdline(pid: int) -> bytes:
    for _ in range(200):
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return b""
        if not line:
            return b""
        os.sched_yield()
    return line
