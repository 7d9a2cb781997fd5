"""What belongs to an entry: its request on all hosts, else its process."""

from __future__ import annotations

import pytest

from tests.journal_fakes import NOW, entry
from tui.model.query_line import parse_query
from tui.model.trail import trail_of


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("12:00:00.1 request_id=F1x-9a [info] GET /", "F1x-9a"),
        ('{"request_id":"F1x-9a","level":"info"}', "F1x-9a"),
        ("trace_id: 4bf92f3577b34da6 slow", "4bf92f3577b34da6"),
        ("RequestId=abcd", "abcd"),
        ("request_id=12:34/ab", "12:34/ab"),
        ("request_id=ab", "host:web1 pid:7"),
        ("no id at all", "host:web1 pid:7"),
    ],
)
def test_the_query_of_a_request(message: str, line: str) -> None:
    own = entry(message)._replace(pid=7)
    assert trail_of(own) == line
    query = parse_query(line, NOW, ("web1", "web2"))
    assert query.problem == ""
    assert query.matches(own)
    assert not query.matches(entry("another", "web1"))


def test_an_entry_of_no_process() -> None:
    assert trail_of(entry("link lost")) == ""
