"""Text in terminal cells: cut, filled, wrapped at cell borders; names for a column. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, chop_cells, split_graphemes


def short_names(names: Sequence[str], limit: int) -> dict[str, str]:
    """Each host's word for the column, at most `limit` cells, told apart where that is possible.

    The domain that all share goes first; then what is too long loses its head or its middle.
    """
    shown = dict(zip(names, _without_domain(names), strict=True))
    for cut in (_tail, _ends):
        tried = {name: cut(word, limit) for name, word in shown.items()}
        if len(set(tried.values())) == len(set(shown.values())):
            return tried
    return {name: _tail(word, limit) for name, word in shown.items()}


def _without_domain(names: Sequence[str]) -> list[str]:
    parts = [name.split(".") for name in names]
    while len(names) > 1 and all(len(p) > 1 for p in parts) and len({p[-1] for p in parts}) == 1:
        parts = [p[:-1] for p in parts]
    return [".".join(p) for p in parts]


def _tail(word: str, limit: int) -> str:
    if cell_len(word) <= limit:
        return word
    while word and cell_len(word) > limit - 1:
        word = word[1:]
    return f"…{word}"


def _ends(word: str, limit: int) -> str:
    if cell_len(word) <= limit:
        return word
    head = cut_cells(word, (limit - 1) // 2)[0]
    return head + _tail(word, limit - cell_len(head))


def cut_cells(text: str, cells: int) -> tuple[str, int]:
    """The longest head of `text` that fits into `cells`, and its width in cells.

    A character of two cells that does not fit is left out as a whole.
    """
    if cells <= 0:
        return "", 0
    # A base carries a few marks at most, so that what is looked at stays bounded by the row.
    near = text[: cells * 8 + 8]
    if near.isascii():
        head = near[:cells]
        return head, len(head)
    taken, width = 0, 0
    for _, end, size in split_graphemes(near)[0]:
        if width + size > cells:
            break
        taken, width = end, width + size
    return near[:taken], width


def pad_cells(text: str, cells: int) -> str:
    """`text` cut or filled with spaces to exactly `cells`."""
    head, width = cut_cells(text, cells)
    return head + " " * (cells - width)


def wrap_cells(line: str, room: int, limit: int | None = None) -> list[tuple[str, int]]:
    """(piece, where it begins) of a line folded at cells; at least one, at most `limit`."""
    if limit is not None:
        line = line[: limit * (room * 8 + 8)]
    pieces: list[tuple[str, int]] = []
    start = 0
    # Widths below two cells cannot take every character: those are shown alone.
    for piece in chop_cells(line, max(2, room)):
        pieces.append((piece, start))
        start += len(piece)
    return pieces[:limit] or [("", 0)]


def wrap_words(text: str, room: int) -> list[str]:
    """A sentence in lines of at most `room` cells, broken between words where that is possible."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if cell_len(longer) <= room:
            line = longer
            continue
        pieces = [piece for piece, _ in wrap_cells(word, room)]
        lines += [line, *pieces[:-1]] if line else pieces[:-1]
        line = pieces[-1]
    return [*lines, line]
