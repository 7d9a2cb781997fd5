"""Whatever bytes a host's journal holds: parsed, scrubbed, laid out, painted; nothing gets out.

A host sends entries as `journalctl -o export` does: text where it is text, else with a length.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style

from tests.journal_fakes import hidden_in
from tests.security.hostile import SEEDS
from tui.commands.journal_export import ExportParser
from tui.model.journal_filter import Filter
from tui.widgets.journal_paint import Gallery, Paint
from tui.widgets.journal_rows import Layout, Marks

WIDTH = 79
PAINT = Paint(lambda _role: Style())
PIECES = (*SEEDS, b"\n", b"\r\n", b"\t", b" ", b"\x00", b"[error] ", b"12:00:00.000 [info] ")
LINES = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.lists(st.sampled_from(PIECES), max_size=3).map(b"".join),
    ),
    min_size=20,
    max_size=20,
)


def exported(message: bytes, number: int) -> bytes:
    """An entry as journalctl exports it."""
    said = b"MESSAGE\n" + len(message).to_bytes(8, "little") + message + b"\n"
    if message.isascii() and message.decode().isprintable():
        said = b"MESSAGE=" + message + b"\n"
    return (
        (
            b"__CURSOR=s=1;i=%x\n__REALTIME_TIMESTAMP=%d\n_BOOT_ID=%s\n_TRANSPORT=stdout\n"
            b"SYSLOG_IDENTIFIER=app\n_PID=7\n" % (number, 1528081680_000000 + number, b"b" * 32)
        )
        + said
        + b"\n"
    )


def hold(lines: list[bytes]) -> None:
    """Every line becomes an entry, every entry strips as wide as the view, all of it shown."""
    parser = ExportParser("web1")
    entries = parser.feed(b"".join(exported(line, n) for n, line in enumerate(lines)))
    assert len(entries) == len(lines)
    for layout in (
        Layout(WIDTH, names={"web1": "web1"}),
        Layout(WIDTH, names={"web1": "web1"}, wrap=True, hits=Filter("e").spans),
    ):
        gallery = Gallery(layout, PAINT)
        for index, entry in enumerate(entries):
            rows = gallery.rows(index, entry, Marks(unfolded=index % 2 == 1))
            for number, row in enumerate(rows):
                strip = gallery.strip(index, number, row, index % 3 == 0, "track")
                assert strip.cell_length == WIDTH + 1
                assert strip.text.isprintable() or not hidden_in(strip.text), strip.text
                assert all(not s.style.meta and s.style.link is None for s in strip if s.style)


@settings(deadline=None, max_examples=250)
@given(LINES)
def test_five_thousand_lines(lines: list[bytes]) -> None:
    hold(lines)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(deadline=None, max_examples=5_000)
@given(LINES)
def test_a_hundred_thousand_lines(lines: list[bytes]) -> None:
    hold(lines)
