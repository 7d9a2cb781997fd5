"""Who wants to know of a change; one that raises is logged and costs nobody else the news."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import Generic, TypeVarTuple

_News = TypeVarTuple("_News")
_log = logging.getLogger(__name__)


class Watchers(Generic[*_News]):
    """Callbacks in the order in which they came."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[*_News], object]] = []

    def add(self, callback: Callable[[*_News], object]) -> Callable[[], None]:
        """Call back from now on; the result ends it, and may be called twice."""
        self._callbacks.append(callback)

        def stop() -> None:
            with contextlib.suppress(ValueError):
                self._callbacks.remove(callback)

        return stop

    def tell(self, *news: *_News) -> None:
        """Call everybody back, now."""
        for callback in tuple(self._callbacks):
            try:
                callback(*news)
            except Exception:  # noqa: BLE001  # a screen's mistake must not cost the link
                _log.exception("a watcher failed")
