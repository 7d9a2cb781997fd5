"""Since which place a list may look different: changes by number, folded and bounded."""

from __future__ import annotations

from bisect import bisect_right

KEPT = 2048


class Revisions:
    """Remembers for each change the lowest index it touched.

    Kept is a rising staircase: an older change at a higher index is covered by a newer one at
    a lower index, so the answer is the first step after the asked revision.
    """

    def __init__(self) -> None:
        self.current = 0
        self._numbers: list[int] = []
        self._indices: list[int] = []
        self._known_since = 0

    def note(self, index: int) -> None:
        """A change that touched `index` and maybe what follows it."""
        self.current += 1
        while self._indices and self._indices[-1] >= index:
            self._indices.pop()
            self._numbers.pop()
        self._numbers.append(self.current)
        self._indices.append(index)
        if len(self._numbers) > KEPT:
            self._known_since = self._numbers[KEPT // 2 - 1]
            del self._numbers[: KEPT // 2], self._indices[: KEPT // 2]

    def changed_from(self, revision: int) -> int | None:
        """The lowest index touched since `revision`, None if none; 0 if that is long ago."""
        if revision < self._known_since:
            return 0
        step = bisect_right(self._numbers, revision)
        return self._indices[step] if step < len(self._indices) else None
