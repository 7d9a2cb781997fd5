"""journalctl of the demo: what real hosts answered, and the traps that beamdeck must avoid."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

from tests.conftest import MakeFleet
from tests.demo.conftest import Connect, Shell, until
from tests.demo.export import TRANSCRIPTS, parse_export, transcript
from tui.demo.fleet import DemoFleet
from tui.demo.journal import RateLimit

TAIL = (
    "journalctl -u billing_prod -q --no-pager -o export --output-fields=MESSAGE,_PID --no-tail -f"
)


async def cursor_of(shell: Shell, message: str) -> str:
    """The cursor of the entry with this message."""
    data = await shell.output(f"journalctl -q -o export --output-fields=MESSAGE -g '^{message}$'")
    return parse_export(data)[0]["__CURSOR"].decode()


async def read_until(process: Any, mark: bytes) -> bytes:
    """Output up to a mark."""
    data = b""
    async with asyncio.timeout(5):
        while mark not in data:
            data += await process.stdout.read(65536)
    return data


async def test_export_is_binary_safe_as_recorded(shell: Shell) -> None:
    await shell.run(
        "printf 'red \\033[31mtext\\033[0m tab\\there \\377\\376 bytes\\n' | systemd-cat -t probe; "
        "head -c 6000 /dev/zero | tr '\\0' x | systemd-cat -t probe; "
        "head -c 60000 /dev/zero | tr '\\0' y | systemd-cat -t probe"
    )
    fields = "MESSAGE,SYSLOG_IDENTIFIER,PRIORITY,_TRANSPORT,_STREAM_ID,_LINE_BREAK,_PID,_HOSTNAME"
    entries = parse_export(
        await shell.output(f"journalctl -q -t probe -o export --output-fields={fields}")
    )
    recorded = transcript("probe")
    for got, wanted in zip(entries, recorded, strict=True):
        assert got["MESSAGE"] == wanted["MESSAGE"]
        assert got.get("_LINE_BREAK") == wanted.get("_LINE_BREAK")
        assert set(got) == set(wanted) - {"_SYSTEMD_UNIT", "_SYSTEMD_INVOCATION_ID"}
    assert [len(e["MESSAGE"]) for e in entries] == [35, 6000, 49152, 60000 - 49152]


async def test_json_has_its_nulls_and_arrays(shell: Shell) -> None:
    line = next(
        json.loads(text)
        for text in (TRANSCRIPTS / "systemd.jsonl").read_text().splitlines()
        if "control characters" in json.loads(text)["what"]
    )
    done = await shell.run(line["command"].replace("sleep 1; ", ""))

    def shown(text: str) -> list[object]:
        lines = text.splitlines()
        plain = [json.loads(one)["MESSAGE"] for one in lines[:2]]
        return [*plain, lines[2], [one.partition('"MESSAGE":')[2][:20] for one in lines[3:]]]

    assert shown(done.out) == shown(line["stdout"])


async def test_rate_limited_as_recorded(demo_fleet: DemoFleet, shell: Shell) -> None:
    machine = demo_fleet.machines["web1"]
    machine.journal.limit = RateLimit(burst=750, interval_s=0.2)
    for number in range(1, 1001):
        machine.log(f"line {number}")
    await asyncio.sleep(0.25)
    machine.log("after")
    entries = parse_export(await shell.output("journalctl -q -u billing_prod -o export -n 3"))
    recorded = transcript("suppressed")[:3]
    messages = [e["MESSAGE"].replace(b"flood.service", b"billing_prod.service") for e in recorded]
    assert [e["MESSAGE"] for e in entries] == messages
    assert entries[1]["N_DROPPED"] == b"250"
    assert set(recorded[1]) <= set(entries[1])
    # Only -u finds it: the notice belongs to journald's own unit.
    alone = await shell.output("journalctl -q _SYSTEMD_UNIT=billing_prod.service -o cat -n 2")
    assert alone == b"line 750\nafter\n"


async def test_the_tail_follows_through_bursts_and_binary(
    demo_fleet: DemoFleet, shell: Shell
) -> None:
    machine = demo_fleet.machines["web1"]
    machine.log("before")
    follower = await shell.process(f"{TAIL} -b all --since=@0")
    first = await read_until(follower, b"MESSAGE=before\n")
    assert b"Started billing_prod.service" in first
    for number in range(2000):
        machine.log(f"burst {number}")
    machine.log(b"\x1b[31mlast\xff")
    entries = parse_export(await read_until(follower, b"last\xff\n\n"))
    assert [e["MESSAGE"] for e in entries[:-1]] == [b"burst %d" % n for n in range(2000)]
    follower.close()
    await follower.wait_closed()


async def test_a_follower_ends_when_nobody_reads(demo_fleet: DemoFleet, shell: Shell) -> None:
    follower = await shell.process(f"{TAIL} -b all --since=@0 --until=@99999999999; echo no")
    await follower.stdout.read(10)
    counter = demo_fleet.machines["web1"].counter
    assert counter.open == 1
    follower.close()
    await follower.wait_closed()
    await until(lambda: counter.open == 0)


async def test_a_cursor_is_inclusive_and_survives(demo_fleet: DemoFleet, shell: Shell) -> None:
    machine = demo_fleet.machines["web1"]
    for number in range(5):
        machine.log(f"n{number}")
    cursor = await cursor_of(shell, "n2")
    tail = f"journalctl -q -u billing_prod -o cat --cursor='{cursor}'"
    assert await shell.output(tail) == b"n2\nn3\nn4\n"
    # --after-cursor skips one entry whatever it is: on a filtered one it loses the next.
    await shell.run("logger -t other between")
    machine.log("n5")
    other = await cursor_of(shell, "between")
    after = f"journalctl -q -u billing_prod -o cat --after-cursor='{other}'"
    assert await shell.output(after) == b""
    assert await shell.output(after.replace("--after-cursor", "--cursor")) == b"n5\n"
    assert machine.vacuum() > 0
    machine.log("n6")
    assert await shell.output(tail) == b"n6\n"  # the entry is gone: the nearest later one


async def test_wrong_cursors_and_times(shell: Shell) -> None:
    for word, said in (
        ("--cursor=abc", "Failed to seek to cursor: Invalid argument\n"),
        ("--since=nonsense", "Failed to parse timestamp: nonsense\n"),
        (
            "-b -9",
            "Data from the specified boot (-9) is not available: No such boot ID in journal\n",
        ),
        ("--frob", "journalctl: unrecognized option '--frob'\n"),
        ("-D /nosuch", "Failed to open /nosuch: No such file or directory\n"),
    ):
        done = await shell.run(f"journalctl {word}")
        assert (done.status, done.err) == (1, said)
    empty = await shell.run("journalctl -u nosuch")
    assert (empty.status, empty.out) == (0, "-- No entries --\n")
    assert (await shell.run("journalctl -u billing_prod --grep=zzz")).status == 1


async def test_since_with_lines_shows_the_oldest_and_stalls(
    demo_fleet: DemoFleet, shell: Shell
) -> None:
    machine = demo_fleet.machines["web1"]
    for number in range(8):
        machine.log(f"k{number}")
    limited = "journalctl -q -u billing_prod -o cat -n 3 -g '^k' --since=-1min"
    assert await shell.output(limited) == b"k0\nk1\nk2\n"
    stalled = await shell.process(f"{limited} -f -b all")
    assert await read_until(stalled, b"k2\n") == b"k0\nk1\nk2\n"
    machine.log("k8")
    assert await read_until(stalled, b"k8\n") == b"k3\nk4\nk5\nk6\nk7\nk8\n"
    stalled.close()
    await stalled.wait_closed()


async def test_follow_implies_the_current_boot(make_fleet: MakeFleet, connect: Connect) -> None:
    fleet = await make_fleet(("one",), chatter=True)
    shell = await connect(fleet, "one")
    boots = json.loads(await shell.output("journalctl --list-boots -o json"))
    assert [boot["index"] for boot in boots] == [-1, 0]
    ids = [boot["boot_id"].encode() for boot in boots]
    for words, seen in (("-b all -f", ids[1:]), ("-f -b all", ids)):
        follower = await shell.process(
            f"journalctl -u billing_prod -q -o export --output-fields=_PID --no-tail {words}"
        )
        data = await read_until(follower, b"_BOOT_ID=" + ids[1])
        assert [boot for boot in ids if boot in data] == seen
        follower.close()
        await follower.wait_closed()
    earlier = await shell.output("journalctl -q -u billing_prod -b -1 -o cat")
    assert earlier.startswith(b"Started billing_prod.service")
    between = await shell.output("journalctl -u billing_prod")
    assert between.count(b"-- Boot ") == 1
    fleet.machines["one"].make_volatile()
    assert len(json.loads(await shell.output("journalctl --list-boots -o json"))) == 1
    assert b"/run/log/journal/" in await shell.output("journalctl --header")


async def test_without_the_right_there_is_a_hint(demo_fleet: DemoFleet, connect: Connect) -> None:
    shell = await connect(demo_fleet, user="watcher")
    plain = await shell.run("journalctl -u billing_prod")
    assert (plain.status, plain.out) == (0, "-- No entries --\n")
    assert plain.err.startswith("Hint: You are currently not seeing messages from other users")
    quiet = await shell.run("journalctl -q -u billing_prod")
    assert (quiet.status, quiet.out, quiet.err) == (0, "", "")
    demo_fleet.machines["web1"].users["watcher"].own_journal = False
    none = await shell.run("journalctl -q -u billing_prod")
    said = "No journal files were opened due to insufficient permissions.\n"
    assert (none.status, none.err) == (1, said)
    assert (await shell.run("sudo -n journalctl -u billing_prod")).err == (
        "sudo: a password is required\n"
    )


async def test_followers_fail_with_bad_message(demo_fleet: DemoFleet, shell: Shell) -> None:
    follower = await shell.process(f"{TAIL} -b all --since=@0")
    await follower.stdout.read(10)
    demo_fleet.machines["web1"].journal.break_followers()
    assert await follower.stderr.read() == b"Failed to iterate through journal: Bad message\n"
    await follower.wait_closed()
    assert follower.exit_status == 1


async def test_skew_moves_journal_systemd_and_date(demo_fleet: DemoFleet, connect: Connect) -> None:
    machine = demo_fleet.machines["web2"]
    machine.set_skew(-600)
    machine.log("slow clock")
    shell = await connect(demo_fleet, "web2")
    times = await shell.run(
        "date +%s; journalctl -q -u billing_prod -n 1 -o short-unix; date -d @5 +%s"
    )
    here, there, fixed = times.out.splitlines()
    assert abs(float(there.split()[0]) - int(here)) < 5
    assert abs(int(here) + 600 - machine.clock.now() - 600) < 5
    assert fixed == "5"
    machine.set_skew(0)
    assert abs(int((await shell.run("date +%s")).out) - int(here) - 600) < 10


async def test_the_past_is_there_and_the_app_talks(make_fleet: MakeFleet, connect: Connect) -> None:
    fleet = await make_fleet(("one",), chatter=True)
    machine = fleet.machines["one"]
    shell = await connect(fleet, "one")
    past = await shell.output("journalctl -q -u billing_prod --since=-15min -o cat")
    lines = past.splitlines()
    assert 1500 < len(lines) < 2200
    assert all(re.match(rb"\[info\] request_id=\d+ GET /v1/users/\d+ Sent", x) for x in lines[:1])
    assert sum(line.startswith(b"[error]") for line in lines) > 5
    count = len(machine.journal.entries)
    await until(lambda: len(machine.journal.entries) > count + 3)


async def test_a_seed_decides_what_is_said(make_fleet: MakeFleet) -> None:
    first, second = await make_fleet(("a",), chatter=True), await make_fleet(("a",), chatter=True)

    def said(fleet: DemoFleet) -> list[bytes]:
        entries = fleet.machines["a"].journal.entries
        return [e.get("MESSAGE") or b"" for e in entries if e.source.unit][50:1050]

    assert said(first) == said(second)


async def test_flood_keeps_its_rate(demo_fleet: DemoFleet) -> None:
    machine = demo_fleet.machines["web1"]
    before = len(machine.journal.entries)
    assert await machine.flood(2000, 0.3) == 600
    assert len(machine.journal.entries) - before == 600


@pytest.mark.parametrize("action", ["--rotate", "--rotate --vacuum-files=1"])
async def test_rotation_needs_root_and_loses_nothing_to_a_follower(
    demo_fleet: DemoFleet, shell: Shell, action: str
) -> None:
    machine = demo_fleet.machines["web1"]
    assert (await shell.run("journalctl --rotate")).status == 1
    machine.log("one")
    follower = await shell.process(f"{TAIL} -b all --since=@0")
    await read_until(follower, b"MESSAGE=one\n")
    assert (await shell.run(f"sudo -n journalctl {action}")).status == 0
    machine.log("two")
    assert b"MESSAGE=two\n" in await read_until(follower, b"MESSAGE=two\n")
    follower.close()
    await follower.wait_closed()
