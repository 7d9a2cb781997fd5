"""A crash as a file and a sentence: no locals, no control characters, no secrets."""

from __future__ import annotations

import time
import traceback
from pathlib import Path

from tui.model.redact import redact
from tui.model.text import scrub
from tui.paths import open_private


def report_of(error: BaseException | None) -> str:
    """The traceback without locals, scrubbed and redacted, lines divided by newlines."""
    if error is None:
        return "beamdeck ended for a reason it does not know"
    lines = traceback.format_exception(error)
    return redact(scrub("".join(lines)))


def write_report(state_folder: Path, error: BaseException | None) -> str:
    """Keep the report (0600) in the state folder; the sentence to print on the terminal."""
    report = report_of(error)
    summary = redact(scrub(f"{type(error).__name__}: {error}"))
    path = state_folder / f"crash-{int(time.time())}.txt"
    try:
        with open_private(path, "w") as file:
            file.write(report)
    except OSError as failure:
        return f"beamdeck crashed: {summary}\n{report}\n(not written down: {scrub(str(failure))})"
    return f"beamdeck crashed: {summary}\nThe report is in {path}; it holds no local variables."
