"""What was noticed, worst first, as many as there is room for; never more lines than it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from tui.model.notice import Notice, Severity, grouped
from tui.widgets.cells import wrap_words


class NoticePanel(Static):
    """Notices as blocks with a blank line between them; what does not fit is counted."""

    DEFAULT_CSS = """
    NoticePanel { height: 1fr; padding: 1 0 0 0; text-wrap: nowrap; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(Content(""), markup=False, id=id)
        self._notices: tuple[Notice, ...] = ()
        self._signs: Mapping[str, str] = {}
        self._drawn: tuple[object, ...] = ()

    def show(
        self, notices: Sequence[Notice], signs: Mapping[str, str], names: Mapping[str, str]
    ) -> None:
        """Draw these, unless they stand there.

        `signs` are the keys to show, by id; `names` the hosts' short names, where they have one.
        """
        one_each = (replace(n, host=names.get(n.host, n.host)) for n in notices)
        self._notices, self._signs = grouped(tuple(one_each)), signs
        self._draw()

    def on_resize(self) -> None:
        """More or fewer may fit now."""
        self._draw()

    def _draw(self) -> None:
        width, height = self.content_size
        drawn = (self._notices, tuple(self._signs.items()), width, height)
        if not width or drawn == self._drawn:
            return
        self._drawn = drawn
        self.update(Content("\n").join(_lines(self._notices, self._signs, width, height)))


def _lines(
    notices: Sequence[Notice], signs: Mapping[str, str], width: int, height: int
) -> list[Content]:
    """Blocks that fit as a whole; the first is cut if it must be, the rest is counted."""
    lines: list[Content] = []
    for index, notice in enumerate(notices):
        block = _block(notice, signs, width)
        more = len(notices) - index - 1
        gap = 1 if lines else 0
        # A line is kept for the count of those that come after.
        room = height - len(lines) - gap - (1 if more else 0)
        if len(block) > room and lines:
            # The worst are above; a headline without its lines is better than a mere number.
            return _counted(lines, len(notices) - index, height)
        lines += [Content("")] * gap + block[: max(1, room)]
    return lines[:height]


def _counted(lines: list[Content], more: int, height: int) -> list[Content]:
    said = Content.styled(f" and {more} more: Enter on a host shows its own", "$foreground-muted")
    return [*lines[: max(0, height - 1)], said]


def _block(notice: Notice, signs: Mapping[str, str], width: int) -> list[Content]:
    style = "bold $text-error" if notice.severity <= Severity.SHUT_OUT else "bold $text-warning"
    named = _named(notice, width - 2)
    beside = cell_len(named) + 3 <= width // 3
    indent = cell_len(named) + 3 if beside else 5
    room = max(8, width - indent - 1)
    said = [part for text in (notice.headline, *notice.lines) for part in wrap_words(text, room)]
    block = [Content.assemble(" ", (named, style), f"  {said.pop(0)}" if beside else "")]
    block += [Content(" " * indent + line) for line in said]
    if notice.keys:
        keys = "   ".join(f"{signs.get(key, key)} {label}" for key, label in notice.keys)
        block.append(Content.styled(" " * indent + keys, "$foreground-muted"))
    return block


def _named(notice: Notice, room: int) -> str:
    """The hosts, as many by name as there is room for; the others are a number."""
    names = (notice.host, *notice.others)
    for count in range(len(names), 0, -1):
        more = len(names) - count
        said = ", ".join(names[:count]) + (f" and {more} more" if more else "")
        if cell_len(said) <= room or count == 1:
            return said
    return ""
