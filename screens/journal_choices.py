"""What the journal asks for: a time and a boot, which hosts, the name of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from screens.dialog import Dialog
from tui.commands.journal import boot_fits
from tui.model.journal import JournalQuery
from tui.model.timespec import FORMS, NotATime, parse_since


class QueryScreen(Dialog[JournalQuery]):
    """Since, until, boot; answers the query with them, all of them readable."""

    # Textual takes a list too, but Dialog's plain text is what mypy goes by.
    CSS_PATH = ["dialog.tcss", "journal_choices.tcss"]  # type: ignore[assignment]  # noqa: RUF012

    def __init__(self, query: JournalQuery, clock: Callable[[], float]) -> None:
        super().__init__("journal: from when to when")
        self._query = query
        self._clock = clock

    def compose_body(self) -> ComposeResult:
        """Three questions, the first one with the focus."""
        yield Static(Content(f"Times are UTC: {FORMS}"), classes="muted")
        for name, value, asked in (
            ("since", self._query.since, "15m"),
            ("until", self._query.until or "", "empty follows what comes"),
            ("boot", self._query.boot or "", "empty takes all, 0 this one, -1 the one before"),
        ):
            with Horizontal(classes="asked"):
                yield Static(Content(name), classes="name")
                yield Input(value, placeholder=asked, id=name)
        yield Static(Content(""), classes="problem")
        yield Static(Content("Enter reads again from the hosts. Esc leaves."), classes="muted")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter takes all three, if they can be read."""
        now = self._clock()
        since, until, boot = (
            self.query_one(f"#{name}", Input).value.strip() for name in ("since", "until", "boot")
        )
        try:
            begin = parse_since(since or "15m", now)
            end = parse_since(until, now) if until else None
        except NotATime as problem:
            self._say(problem.detail)
            return
        if end is not None and end < begin:
            self._say("until lies before since")
            return
        if boot and not boot_fits(boot):
            self._say(f"{boot!r} is neither a boot ID nor an offset like -1")
            return
        self.dismiss(
            replace(self._query, since=since or "15m", until=until or None, boot=boot or None)
        )

    def _say(self, problem: str) -> None:
        self.query_one(".problem", Static).update(Content(problem))


class HostsChoice(Dialog[frozenset[str]]):
    """Which hosts are shown; answers their names, none of them meaning every host."""

    CSS_PATH = ["dialog.tcss", "journal_choices.tcss"]  # type: ignore[assignment]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "down", show=False),
        Binding("k,up", "move(-1)", "up", show=False),
        Binding("space", "mark", "mark", show=False),
        Binding("o", "only", "only this one", show=False),
        Binding("asterisk", "all", "all", show=False),
        Binding("enter", "take", "take", show=False),
    ]

    def __init__(self, hosts: Sequence[str], chosen: frozenset[str], says: Mapping[str, str]):
        super().__init__("journal: which hosts")
        self._hosts = tuple(hosts)
        self._chosen = set(chosen) or set(hosts)
        self._says = says
        self._at = 0

    def compose_body(self) -> ComposeResult:
        """A line for each host: marked or not, and how its journal is doing."""
        yield Static(Content(""), classes="said")
        yield Static(
            Content("\nSpace marks   o only this one   * all   Enter takes them   Esc leaves"),
            classes="muted",
        )

    def on_mount(self) -> None:
        """Draw the lines."""
        self._draw()

    def _draw(self) -> None:
        width = max((len(host) for host in self._hosts), default=0)
        lines: list[Content] = []
        for number, host in enumerate(self._hosts):
            mark = "[x]" if host in self._chosen else "[ ]"
            line = f"{'▌' if number == self._at else ' '}{mark} {host:<{width}}  "
            style = "bold $primary" if number == self._at else ""
            lines.append(
                Content.assemble((line, style), (self._says.get(host, ""), "$foreground-muted"))
            )
        self.query_one(".said", Static).update(Content("\n").join(lines))
        box = self.query_one(".box")
        if self._at < box.scroll_offset.y or self._at >= box.scroll_offset.y + box.size.height - 1:
            box.scroll_to(y=max(0, self._at - box.size.height // 2), animate=False)

    def action_move(self, lines: int) -> None:
        """Go to another host."""
        self._at = min(max(0, self._at + lines), max(0, len(self._hosts) - 1))
        self._draw()

    def action_mark(self) -> None:
        """Show this host, or do not."""
        if self._hosts:
            self._chosen ^= {self._hosts[self._at]}
            self._draw()

    def action_only(self) -> None:
        """Show this host and no other, at once."""
        if self._hosts:
            self.dismiss(frozenset({self._hosts[self._at]}))

    def action_all(self) -> None:
        """Mark every host."""
        self._chosen = set(self._hosts)
        self._draw()

    def action_take(self) -> None:
        """Answer what is marked; all and none both mean every host."""
        every = self._chosen >= set(self._hosts)
        self.dismiss(frozenset() if every else frozenset(self._chosen))


@dataclass(frozen=True, slots=True)
class ExportTo:
    """The answer: a file, and whether what is there may be replaced."""

    path: Path
    replace: bool = False


class ExportScreen(Dialog[ExportTo]):
    """Asks for a file's name; one that exists is replaced only if that is said a second time."""

    def __init__(self, count: str, name: str) -> None:
        super().__init__(f"export {count}")
        self._name = name
        self._warned: Path | None = None

    def compose_body(self) -> ComposeResult:
        """What is written, then the name."""
        yield Static(
            Content("What is listed now, as text, readable by you alone (mode 0600)."),
            classes="said",
        )
        yield Input(self._name, placeholder="file", id="file")
        yield Static(Content(""), classes="problem")

    def on_input_changed(self) -> None:
        """Another name has not been warned of."""
        self._warned = None
        self._say("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Check the name; the file itself is made by whoever asked."""
        name = event.value.strip()
        path = Path(name).expanduser()
        if not name or "\0" in name:
            self._say("a name is needed")
        elif path.is_dir():
            self._say(f"{path} is a folder")
        elif not path.parent.is_dir():
            self._say(f"there is no folder {path.parent}")
        elif path.exists() and self._warned != path:
            self._warned = path
            self._say(f"{path} exists. Enter again replaces it.")
        else:
            self.dismiss(ExportTo(path, replace=self._warned == path))

    def _say(self, problem: str) -> None:
        self.query_one(".problem", Static).update(Content(problem))
