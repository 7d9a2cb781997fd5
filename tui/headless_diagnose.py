"""`beamdeck diagnose FILE|-`: what a journal that somebody sent shows, without a fleet."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tui.diagnosis_rules import load_rules
from tui.errors import BeamdeckError
from tui.model.diagnosis_card import card_text, cards_json
from tui.model.words import counted
from tui.operations.diagnose_file import diagnose


class Unreadable(BeamdeckError):
    """The file cannot be read."""

    title = "The file cannot be read"


def print_diagnosis(file: Path, *, as_json: bool) -> int:
    """Print the cards of a file, `-` for stdin. 0: nothing known was found, 1: there are cards."""
    rules = load_rules()
    for warning in rules.warnings:
        print(f"rule left out: {warning}", file=sys.stderr)
    try:
        if str(file) == "-":
            cards = diagnose(sys.stdin.buffer, rules.rules, "stdin", time.time())
        else:
            with file.open("rb") as source:
                cards = diagnose(source, rules.rules, file.name, time.time())
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror or error}") from None
    if as_json:
        print(cards_json(cards))
    elif cards:
        print("\n\n".join(card_text(card) for card in cards))
    else:
        print(f"nothing that {counted(len(rules.rules), 'rule')} know")
    return 1 if cards else 0
