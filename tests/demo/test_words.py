"""systemd's words for times, and getopt's for options: the pure parts of the simulated programs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.demo.moments import NotAMoment, parse_moment, parse_span, span, stamp
from tui.demo.options import MAY, TAKES, BadOption, Option, parse_options

NOW = 1_795_400_000.0  # Mon 2026-11-23 02:13:20 UTC


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("@1795388674.5", 1_795_388_674.5),
        ("now", NOW),
        ("-2h", NOW - 7200),
        ("+1min 30s", NOW + 90),
        ("5min ago", NOW - 300),
        ("today", 1_795_392_000.0),
        ("yesterday", 1_795_305_600.0),
        ("2026-11-23", 1_795_392_000.0),
        ("2026-11-23 01:02:03.25 UTC", 1_795_395_723.25),
        ("01:02", 1_795_395_720.0),
    ],
)
def test_moments(text: str, at: float) -> None:
    assert parse_moment(text, NOW) == at


@pytest.mark.parametrize("text", ["", "nonsense", "@x", "-2x", "2026-13-01", "25 o'clock"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(NotAMoment):
        parse_moment(text, NOW)


def test_stamps_in_every_style() -> None:
    at = 1_795_400_000_250_000
    assert stamp(at, "pretty") == "Mon 2026-11-23 02:13:20 UTC"
    assert stamp(at, "us") == "Mon 2026-11-23 02:13:20.250000 UTC"
    assert stamp(at, "unix") == "@1795400000"
    assert stamp(0, "unix") == ""


@given(st.integers(0, 10**6))
def test_spans_read_back(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert parse_span(span(seconds)) == pytest.approx(seconds)


KNOWN = {
    "-u": Option("unit", TAKES),
    "--unit": Option("unit", TAKES),
    "-q": Option("quiet"),
    "--quiet": Option("quiet"),
    "--quick": Option("quick"),
    "-n": Option("lines", MAY, str.isdigit),
}


def test_options_permute_and_bundle() -> None:
    parsed = parse_options(
        "x", ["a", "-qu", "v", "--unit=w", "-n", "5", "-n", "b", "--", "-q"], KNOWN
    )
    assert parsed.options == [
        ("quiet", None),
        ("unit", "v"),
        ("unit", "w"),
        ("lines", "5"),
        ("lines", None),
    ]
    assert parsed.operands == ["a", "b", "-q"]
    assert parse_options("x", ["--un", "v"], KNOWN).options == [("unit", "v")]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--frob"], "x: unrecognized option '--frob'"),
        (["--qui"], "x: option '--qui' is ambiguous; possibilities: '--quiet' '--quick'"),
        (["-Q"], "x: invalid option -- 'Q'"),
        (["-u"], "x: option requires an argument -- 'u'"),
        (["--unit"], "x: option '--unit' requires an argument"),
        (["--quiet=1"], "x: option '--quiet' doesn't allow an argument"),
    ],
)
def test_wrong_options(args: list[str], said: str) -> None:
    with pytest.raises(BadOption) as raised:
        parse_options("x", args, KNOWN)
    assert str(raised.value) == said
