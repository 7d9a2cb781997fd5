"""bin/billing answers as real releases did: every line of the transcript, in its order."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MakeFleet
from tests.demo.conftest import Answer, Connect, Shell
from tui.demo.fleet import DemoFleet
from tui.demo.timing import FAST
from tui.demo.tree import write_archive

_TRANSCRIPT = Path(__file__).parents[1] / "transcripts" / "mix_release.jsonl"
_SLEEP = re.compile(r"sleep [34]")
_CLOCK = re.compile(r"\d\d:\d\d:\d\d\.\d{3}")
_FACTS = re.compile(r"(\{:billing@web1, '25', \"1\.14\.0\"), \d+, \d+, \d+, (\[\]\})")


def _lines() -> list[dict[str, Any]]:
    text = _TRANSCRIPT.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def _same(text: str, pid: str) -> str:
    """The text without what differs between two runs: clocks, counters, the VM's pid."""
    text = _FACTS.sub(r"\1, N, N, N, \2", _CLOCK.sub("CLOCK", text))
    return re.sub(rf"^{pid}$", "PID", text, flags=re.MULTILINE)


async def test_every_answer_of_the_transcript(make_fleet: MakeFleet, connect: Connect) -> None:
    fleet = await make_fleet(("web1",))
    machine = fleet.machines["web1"]
    tree = machine.beam.tree
    write_archive(machine.sandbox.root / "tmp" / "billing-0.3.0.tar.gz", "0.3.0", tree.cookie())
    shell = await connect(fleet)
    lines = _lines()
    assert len(lines) == 29
    for line in lines:
        command = line["command"].replace("/home/billing/prod/billing", fleet.app.root)
        command = command.replace("/tmp/billing-", f"{fleet.folder}/tmp/billing-")
        done = await shell.run(_SLEEP.sub("sleep 0.4", command))
        pid = str(machine.unit.state.main_pid)
        got = (done.status, _same(done.out, pid), _same(done.err, pid))
        wanted = (line["exit_status"], _same(line["stdout"], "129"), _same(line["stderr"], "129"))
        assert got == wanted, line["what"]


@pytest.fixture
async def billing(demo_fleet: DemoFleet, shell: Shell) -> Billing:
    """bin/billing on web1."""
    return Billing(demo_fleet, shell)


class Billing:
    """`await billing("rpc", "1 + 1")` runs bin/billing rpc '1 + 1'."""

    def __init__(self, fleet: DemoFleet, shell: Shell) -> None:
        self.fleet = fleet
        self.shell = shell
        self.path = f"{fleet.app.root}/bin/billing"

    async def __call__(self, *words: str, before: str = "") -> Answer:
        quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
        return await self.shell.run(f"{before} {self.path} {quoted}")


async def test_unknown_commands_and_versions(billing: Billing) -> None:
    unknown = await billing("ping")
    assert (unknown.status, unknown.out) == (1, "")
    assert unknown.err.endswith("Prints the release name and version to be booted\n\n")
    missing = await billing("version", before="RELEASE_VSN=9.9.9")
    assert missing.status == 2
    assert "releases/9.9.9/env.sh: No such file" in missing.err


async def test_what_is_not_simulated_says_so(billing: Billing) -> None:
    done = await billing("rpc", "IO.inspect Ecto.Repo.all_running()")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(
        "** (Beamdeck.Demo.NotSimulatedError) the demo's evaluator does not know "
        "Ecto.Repo.all_running/0; a real node would\n"
    )
    hidden = await billing("rpc", "try do\n Foo.bar(1)\nrescue\n _ -> IO.puts(:fine)\nend")
    assert (hidden.status, hidden.out) == (1, "")


async def test_stop_is_back_before_the_node_has_ended(billing: Billing) -> None:
    machine = billing.fleet.machines["web1"]
    machine.timing = replace(FAST, stop_s=0.5)
    unit = machine.unit
    assert (await billing("stop")).status == 0
    assert unit.state.active == "active"
    await billing.shell.run("while systemctl is-active -q billing_prod; do sleep 0.02; done")
    assert (unit.state.active, unit.state.result, unit.state.exec_code) == (
        "inactive",
        "success",
        1,
    )
    assert (await billing("pid")).err == "--rpc-eval : RPC failed with reason :nodedown\n"


async def test_restart_keeps_vm_and_version_even_after_a_deploy(
    demo_fleet: DemoFleet, connect: Connect
) -> None:
    demo_fleet.machines["web3"].timing = replace(FAST, boot_s=60.0)
    billing = Billing(demo_fleet, await connect(demo_fleet, "web3"))
    before = (await billing("pid")).out
    assert (await billing("version")).out == "billing 0.3.0\n"
    assert (await billing("restart")).status == 0
    status = await billing("rpc", "IO.inspect :init.get_status()")
    assert status.out == "{:starting, :applications_loaded}\n"
    assert (await billing("rpc", "IO.inspect :init.script_id()")).out == "{'billing', '0.2.0'}\n"
    assert (await billing("pid")).out == before


async def test_start_and_daemon_meet_the_running_node(billing: Billing) -> None:
    started = await billing("start")
    assert started.status == 1
    assert "the name billing@web1 seems to be in use by another Erlang node" in started.err
    assert (await billing("daemon")).status == 0
    log = await billing.shell.run(f"cat {billing.fleet.app.root}/tmp/log/erlang.log.1")
    assert "seems to be in use" in log.out


async def test_a_daemon_takes_the_name_from_the_unit(billing: Billing) -> None:
    shell, unit = billing.shell, billing.fleet.machines["web1"].unit
    await shell.run("sudo -n systemctl stop billing_prod")
    assert (await billing("daemon")).status == 0
    assert (await billing("rpc", "IO.puts node()")).out == "billing@web1\n"
    await shell.run("sudo -n systemctl start billing_prod")
    await shell.run("while ! systemctl is-failed -q billing_prod; do sleep 0.02; done")
    assert unit.state.restarts == 5
    log = await shell.run("journalctl -u billing_prod -o cat -n 60")
    assert log.out.count("seems to be in use by another Erlang node") == 5
    assert "billing_prod.service: Start request repeated too quickly.\n" in log.out


async def test_eval_sees_new_files_before_a_restart(
    demo_fleet: DemoFleet, connect: Connect
) -> None:
    shell = await connect(demo_fleet, "web3")
    billing = Billing(demo_fleet, shell)
    ask = (
        "Application.load(:billing); for repo <- Application.fetch_env!(:billing, :ecto_repos) do\n"
        "  {:ok, rows, _} = Ecto.Migrator.with_repo(repo, fn repo ->\n"
        "    Ecto.Migrator.migrations(repo, [Ecto.Migrator.migrations_path(repo)],\n"
        "      skip_table_creation: true, migration_lock: false)\n  end, mode: :temporary)\n"
        '  IO.puts("mark:" <> inspect(for({_, v, _} <- rows, do: v), limit: :infinity))\nend'
    )
    url = "DATABASE_URL=ecto://billing_prod:x@10.77.0.13/billing_prod"
    running = (await billing("rpc", ask)).out
    assert running == ("mark:[20170725101500, 20170728105044, 20170801090000, 20180101120000]\n")
    there = await billing("eval", ask, before=f"env {url}")
    assert there.err == ""
    assert there.out.count("2018") == 3
    older = await billing("eval", ask, before=f"env {url} RELEASE_VSN=0.1.0")
    assert "20180101120000" in older.out  # applied, though this code has no file of it
    assert (await billing("eval", "IO.inspect node()", before=f"env {url}")).out == (
        ":nonode@nohost\n"
    )


async def test_remote_needs_a_terminal(billing: Billing) -> None:
    plain = await billing("remote")
    assert plain.status == 0
    assert "--remsh option will be ignored" in plain.err
    process = await billing.shell.process(f"{billing.path} remote", term_type="xterm")
    await process.stdout.readuntil(b"iex(billing@web1)1> ")
    process.stdin.write(b"1 + 1\n")
    assert (await process.stdout.readuntil(b"iex(billing@web1)2> ")).endswith(
        b"2\r\niex(billing@web1)2> "
    )
    process.stdin.write(b'raise "boom"\n')
    assert b"** (RuntimeError) boom" in await process.stdout.readuntil(b"iex(billing@web1)2> ")
    process.stdin.write(b"\x04")
    await process.wait_closed()
