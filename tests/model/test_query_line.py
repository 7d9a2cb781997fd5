"""The query as it is typed: what it says, what it cannot say, how it goes on."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.journal_fakes import NOW, entry
from tui.model.journal import Entry, EntryKind, Level
from tui.model.query import Query
from tui.model.query_line import FIELDS, completions, parse_query, quoted

HOSTS = ("web1", "web2", "db1")
LINES = [
    entry("GET /orders timed out", "web1", NOW - 1000, Level.ERROR),
    entry("POST /orders ok", "web1", NOW - 100, Level.INFO),
    entry("GET /users ok", "web2", NOW - 10, Level.WARNING),
    entry("slow query", "db1", NOW - 5, Level.NOTICE)._replace(pid=7, boot_id="ab12"),
    entry("billing.service: Started", "db1", NOW, Level.INFO, EntryKind.UNIT)._replace(
        unit="init.scope"
    ),
]


def listed(line: str) -> list[int]:
    query = parse_query(line, NOW, HOSTS)
    assert query.problem == ""
    return [number for number, one in enumerate(LINES) if query.matches(one)]


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("get", [0, 2]),
        ("get ok", [2]),
        ('"timed out"', [0]),
        ("timed out", [0]),
        ('"out timed"', []),
        ("-get", [1, 3, 4]),
        ("!get -slow", [1, 4]),
        ('-"get /users"', [0, 1, 3, 4]),
        ("host:web1", [0, 1]),
        ("host:web*", [0, 1, 2]),
        ("host:web2,db1", [2, 3, 4]),
        ("-host:web1", [2, 3, 4]),
        # What systemd says of the unit passes every level.
        ("level>=warning", [0, 2, 4]),
        ("level>warn", [0, 4]),
        ("level:notice", [3, 4]),
        ("level<=notice level>info", [3, 4]),
        ("-level:error", [1, 2, 3, 4]),
        ("level>=warning -kind:unit", [0, 2]),
        ("kind:unit", [4]),
        ("since:2m", [1, 2, 3, 4]),
        ("since:2m until:8s", [1, 2]),
        ("pid:7", [3]),
        ("boot:ab", [3]),
        ("unit:init.scope", [4]),
        ("re:get|slow", [0, 2, 3]),
        ("-re:get|slow", [1, 4]),
        ("re:!get|slow", [1, 4]),
        ("host:web1 re:o.* ok", [1]),
        ('re:"o.* ok" host:web1', [1]),
        ("level>=warning host:web1 get", [0]),
    ],
)
def test_what_is_listed(line: str, numbers: list[int]) -> None:
    assert listed(line) == numbers


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("level>=loud", "'loud' is no level: debug, info"),
        ("level:eror", 'did you mean "error"?'),
        ("host:web9", 'no host here is called web9; did you mean "web'),
        ("host:", "host: what? web1"),
        ("host>web1", "only level knows more and less"),
        ("since:soon", "since: 'soon' is not a time"),
        ("kind:systemd", "'systemd' is no kind: app, unit, journald, gap"),
        ("hosts:web1", 'hosts: is no field; did you mean "host"? Quote it'),
        ("re:(", "not a regular expression"),
        ("get -re:[", "not a regular expression"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_holds(line: str, part: str) -> None:
    query = parse_query(f"post {line}" if not line.startswith("get") else line, NOW, HOSTS)
    assert part in query.problem
    assert query.matches(LINES[1]) is not line.startswith("get")
    assert not query.matches(LINES[3])


@pytest.mark.parametrize(
    "text", ["12:03:44", "request_id=F1", "http://x", "a-b", "Elixir.Foo:", "x=y", "MyApp.Repo"]
)
def test_what_looks_like_a_field_and_is_none_is_text(text: str) -> None:
    query = parse_query(text, NOW, HOSTS)
    assert query.problem == ""
    assert query.matches(entry(f"a {text} b"))
    assert not query.matches(LINES[0])


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=12))
def test_whatever_is_quoted_is_found_as_it_is(text: str) -> None:
    query = parse_query(quoted(text), NOW)
    assert [term.wanted for term in query.terms] == [text]
    assert not query.terms[0].negated
    assert query.sharing


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from((*FIELDS, ":", ">=", '"', "\\", "-", "!", " ", "x", "web1", "15m")))
)
def test_nothing_typed_raises(parts: list[str]) -> None:
    line = "".join(parts)
    query = parse_query(line, NOW, HOSTS)
    for one in LINES:
        query.matches(one)
        query.spans(one.message)
    assert all(offer.startswith(line[: line.rfind(" ") + 1]) for offer in completions(line, HOSTS))


@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("ho", ["host:"]),
        ("get -ho", ["get -host:"]),
        ("le", ["level>="]),
        ("host:w", ["host:web1", "host:web2"]),
        ("host:web1,d", ["host:web1,db1"]),
        ("level>=w", ["level>=warning"]),
        ("u", ["until:", "unit:"]),
        ("", []),
        ("get ", []),
        ("host:web1", []),
    ],
)
def test_how_it_goes_on(line: str, offers: list[str]) -> None:
    assert completions(line, HOSTS) == offers


def test_hits_of_several_texts_are_apart_and_in_order() -> None:
    query = parse_query("out timed t", NOW)
    message = "GET timed out"
    spans = query.spans(message)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert [message[start:stop] for start, stop in spans] == ["T", "timed", "out"]
    assert parse_query("-get", NOW).has_text is False


def test_a_gap_passes_every_text_and_no_other_host() -> None:
    gap = Entry("web1", 1, Level.WARNING, EntryKind.GAP, "link lost")
    assert parse_query("nothing level:error", NOW).matches(gap)
    assert not parse_query("host:web2", NOW).matches(gap)
    assert Query().empty


SAVED = {"slow": '"slow query" level>=notice', "api": "re:^get"}


def test_saved_queries_stand_for_what_they_say() -> None:
    def numbers(line: str) -> list[int]:
        query = parse_query(line, NOW, HOSTS, SAVED)
        assert query.problem == ""
        return [number for number, one in enumerate(LINES) if query.matches(one)]

    assert numbers("@slow") == [3]
    # A pattern of a saved query ends with it.
    assert numbers("@api host:web2") == [2]
    assert numbers("@somebody") == [], "a text like any other"
    assert "did you mean" in parse_query("@slo", NOW, HOSTS, SAVED).problem
    assert "whole query" in parse_query("-@slow", NOW, HOSTS, SAVED).problem
    assert completions("get @s", HOSTS, SAVED) == ["get @slow"]
