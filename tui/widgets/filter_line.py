"""The line beneath the journal: the filter, typed in place, and the counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

PLACEHOLDER = 'text -hidden "a b" host: level>= since: re:pattern'


def _nothing(_typed: str) -> Sequence[str]:
    return ()


class Offered(Suggester):
    """Offers how what is typed may go on; the right arrow takes it."""

    def __init__(self, offers: Callable[[str], Sequence[str]]) -> None:
        # What can be offered changes with the hosts and what was asked.
        super().__init__(use_cache=False, case_sensitive=True)
        self._offers = offers

    async def get_suggestion(self, value: str) -> str | None:
        """The first offer."""
        return next(iter(self._offers(value)), None)


class FilterInput(Input):
    """Where the filter is typed; Enter, Esc and Tab leave or switch, up and down recall, the right
    arrow takes what is offered, all else is text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "done(False)", "clear", show=False),
        Binding("enter", "done(True)", "keep", show=False),
        Binding("up", "recall(-1)", "the query before", show=False),
        Binding("down", "recall(1)", "the query after", show=False),
        Binding("tab,shift+tab", "switch", "only hits, or mark them", show=False),
    ]

    def __init__(self, offers: Callable[[str], Sequence[str]], asked: Sequence[str]) -> None:
        super().__init__(placeholder=PLACEHOLDER, suggester=Offered(offers))
        self._asked = asked
        self._at = 0
        self._own = ""

    def begin(self, typed: str) -> None:
        """Type here, from what was typed before, which is selected."""
        self.value, self._own, self._at = typed, typed, len(self._asked)
        self.focus()

    def action_recall(self, step: int) -> None:
        """Go through the queries of before; behind the last is what was being typed, and behind
        that the list."""
        if self._at >= len(self._asked):
            self._own = self.value
            if step > 0:
                self.action_done(True)
                return
        self._at = min(max(0, self._at + step), len(self._asked))
        self.value = self._asked[self._at] if self._at < len(self._asked) else self._own
        self.cursor_position = len(self.value)

    class Done(Message):
        """The typing ended; the text is to be kept or forgotten."""

        def __init__(self, keep: bool) -> None:
            super().__init__()
            self.keep = keep

    class Switched(Message):
        """Hits are to be marked among all lines, or shown alone again."""

    def action_done(self, keep: bool) -> None:
        """End the typing."""
        self.post_message(self.Done(keep))

    def action_switch(self) -> None:
        """Show only hits, or all lines with the hits marked."""
        self.post_message(self.Switched())


class FilterLine(Horizontal):
    """Says the filter and the counts; while it is open, its text is typed in place."""

    DEFAULT_CSS = """
    FilterLine {
        height: 1;
        background: $surface;
        & > Static { height: 1; text-wrap: nowrap; width: 1fr; }
        & > .prompt { width: 10; color: $text-primary; display: none; }
        & > FilterInput, & > FilterInput:focus {
            display: none; border: none; height: 1; padding: 0; width: 1fr; min-width: 16;
            background: $panel; background-tint: $foreground 0%;
        }
        &.-open > .prompt { display: block; }
        &.-open > FilterInput, &.-open > FilterInput:focus { display: block; }
        &.-open > .said { width: auto; min-width: 30; max-width: 60%; }
    }
    """

    def __init__(
        self, offers: Callable[[str], Sequence[str]] = _nothing, asked: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self._offers, self._asked = offers, asked
        self._words: tuple[str, str, str] = ("", "", "")

    def compose(self) -> ComposeResult:
        """Prompt and input, hidden until it opens; then what is said."""
        yield Static(Content(" filter ›"), classes="prompt")
        yield FilterInput(self._offers, self._asked)
        yield Static(Content(""), classes="said")

    @property
    def input(self) -> FilterInput:
        """Where the text is typed."""
        return self.query_one(FilterInput)

    @property
    def is_open(self) -> bool:
        """Whether the keys are typed text now."""
        return self.has_class("-open")

    def open(self, typed: str) -> None:
        """Type here; the text there was is selected, so that typing replaces it."""
        self.add_class("-open")
        self.input.begin(typed)
        self.draw()

    def close(self) -> None:
        """Stop typing."""
        self.remove_class("-open")
        self.draw()

    def show(self, left: str, right: str, problem: str = "") -> None:
        """Say the filter at the left and the counts at the right; a problem in their place."""
        words = (left, right, problem)
        if words != self._words:
            self._words = words
            self.draw()

    def on_resize(self) -> None:
        """The counts keep to the right edge."""
        self.draw()

    def draw(self) -> None:
        """Put the words where they belong now; its own size never depends on them."""
        left, right, problem = self._words
        said = self.query_one(".said", Static)
        end = Content.styled(f"{problem} ", "bold $text-error") if problem else Content(f"{right} ")
        if self.is_open:
            said.update(Content.assemble(" ", end))
            return
        room = max(0, self.size.width - end.cell_length)
        start = Content(f" {left}").truncate(room, ellipsis=True, pad=True)
        said.update(Content.assemble(start, end), layout=False)
