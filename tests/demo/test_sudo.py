"""sudo of the demo: rules match whole command lines, and nobody can type a password."""

from __future__ import annotations

import pytest

from tests.demo.conftest import Connect, Shell
from tui.demo.fleet import DemoFleet
from tui.demo.users import parse_rule

PASSWORD = "sudo: a password is required\n"
RESTART = "/usr/bin/systemctl restart billing_prod.service"


@pytest.fixture
async def restarter(demo_fleet: DemoFleet, connect: Connect) -> Shell:
    """Who may restart by exactly one line."""
    return await connect(demo_fleet, user="restarter")


async def test_exact_lines_only(restarter: Shell) -> None:
    allowed = await restarter.run("sudo -n -l systemctl restart billing_prod.service")
    assert (allowed.status, allowed.out) == (0, f"{RESTART}\n")
    for other in (
        "systemctl restart billing_prod",
        "systemctl --job-mode=fail restart billing_prod.service",
        "systemctl restart billing_prod.service --no-block",
        "journalctl -u billing_prod",
        "true",
    ):
        asked = await restarter.run(f"sudo -n -l {other}")
        assert (asked.status, asked.out, asked.err) == (1, "", "")
        tried = await restarter.run(f"sudo -n {other}")
        assert (tried.status, tried.err) == (1, PASSWORD)
    assert (await restarter.run("sudo -n systemctl restart billing_prod.service")).status == 0
    listed = (await restarter.run("sudo -n -l")).out
    assert listed.endswith(f"on web1:\n    (root) NOPASSWD: {RESTART}\n")
    assert (await restarter.run(f"sudo -n {RESTART}")).status == 0


async def test_no_rules_no_sudo(demo_fleet: DemoFleet, connect: Connect) -> None:
    watcher = await connect(demo_fleet, user="watcher")
    for words in ("-n -l", "-n true", "-n -l true"):
        done = await watcher.run(f"sudo {words}")
        assert (done.status, done.out, done.err) == (1, "", PASSWORD)
    demo_fleet.machines["web1"].set_sudoers("watcher", ["(billing) /usr/bin/env", RESTART])
    assert (await watcher.run("sudo -n -u billing env A=1 sh -c 'echo $A'")).out == "1\n"
    assert (await watcher.run("sudo -n env")).err == PASSWORD


async def test_all_means_any_user_and_a_clean_environment(shell: Shell) -> None:
    done = await shell.run(
        "export RELEASE_COOKIE=leak DATABASE_URL=leak LC_ALL=C; sudo -n -u billing -- sh -c "
        "'id -un; echo $USER $SUDO_USER $RELEASE_COOKIE$DATABASE_URL $LC_ALL; whoami'"
    )
    assert done.out == "billing\nbilling devops C\nbilling\n"
    assert (await shell.run("sudo -n id -u; id -u")).out == "0\n1000\n"
    assert (await shell.run("sudo -n sh -c 'exit 5'")).status == 5
    assert (await shell.run("printf x | sudo -n cat")).out == "x"
    missing = await shell.run("sudo -n nosuchcommand")
    assert (missing.status, missing.err) == (1, "sudo: nosuchcommand: command not found\n")


def test_rules_as_in_sudoers() -> None:
    everything = parse_rule("ALL")
    assert everything.allows("billing", "/usr/bin/true")
    line = parse_rule(RESTART)
    assert line.allows("root", RESTART)
    assert not line.allows("root", f"{RESTART} x")
    assert not line.allows("billing", RESTART)
    bare = parse_rule("(billing) /usr/bin/env")
    assert bare.allows("billing", "/usr/bin/env A=1 sh")
    assert not bare.allows("billing", "/usr/bin/envx")
