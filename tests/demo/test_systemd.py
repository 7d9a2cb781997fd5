"""systemctl and systemd-run of the demo against what real hosts printed and logged."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal

import pytest

from tests.conftest import MakeFleet
from tests.demo.conftest import Connect, Shell, until
from tests.demo.export import TRANSCRIPTS, parse_export, transcript
from tui.demo.fleet import DemoFleet
from tui.demo.timing import FAST

SERVICE = "billing_prod.service"
FIELDS = (
    "MESSAGE,MESSAGE_ID,PRIORITY,SYSLOG_IDENTIFIER,_PID,_HOSTNAME,_SYSTEMD_UNIT,"
    "_SYSTEMD_INVOCATION_ID,INVOCATION_ID,UNIT,OBJECT_SYSTEMD_UNIT,COREDUMP_UNIT,_TRANSPORT,"
    "_STREAM_ID,_LINE_BREAK,_SOURCE_REALTIME_TIMESTAMP,JOB_TYPE,JOB_RESULT,EXIT_CODE,"
    "EXIT_STATUS,UNIT_RESULT,N_RESTARTS,N_DROPPED"
)
_NUMBERS = re.compile(rb"process \d+ ")


async def journal(shell: Shell, unit: str, since: str = "") -> list[dict[str, bytes]]:
    """The unit's entries by the tail's own fields."""
    command = f"journalctl -u {unit} -q -o export --output-fields={FIELDS} -b all {since}"
    return parse_export(await shell.output(command))


Shape = list[tuple[bytes, tuple[bytes, ...], list[str]]]
_CONSTANT = (
    *("PRIORITY", "MESSAGE_ID", "JOB_TYPE", "JOB_RESULT", "EXIT_CODE", "EXIT_STATUS"),
    *("UNIT_RESULT", "N_RESTARTS", "_TRANSPORT"),
)


def shape(entries: list[dict[str, bytes]]) -> Shape:
    """Messages, constant fields and the names of all: what does not change with each run."""
    return [
        (
            _NUMBERS.sub(b"process N ", entry["MESSAGE"]),
            tuple(entry.get(name, b"") for name in _CONSTANT),
            sorted(entry),
        )
        for entry in entries
    ]


def without_containers_noise(entries: list[dict[str, bytes]]) -> list[dict[str, bytes]]:
    """The recorded hosts were containers, whose systemd complains of control groups."""
    return [e for e in entries if b"Failed to kill control group" not in e["MESSAGE"]]


async def test_show_prints_what_the_transcript_has_in_its_order(shell: Shell) -> None:
    lines = [json.loads(line) for line in (TRANSCRIPTS / "systemd.jsonl").read_text().splitlines()]
    compared = 0
    for line in lines:
        if not line["command"].startswith("systemctl show"):
            continue
        done = await shell.run(line["command"])
        assert done.status == line["exit_status"]
        names = [row.partition("=")[0] for row in done.out.splitlines()]
        assert names == [row.partition("=")[0] for row in line["stdout"].splitlines()]
        compared += 1
    assert compared == 2


async def test_errors_word_for_word(shell: Shell) -> None:
    lines = [json.loads(line) for line in (TRANSCRIPTS / "systemd.jsonl").read_text().splitlines()]
    wanted = {line["command"]: line for line in lines}
    for command in (
        "systemctl is-active nosuch.service",
        "sudo -n systemctl restart nosuch.service",
        "systemctl restart billing_prod",
    ):
        done = await shell.run(command)
        line = wanted[command]
        assert (done.status, done.out, done.err) == (
            line["exit_status"],
            line["stdout"],
            line["stderr"],
        )


async def test_the_main_process_tells_what_runs(demo_fleet: DemoFleet, connect: Connect) -> None:
    line = next(
        json.loads(text)
        for text in (TRANSCRIPTS / "systemd.jsonl").read_text().splitlines()
        if "command line" in json.loads(text)["what"]
    )
    shell = await connect(demo_fleet, "web3")
    done = await shell.run(line["command"])
    root = demo_fleet.app.root
    recorded = line["stdout"].replace("/home/billing/prod/billing", root)
    recorded = recorded.replace("-home /home/billing ", f"-home {root.rsplit('/', 2)[0]} ")
    cookie = demo_fleet.machines["web3"].beam.tree.cookie()
    recorded = re.sub(r"A54E\w+====", cookie, recorded).replace("@web1", "@web3")
    assert done.out == recorded  # 0.2.0, although 0.3.0 would boot
    assert (await shell.run(f"cat {root}/releases/start_erl.data")).out == "13.1.5 0.3.0"


async def test_a_restart_is_logged_as_recorded(demo_fleet: DemoFleet, shell: Shell) -> None:
    before = demo_fleet.machines["web1"].unit.state
    done = await shell.run("sudo -n systemctl --job-mode=fail restart billing_prod.service")
    assert (done.status, done.out, done.err) == (0, "", "")
    recorded = [e for e in transcript("restart") if b"request_id" not in e["MESSAGE"]]
    entries = await journal(shell, "billing_prod")
    since = next(i for i, e in enumerate(entries) if e["MESSAGE"].startswith(b"Stopping"))

    def erlang(pairs: Shape) -> object:
        stamp = re.compile(rb"\d\d-\w+-\d+::[\d:.]+")
        return [(stamp.sub(b"WHEN", message), *rest) for message, *rest in pairs]

    wanted = shape(without_containers_noise(recorded))
    assert erlang(shape(entries[since : since + len(wanted)])) == erlang(wanted)
    after = demo_fleet.machines["web1"].unit.state
    assert after.main_pid != before.main_pid
    assert after.invocation != before.invocation
    assert after.active_enter > before.active_enter
    assert (after.active, after.sub, after.restarts) == ("active", "running", 0)


async def test_a_loop_is_logged_as_recorded(shell: Shell) -> None:
    script = (
        'echo "** (UndefinedFunctionError) function :telemetry_app.start/2 is undefined '
        '(module :telemetry_app is not available)"; exit 1'
    )
    await shell.run(
        "sudo -n systemd-run -q --unit=looper -p Restart=on-failure -p RestartSec=60ms "
        f"sh -c '{script}'; while ! systemctl is-failed -q looper; do sleep 0.02; done"
    )
    wanted = shape(transcript("loop"))
    # In the recording one line of the app was too quick for journald to know its invocation.
    names = [name for _, _, name in wanted]
    assert sum("_SYSTEMD_INVOCATION_ID" in n for n in names if "_STREAM_ID" in n) == 4
    got = shape(await journal(shell, "looper"))
    assert [row[:2] for row in got] == [row[:2] for row in wanted]
    for (message, _, fields), (_, _, recorded) in zip(got, wanted, strict=True):
        assert set(recorded) - {"_SYSTEMD_INVOCATION_ID"} <= set(fields), message
        assert set(fields) - set(recorded) <= {"_SYSTEMD_INVOCATION_ID"}, message
    shown = await shell.run("systemctl show looper -p ActiveState,SubState,Result,NRestarts")
    assert shown.out == "Result=exit-code\nNRestarts=5\nActiveState=failed\nSubState=failed\n"
    again = await shell.run("sudo -n systemctl start looper")
    assert again.status == 1
    assert again.err.startswith(
        "Job for looper.service failed because the control process exited with error code.\n"
    )
    await shell.run("sudo -n systemctl reset-failed looper")
    assert (await shell.run("systemctl show looper -p LoadState")).out == "LoadState=not-found\n"


async def test_a_stop_past_its_limit_is_logged_as_recorded(shell: Shell) -> None:
    await shell.run(
        "sudo -n systemd-run -q --unit=stubborn -p TimeoutStopSec=300ms "
        "sh -c 'trap \"\" TERM; while :; do sleep 1; done'; sleep 0.1"
    )
    done = await shell.run("sudo -n systemctl stop stubborn")
    assert done.status == 0
    assert shape(await journal(shell, "stubborn")) == shape(
        without_containers_noise(transcript("sigkill"))
    )
    shown = await shell.run(
        "systemctl show stubborn -p ActiveState,Result,ExecMainCode,ExecMainStatus"
    )
    assert shown.out == "Result=timeout\nExecMainCode=2\nExecMainStatus=9\nActiveState=failed\n"


async def test_jobs_conflict_as_on_real_hosts(shell: Shell) -> None:
    await shell.run(
        "sudo -n systemd-run -q --unit=slow -r "
        "sh -c 'trap \"sleep 0.5; exit 0\" TERM; while :; do sleep 0.02; done'; sleep 0.1; "
        "sudo -n systemctl --no-block stop slow"
    )
    shown = await shell.run("systemctl show slow -p ActiveState,SubState,Job")
    assert re.fullmatch(r"ActiveState=deactivating\nSubState=stop-sigterm\nJob=\d+\n", shown.out)
    refused = await shell.run("sudo -n systemctl --job-mode=fail restart slow")
    assert refused.status == 4
    assert refused.err == (
        "Failed to restart slow.service: Transaction for slow.service/restart is destructive "
        "(slow.service has 'stop' job queued, but 'restart' is included in transaction).\n"
        "See system logs and 'systemctl status slow.service' for details.\n"
    )
    stopping = asyncio.create_task(shell.run("sudo -n systemctl stop slow"))
    await asyncio.sleep(0.1)
    started = await shell.run("sudo -n systemctl start slow")
    cancelled = await stopping
    assert (cancelled.status, cancelled.err) == (1, "Job for slow.service canceled.\n")
    assert (started.status, (await shell.run("systemctl is-active slow")).out) == (0, "active\n")


async def test_two_restarts_at_once_are_one_and_the_job_outlives_its_client(
    demo_fleet: DemoFleet, shell: Shell
) -> None:
    unit = demo_fleet.machines["web1"].unit
    command = "sudo -n systemctl restart billing_prod"
    first, second = await asyncio.gather(shell.run(command), shell.run(command))
    assert (first.status, second.status) == (0, 0)
    started = [e for e in await journal(shell, "billing_prod") if b"Started" in e["MESSAGE"]]
    assert len(started) == 2  # the fleet's own start and one more
    before = unit.state.invocation
    client = await shell.process(f"echo $$; exec {command}")
    pid = int(await client.stdout.readline())
    await until(lambda: unit.job is not None)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: unit.state.invocation != before and unit.job is None)
    assert unit.state.active == "active"


@pytest.mark.parametrize(
    ("behaviour", "state", "serves"),
    [
        ("ok", ("active", "running", "success"), True),
        ("hang", ("active", "running", "success"), False),
        ("sigkill", ("active", "running", "success"), True),
        ("loop", ("failed", "failed", "exit-code"), False),
    ],
)
async def test_behaviours_of_a_restart(
    demo_fleet: DemoFleet,
    connect: Connect,
    behaviour: str,
    state: tuple[str, str, str],
    serves: bool,
) -> None:
    machine = demo_fleet.machines["web2"]
    machine.restart_behaviour = behaviour
    shell = await connect(demo_fleet, "web2")
    assert (await shell.run("sudo -n systemctl restart billing_prod")).status == 0
    await until(lambda: (machine.unit.state.active, machine.beam.serving) == (state[0], serves))
    unit = machine.unit.state
    assert (unit.active, unit.sub, unit.result) == state
    entries = await journal(shell, "billing_prod")
    killed = [e for e in entries if b"(beam.smp) with signal SIGKILL" in e["MESSAGE"]]
    assert len(killed) == (1 if behaviour == "sigkill" else 0)


async def test_a_killed_vm_is_started_again(demo_fleet: DemoFleet, shell: Shell) -> None:
    machine = demo_fleet.machines["web1"]
    before = machine.unit.state.main_pid
    await shell.run(f"kill -9 {before}")
    await until(lambda: machine.unit.state.restarts == 1 and machine.beam.serving)
    messages = [e["MESSAGE"] for e in await journal(shell, "billing_prod")]
    assert b"billing_prod.service: Main process exited, code=killed, status=9/KILL" in messages
    assert b"billing_prod.service: Failed with result 'signal'." in messages


async def test_health_answers_only_while_the_app_serves(make_fleet: MakeFleet) -> None:
    fleet = await make_fleet(("one",))
    machine = fleet.machines["one"]

    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection(machine.loopback, machine.http.port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = await reader.read()
        writer.close()
        return answer

    async with asyncio.timeout(5):
        while True:
            try:
                assert (await ask()).startswith(b"HTTP/1.1 200 OK\r\n")
                break
            except ConnectionRefusedError:
                await asyncio.sleep(0.01)
    machine.make_unhealthy()
    assert (await ask()).startswith(b"HTTP/1.1 503 ")
    await machine.unit.submit("restart").done
    with pytest.raises(ConnectionRefusedError):
        await ask()
    assert machine.unit.state.active == "active"  # started is not serving
    assert machine.timing is FAST
