"""The argv that a host runs is the argv that was planned, whatever is in it (R9, R11, R20)."""

from __future__ import annotations

import random
import shutil
import subprocess
import time

import asyncssh
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ssh.bed import Bed, World
from tests.ssh.conftest import up
from tests.ssh.sshd import SHELLS, running, why_not
from tests.ssh.test_real_sshd import connected
from tui.model.command import Command, script_of
from tui.ssh.preamble import SHELL, Sieve, mark_of, wrapped
from tui.ssh.session import SshSession

# What shells make something of, mixed with any text an argument can hold.
_pieces = st.sampled_from(
    ["'", '"', "\\", "$", "`", "$(id)", "${HOME}", "~", "*", "?", "[a]", "{a,b}", "!", "!!", "\n",
     "\r", "\t", " ", ";", "&", "|", ">", "<", "#", "--", "-n", "=", "%s", "\x1b[31m", "\x7f",
     "\x01", "é", "\u202e", "𝕏", "^", "(", ")", "EOF", "exec", "}", "{", "</dev/null"]
)  # fmt: skip
_any = st.text(
    st.characters(blacklist_characters="\x00", blacklist_categories=("Cs",)), max_size=12
)
_arguments = st.lists(st.lists(st.one_of(_pieces, _any), max_size=5).map("".join), max_size=40)

LOGIN_SHELLS = [path for path in SHELLS.values() if shutil.which(path)]


def ran_by(shell: str, command: Command) -> list[str]:
    """The arguments that arrive where the login shell is `shell`, without a connection."""
    result = subprocess.run(
        [shell, "-c", SHELL], input=wrapped(script_of(command), "0f3a"), capture_output=True
    )
    assert result.returncode == 0, result.stderr
    sieve = Sieve(mark_of("0f3a"))
    output = sieve.pass_on(result.stdout) + sieve.rest()
    return output.decode("utf-8", "surrogateescape").split("\0")[:-1]


@pytest.mark.parametrize("shell", LOGIN_SHELLS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(arguments=_arguments)
def test_arguments_arrive_as_they_were_planned(shell: str, arguments: list[str]) -> None:
    command = Command(("printf", "%s\\0", "first", *arguments))
    assert ran_by(shell, command) == ["first", *arguments]


@pytest.mark.parametrize("shell", LOGIN_SHELLS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(arguments=_arguments, value=_any)
def test_arguments_of_scripts_and_the_environment_arrive_too(
    shell: str, arguments: list[str], value: str
) -> None:
    command = Command(
        tuple(arguments), script='printf "%s\\0" "$VALUE" "$@"', env=(("VALUE", value),)
    )
    assert ran_by(shell, command) == [value, *arguments]


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.skipif(bool(why_not()), reason=f"LOUD: {why_not()}")
async def test_a_hundred_thousand_arguments_through_the_real_sshd() -> None:
    """100,000 in all three login shells each, over one connection a user."""
    pieces = [
        "'", '"', "\\", "$", "`", "$(id)", "${HOME}", "~", "*", "?", "[a]", "{a,b}", "!", "\n",
        "\r", "\t", " ", ";", "&", "|", ">", "<", "#", "-n", "%s", "\x1b", "é", "\u202e", "𝕏",
    ]  # fmt: skip
    chance = random.Random(9)

    def argument() -> str:
        drawn = [chance.choice(pieces) for _ in range(chance.randrange(6))]
        drawn += [chr(chance.choice((chance.randrange(1, 0xD800), chance.randrange(1, 128))))]
        return "".join(drawn)

    with running() as sshd:
        async with connected(sshd, *SHELLS) as sessions:
            for session in sessions:
                for _ in range(500):
                    planned = [argument() for _ in range(200)]
                    outcome = await session.run(Command(("printf", "%s\\0", *planned)))
                    assert outcome.stdout.decode().split("\0")[:-1] == planned, session.host


# -- binary output -------------------------------------------------------------------------


async def _survives(session: SshSession, bed: Bed, count: int) -> None:
    chance = random.Random(20)
    sent: list[bytes] = []

    async def random_bytes(process: asyncssh.SSHServerProcess[bytes]) -> None:
        await process.stdin.read()
        sent.append(chance.randbytes(chance.choice((1, 3, 100, 4096, 40_000))))
        process.stdout.write(sent[-1])
        process.stderr.write(sent[-1][:50])
        process.exit(chance.randrange(256))

    bed.answer = random_bytes
    for _ in range(count):
        outcome = await session.run(Command(("true",)))
        assert outcome.stdout == sent[-1]
        assert outcome.stderr == sent[-1][:50]
        assert outcome.exit_status is not None
    assert len(bed.connections) == 1


async def test_random_output_never_closes_the_connection(session: SshSession, bed: Bed) -> None:
    await _survives(session, bed, 300)


@pytest.mark.soak
@pytest.mark.timeout(1200)
async def test_ten_thousand_random_outputs_never_close_the_connection(
    world: World, bed: Bed
) -> None:
    world.know(bed)
    session = await up(world.fleet(world.host(bed)))
    began = time.monotonic()
    await _survives(session, bed, 10_000)
    print(f"10,000 outputs in {time.monotonic() - began:.1f} s")
