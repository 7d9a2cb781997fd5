"""The timeline's exports: text stays text whatever a host wrote, and nobody is asked."""

from __future__ import annotations

import json
import re
from datetime import UTC, timedelta, timezone
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.timeline import Entry, Kind, incident, open_incidents
from tui.model.timeline_export import FORMATS, render

AT = 1_528_081_680.0
ZONE = timezone(timedelta(hours=2))
HOSTILE = (
    "<script src=http://evil/x></script>",
    '<img src="x" onerror=alert(1)>',
    "| a | b |\n# head [link](http://evil) ![i](http://evil/i.png) `code`",
    "\x1b]0;title\x07\x1b[31mred",
    "\u202egnp.exe",
    "&lt;b&gt; \"quoted\" 'quoted'",
)
SECRETS = (
    "DATABASE_URL=ecto://billing:hunter2hunter2@db1/prod",
    "-setcookie topsecretcookie",
    "password=correct-horse",
)
HIDDEN = ("hunter2hunter2", "topsecretcookie", "correct-horse")


def entries(*texts: str) -> tuple[Entry, ...]:
    return tuple(
        Entry(AT + n, Kind.NOTE, text, "prod", "billing", host="web1", who="ada@desk")
        for n, text in enumerate(texts)
    )


class Asks(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(page: str) -> Asks:
    asks = Asks()
    asks.feed(page)
    return asks


@given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from(HOSTILE)), max_size=6))
def test_no_page_holds_anything_but_our_own_tags(texts: list[str]) -> None:
    asks = parsed(render(entries(*texts), "html", "".join(texts)[:50], UTC))
    assert asks.tags <= {
        "html", "head", "meta", "title", "style", "body", "h1", "table", "thead", "tbody",
        "tr", "th", "td",
    }  # fmt: skip
    assert asks.attributes <= {"lang", "charset", "http-equiv", "content", "class"}


def test_a_page_asks_nobody_and_says_so() -> None:
    page = render(entries(*HOSTILE), "html", "prod billing", UTC)
    assert "default-src 'none'" in page
    assert not re.search(r"url\(|@import|<[^>]*\b(src|href|srcset|action)=", page)
    shown = "".join(parsed(page).text)
    assert "<script src=http://evil/x></script>" in shown, "it is there, as text"


@pytest.mark.parametrize("form", FORMATS)
def test_no_form_holds_a_secret_or_what_a_terminal_obeys(form: str) -> None:
    told = render(entries(*SECRETS, *HOSTILE), form, "prod billing", UTC)
    for hidden in HIDDEN:
        assert hidden not in told
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", told)


def test_markdown_keeps_its_table_and_its_readers_from_links() -> None:
    told = render(entries(*HOSTILE), "md", "prod billing", UTC).splitlines()
    rows = [line for line in told if line.startswith("| 2018")]
    assert len(rows) == len(HOSTILE)
    assert {line.count("|") for line in rows} == {7}
    assert not any(sign in row for row in rows for sign in ("](", "![", "<script", "://"))


def test_both_times_stand_beside_each_other_and_a_gap_has_its_end() -> None:
    gap = Entry(AT, Kind.GAP, "no console was open", until=AT + 60)
    text = render((gap, *entries("one\ntwo")), "text", "prod billing", ZONE)
    assert "2018-06-04 03:08:00–2018-06-04 03:09:00  05:08:00 +0200–05:09:00 +0200  gap" in text
    assert "note  web1  ada@desk  one\n    two\n" in text


def test_json_is_for_machines() -> None:
    told = json.loads(render(entries("one"), "json", "prod billing"))
    (entry,) = told["entries"]
    assert (entry["utc"], entry["kind"], entry["text"]) == ("2018-06-04T03:08:00Z", "note", "one")


def test_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="pdf"):
        render((), "pdf", "x")


def mark(kind: Kind, name: str, at: float) -> Entry:
    return Entry(at, kind, name)


def test_an_incident_is_what_lies_between_its_marks() -> None:
    opened, closed = Kind.INCIDENT_OPENED, Kind.INCIDENT_CLOSED
    told = [
        mark(opened, "500s", 10.0),
        mark(opened, "disk", 20.0),
        mark(closed, "500s", 30.0),
        mark(opened, "500s", 40.0),
    ]
    assert incident(told[:3], "500s") == (10.0, 30.0)
    assert incident(told, "500s") == (40.0, None), "the newest of that name"
    assert incident(told, "else") is None
    assert open_incidents(told) == ("disk", "500s")
