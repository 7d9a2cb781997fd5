"""A tokenizer of what a program sends to its terminal, and the whitelist for it."""

from __future__ import annotations

import re
from collections.abc import Iterator

# What Textual itself sends, seen on a run without any host: colours, cursor moves inside the
# screen, modes of its own, the window's pointer shape, and nothing that a host could profit from.
ALLOWED = re.compile(
    rb"""
    \x1b\[ [0-9;:]* m                 # SGR
  | \x1b\[ [0-9;]* [HABCDJK]          # cursor moves, erase
  | \x1b\[\? [0-9;]+ [hlu]            # private modes, keyboard flags
  | \x1b\[\? [0-9;]+ \$p              # asks whether a mode is known
  | \x1b\[ [<>=] [0-9;]* u            # keyboard protocol
  | \x1b\[ [0-9;]* [tu]               # asks for the window's size; keyboard
  | \x1b\[ [0-9]? \x20? q             # cursor shape
  | \x1b\]22;[a-z-]*(?:\x07|\x1b\\)   # pointer shape
  | \x1b[78=>]                        # save, restore, keypad
  | \x1bP\$q[^\x1b]*\x1b\\            # asks
    """,
    re.VERBOSE,
)
PLAIN = re.compile(rb"[\x20-\x7e\x80-\xff\r\n]+")


def outside(stream: bytes) -> Iterator[bytes]:
    """Each piece of `stream` that is neither printable text nor in the whitelist, 24 bytes of it.

    C1 controls, bidi and zero-width code points are looked for in the decoded text by the caller.
    """
    position = 0
    while position < len(stream):
        found = PLAIN.match(stream, position) or ALLOWED.match(stream, position)
        if found is None or found.end() == position:
            yield stream[position : position + 24]
            position += 1
        else:
            position = found.end()
