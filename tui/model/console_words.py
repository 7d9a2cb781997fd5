"""What the frame around a console says, and the strip of consoles. Pure; never a remote's words
but its window title, which comes last and scrubbed."""

from __future__ import annotations

from dataclasses import dataclass

from tui.model.words import duration


@dataclass(frozen=True, slots=True)
class ConsoleFacts:
    """What is known of a console: all that its frame can say."""

    environment: str
    production: bool
    host: str
    command: str
    release: str
    node: str
    state: str
    live: bool
    since_s: float | None
    recording: str
    title: str = ""
    bells: int = 0


def frame_words(facts: ConsoleFacts, *, typing: bool, escape: str) -> str:
    """The line above the terminal; the environment's name first, in capitals if production."""
    where = f"{facts.environment.upper()} PRODUCTION" if facts.production else facts.environment
    parts = [where, facts.host, facts.command]
    parts += [part for part in (facts.release, facts.node) if part]
    if not facts.live:
        parts.append(facts.state.upper() if facts.state.startswith("link") else facts.state)
    if facts.since_s is not None:
        parts.append(duration(max(0.0, facts.since_s)))
    parts.append(facts.recording)
    if typing:
        parts.append(f"{escape} leaves")
    if facts.title:
        parts.append(f"“{facts.title}”")
    return "  ".join(parts)


def strip_words(titles: list[tuple[str, bool, bool]], shown: int) -> str:
    """The consoles: (title, live, bell) each, the one that is shown in brackets."""
    words: list[str] = []
    for index, (title, live, bell) in enumerate(titles):
        text = f"{title}{'' if live else ' ended'}{' ♪' if bell else ''}"
        words.append(f"[{text}]" if index == shown else f" {text} ")
    return " ".join(words)
