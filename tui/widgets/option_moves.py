"""j and k in a list of options, beside its own arrows."""

from __future__ import annotations

from textual.widgets import OptionList


def move_option(options: OptionList, by: int) -> None:
    """One option down (above 0) or up."""
    if by > 0:
        options.action_cursor_down()
    else:
        options.action_cursor_up()
