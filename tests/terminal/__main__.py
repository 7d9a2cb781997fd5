"""Ask tmux what it shows for every case and recorded session, and write it down."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tests.terminal.cases import CASES, COLUMNS, LINES
from tests.terminal.sessions import cuts, sessions
from tests.terminal.tmux import Tmux

SAID = Path(__file__).with_name("tmux.json")


def main() -> None:
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder, Tmux(Path(folder)) as tmux:
        for name, text in CASES.items():
            found[name] = tmux.screen(text.encode(), COLUMNS, LINES)
        for session in sessions():
            for at in cuts(session):
                screen = tmux.screen(session.data[:at], session.columns, session.lines)
                found[f"{session.name} {at}"] = screen
            print(session.name, len(session.data), file=sys.stderr)
    SAID.write_text(json.dumps(found, ensure_ascii=False, indent=0) + "\n")


if __name__ == "__main__":
    main()
