"""The timeline as text, Markdown, one HTML file that asks nobody for anything, and JSON. Pure.

Texts were scrubbed and redacted when the entries were made; here they are only put so that the
format takes them for text.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo

from tui.model.timeline import Entry, Kind, to_record

FORMATS = ("text", "md", "html", "json")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
_STYLE = """
body{font:14px/1.4 monospace;margin:2em;background:#fff;color:#111}
table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.15em .8em .15em 0}
td.text{white-space:pre-wrap;overflow-wrap:anywhere}tr.gap{color:#666;font-style:italic}
tr.incident{font-weight:bold}
@media(prefers-color-scheme:dark){body{background:#111;color:#eee}tr.gap{color:#999}}
"""


def render(entries: Sequence[Entry], form: str, title: str, zone: tzinfo | None = None) -> str:
    """The entries in one of FORMATS, ending in a newline; `zone` is the local time beside UTC.

    ValueError for another format.
    """
    makers: dict[str, Callable[[Sequence[Entry], str, tzinfo | None], str]] = {
        "text": _text,
        "md": _markdown,
        "html": _html,
        "json": _json,
    }
    if form not in makers:
        raise ValueError(f"{form!r} is none of {', '.join(FORMATS)}")
    return makers[form](entries, title, zone)


def times(entry: Entry, zone: tzinfo | None) -> tuple[str, str]:
    """(UTC, local time of day with its offset) of an entry; a gap's with its end."""
    return _span(entry, UTC, "%Y-%m-%d %H:%M:%S"), _span(entry, zone, "%H:%M:%S %z")


def _span(entry: Entry, zone: tzinfo | None, form: str) -> str:
    ends = (entry.at,) if entry.until is None else (entry.at, entry.until)
    return "–".join(_moment(at, zone).strftime(form) for at in ends)


def _moment(at: float, zone: tzinfo | None) -> datetime:
    # Without a zone it is this machine's own, at that moment.
    return datetime.fromtimestamp(at, UTC).astimezone(zone)


def _where(entry: Entry) -> str:
    step = "" if entry.step is None else f"step {entry.step}"
    return " ".join(filter(None, (entry.host, step)))


def _text(entries: Sequence[Entry], title: str, zone: tzinfo | None) -> str:
    lines = [title, ""]
    for entry in entries:
        utc, local = times(entry, zone)
        first, *more = entry.text.split("\n")
        head = "  ".join(filter(None, (utc, local, entry.kind, _where(entry), entry.who)))
        lines.append(f"{head}  {first}".rstrip())
        lines += [f"    {line}" for line in more]
    return "\n".join(lines) + "\n"


def _markdown(entries: Sequence[Entry], title: str, zone: tzinfo | None) -> str:
    lines = [f"# {_md(title)}", "", "| UTC | local | what | where | who | |"]
    lines.append("|---|---|---|---|---|---|")
    for entry in entries:
        utc, local = times(entry, zone)
        cells = (utc, local, entry.kind, _where(entry), entry.who, entry.text)
        lines.append(f"| {' | '.join(map(_md, cells))} |")
    return "\n".join(lines) + "\n"


_MD_SIGNS = "\\`*_{}[]()#!|<>~&@"


def _md(text: str) -> str:
    """Text that no reader of Markdown takes for anything else; lines end in a break."""
    shown = "".join(f"&#{ord(c)};" if c in _MD_SIGNS else c for c in text)
    return shown.replace("://", "&#58;//").replace("\n", "<br>")


def _html(entries: Sequence[Entry], title: str, zone: tzinfo | None) -> str:
    rows = []
    for entry in entries:
        cells = (*times(entry, zone), entry.kind, _where(entry), entry.who)
        mark = "gap" if entry.kind is Kind.GAP else ""
        if entry.kind in (Kind.INCIDENT_OPENED, Kind.INCIDENT_CLOSED):
            mark = "incident"
        told = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
        text = f'<td class="text">{html.escape(entry.text)}</td>'
        rows.append(f'<tr class="{mark}">{told}{text}</tr>')
    heads = "".join(f"<th>{head}</th>" for head in ("UTC", "local", "what", "where", "who", ""))
    body = "\n".join(rows)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{html.escape(title)}</h1>\n<table><thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table></body></html>\n"
    )


def _json(entries: Sequence[Entry], title: str, zone: tzinfo | None) -> str:
    told = []
    for entry in entries:
        utc, _ = times(entry, UTC)
        told.append({"utc": utc.replace(" ", "T") + "Z", **to_record(entry)})
    return json.dumps({"title": title, "entries": told}, indent=2, ensure_ascii=True) + "\n"
