"""Every fact of one host with its age, kept fresh while it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from screens.host_acts import HostActs
from screens.place import bindings_of
from tui.model.host_facts import Section, fact_sections
from tui.model.notice import Notice, Severity
from tui.widgets.cells import wrap_words

if TYPE_CHECKING:
    from tui.operations.deck import Deck

LABEL_CELLS = 15
TWO_COLUMNS = 116


class HostDetailsScreen(HostActs):
    """Reached by Enter from the hosts; Esc goes back."""

    place = "host"
    CSS_PATH = "host_details.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("host")

    def __init__(self, deck: Deck, host: str) -> None:
        super().__init__(deck)
        self._host = host
        self._stop: Callable[[], None] | None = None
        self._drawn: tuple[object, ...] = ()

    def compose_body(self) -> ComposeResult:
        """The host's name, then one text that scrolls."""
        yield Static(Content(f" {self._host}"), classes="title")
        with VerticalScroll():
            yield Static(Content(""), id="facts", markup=False)

    def on_mount(self) -> None:
        """Follow the board; ages move once a second."""
        self._stop = self.deck.board.watch(self.refresh_facts)
        self.set_interval(1.0, self.refresh_facts)
        self.query_one(VerticalScroll).focus()
        self.refresh_facts()

    def on_unmount(self) -> None:
        """Stop following."""
        if self._stop is not None:
            self._stop()

    def on_screen_resume(self) -> None:
        """What changed while a dialog was in view."""
        self.refresh_facts()

    def on_resize(self) -> None:
        """Two columns may fit now."""
        self.refresh_facts()

    def refresh_facts(self) -> None:
        """Draw what was noticed of the host, then every fact; nothing is painted twice."""
        view = self.view_of(self._host)
        if view is None or not self.is_current:
            return
        noticed = tuple(n for n in self.deck.notices() if n.host == self._host)
        sections = fact_sections(view, self.deck.clock())
        room = self.size.width - 4
        if (noticed, sections, room) == self._drawn:
            return
        self._drawn = (noticed, sections, room)
        signs = self.key_signs()
        lines = [line for notice in noticed for line in _notice_lines(notice, signs)]
        lines += _laid_out(sections, room)
        self.query_one("#facts", Static).update(Content("\n").join(lines))

    def chosen(self) -> tuple[str, ...]:
        """The host that is looked at."""
        return (self._host,)

    def highlighted(self) -> str:
        """The host that is looked at."""
        return self._host

    def _scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_down(self) -> None:
        """A line down."""
        self._scroll(1)

    def action_up(self) -> None:
        """A line up."""
        self._scroll(-1)

    def action_page_down(self) -> None:
        """A screenful down."""
        self._scroll(self.query_one(VerticalScroll).size.height - 1)

    def action_page_up(self) -> None:
        """A screenful up."""
        self._scroll(1 - self.query_one(VerticalScroll).size.height)

    def action_top(self) -> None:
        """To the first line."""
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_bottom(self) -> None:
        """To the last line."""
        self.query_one(VerticalScroll).scroll_end(animate=False)

    def action_copy(self) -> None:
        """Every fact as text to the clipboard."""
        view = self.view_of(self._host)
        if view is None:
            return
        lines = [self._host]
        for heading, facts in fact_sections(view, self.deck.clock()):
            lines += ["", heading, *(f"  {label:<{LABEL_CELLS}}{text}" for label, text in facts)]
        self.app.copy_to_clipboard("\n".join(lines))
        self.notify("copied", timeout=2, markup=False)

    def action_back(self) -> None:
        """Esc: back to the hosts."""
        self.app.pop_screen()


def _notice_lines(notice: Notice, signs: dict[str, str]) -> list[Content]:
    style = "bold $text-error" if notice.severity <= Severity.SHUT_OUT else "bold $text-warning"
    lines = [Content.styled(notice.headline, style)]
    lines += [Content(f"  {line}") for line in notice.lines]
    if notice.keys:
        keys = "   ".join(f"{signs.get(key, key)} {label}" for key, label in notice.keys)
        lines.append(Content.styled(f"  {keys}", "$foreground-muted"))
    return [*lines, Content("")]


def _laid_out(sections: Sequence[Section], room: int) -> list[Content]:
    """The sections one below the other; in two columns where there is room for them."""
    if room < TWO_COLUMNS or len(sections) < 4:
        return [line for section in sections for line in _section_lines(section, room)]
    half = room // 2
    left = [line for section in sections[:2] for line in _section_lines(section, half - 2)]
    right = [line for section in sections[2:] for line in _section_lines(section, half - 2)]
    pairs = zip_longest(left, right, fillvalue=Content(""))
    return [one.truncate(half, pad=True) + other for one, other in pairs]


def _section_lines(section: Section, room: int) -> list[Content]:
    heading, facts = section
    lines = [Content.styled(heading, "bold $primary")]
    for label, text in facts:
        first, *rest = wrap_words(text, max(8, room - LABEL_CELLS - 2))
        lines.append(Content.assemble((f"  {label:<{LABEL_CELLS}}", "$foreground-muted"), first))
        lines += [Content(" " * (LABEL_CELLS + 2) + line) for line in rest]
    return [*lines, Content("")]
