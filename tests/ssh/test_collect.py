"""How an ending is told from what a channel said: nothing is claimed that was not said (R26)."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.command import Ended
from tui.ssh.collect import PENDING_LIMIT, BlockCollector, Blocks, WholeCollector
from tui.ssh.preamble import NOISE_LIMIT, Sieve, mark_of, wrapped

MARK = mark_of("0f3a")


def whole(max_bytes: int = 1000) -> WholeCollector:
    return WholeCollector(MARK, max_bytes, lambda: None)


LOST = ConnectionResetError("gone")


@pytest.mark.parametrize(
    ("said", "ended", "status"),
    [
        (["status", "eof", "close"], Ended.EXITED, 0),
        (["eof", "status", "close"], Ended.EXITED, 0),
        (["status", "close"], Ended.EXITED, 0),
        (["status", "eof", "lost"], Ended.EXITED, 0),
        (["status", "lost"], Ended.LINK_LOST, None),  # part of the output may be missing
        (["eof", "lost"], Ended.LINK_LOST, None),
        (["lost"], Ended.LINK_LOST, None),
        (["close"], Ended.LINK_LOST, None),
        (["eof", "close"], Ended.LINK_LOST, None),
        (["signal", "close"], Ended.SIGNALED, None),
        (["signal", "lost"], Ended.LINK_LOST, None),
        (["limit"], Ended.TIMED_OUT, None),
        (["limit", "status", "eof", "close"], Ended.TIMED_OUT, None),
        (["status", "limit"], Ended.EXITED, 0),  # a child of it keeps the output open
        (["signal", "limit"], Ended.SIGNALED, None),
        (["too much", "status", "eof", "close"], Ended.OVERFLOW, None),
    ],
)
async def test_each_ending(said: list[str], ended: Ended, status: int | None) -> None:
    collector = whole()
    collector.data_received(MARK + b"out", None)
    for word in said:
        tell(collector, word)
    outcome = collector.outcome(1.0, bytes(collector.stdout))
    assert collector.done.done()
    assert (outcome.ended, outcome.exit_status) == (ended, status)
    assert outcome.ok == (ended is Ended.EXITED)


def tell(collector: WholeCollector, word: str) -> None:
    match word:
        case "status":
            collector.exit_status_received(0)
        case "signal":
            collector.exit_signal_received("TERM", False, "", "")
        case "eof":
            collector.eof_received()
        case "close":
            collector.connection_lost(None)
        case "lost":
            collector.connection_lost(LOST)
        case "limit":
            collector.limit_passed()
        case "too much":
            collector.data_received(b"x" * 2000, None)


async def test_a_lost_link_at_any_point_is_never_a_success() -> None:
    """Whatever came before in whatever order, without the whole output there is no status."""
    words = ["status", "signal", "eof"]
    for length in range(len(words) + 1):
        for said in itertools.permutations(words, length):
            collector = whole()
            for word in [*said, "lost"]:
                tell(collector, word)
            outcome = collector.outcome(0.0)
            if not ("eof" in said and ("status" in said or "signal" in said)):
                assert not outcome.known, said
                assert outcome.exit_status is None, said


async def test_output_is_cut_at_its_limit_and_says_so() -> None:
    collector = whole(10)
    collector.data_received(MARK + b"0123456789", None)
    assert not collector.done.done()
    collector.data_received(b"a", None)
    assert collector.done.done()
    collector.data_received(b"more", None)
    assert bytes(collector.stdout) == b"0123456789"
    assert collector.outcome(0.0).ended is Ended.OVERFLOW


async def test_what_a_missing_shell_says_is_not_lost() -> None:
    collector = whole()
    collector.data_received(b"This account is currently not available.\n", None)
    collector.exit_status_received(1)
    collector.connection_lost(None)
    assert bytes(collector.stdout) == b"This account is currently not available.\n"


class Source:
    """A pausable source that counts."""

    paused = 0
    resumed = 0

    def pause_reading(self) -> None:
        self.paused += 1

    def resume_reading(self) -> None:
        self.resumed += 1


async def test_blocks_wait_in_the_source_not_here() -> None:
    collector, source = BlockCollector(MARK, 100, lambda: None), Source()
    collector.connection_made(source)
    collector.data_received(MARK, None)
    for _ in range(9):
        collector.data_received(b"x" * 32768, None)
    assert PENDING_LIMIT < 9 * 32768
    assert (source.paused, source.resumed) == (1, 0)
    blocks = Blocks(collector, lambda: 0.0)
    assert len(await anext(blocks)) == 9 * 32768
    assert (source.paused, source.resumed) == (1, 1)
    collector.exit_status_received(0)
    collector.connection_lost(None)
    with pytest.raises(StopAsyncIteration):
        await anext(blocks)
    assert blocks.outcome is not None
    assert blocks.outcome.ok


async def test_a_reader_that_waits_is_woken_by_a_block_and_by_the_end() -> None:
    collector = BlockCollector(MARK, 100, lambda: None)
    blocks = Blocks(collector, lambda: 0.0)
    reading = asyncio.ensure_future(anext(blocks))
    await asyncio.sleep(0)
    collector.data_received(MARK[:5], None)
    collector.data_received(MARK[5:] + b"a", None)
    assert await reading == b"a"
    ending = asyncio.ensure_future(anext(blocks, b"the end"))
    await asyncio.sleep(0)
    collector.connection_lost(LOST)
    assert await ending == b"the end"


# -- what comes before -----------------------------------------------------------------------


@given(st.binary(max_size=200), st.binary(max_size=200), st.data())
def test_noise_is_dropped_however_it_is_cut(
    noise: bytes, output: bytes, data: st.DataObject
) -> None:
    if MARK in noise + MARK[:-1]:
        return
    stream = noise + MARK + output
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    sieve, got = Sieve(MARK), b""
    for start, end in itertools.pairwise([0, *cuts, len(stream)]):
        got += sieve.pass_on(stream[start:end])
    assert got + sieve.rest() == output


def test_without_a_mark_noise_is_bounded() -> None:
    sieve = Sieve(MARK)
    assert sieve.pass_on(b"x" * NOISE_LIMIT) == b""
    assert sieve.pass_on(b"y") == b"x" * NOISE_LIMIT + b"y"
    assert sieve.pass_on(b"z") == b"z"


def test_a_script_that_was_cut_anywhere_runs_nothing(tmp_path: object) -> None:
    """The braces make every prefix a syntax error (the link may break in the middle of it)."""
    import pathlib
    import subprocess

    assert isinstance(tmp_path, pathlib.Path)
    for shell in ("/bin/sh", "/bin/bash"):
        if not pathlib.Path(shell).exists():
            continue
        script = wrapped(b"export A='b c'\nexec touch ran 'x y' </dev/null\n", "0f3a")
        for cut in range(len(script) - 2):
            subprocess.run(
                [shell, "-s"], input=script[:cut], cwd=tmp_path, capture_output=True, check=False
            )
            assert list(tmp_path.iterdir()) == [], (shell, script[:cut])
