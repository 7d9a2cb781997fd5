"""The commands about a file, for which no fleet is needed."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--speed", default=1.0, show_default=True, help="So many times as fast.")
@click.option("--idle", default=2.0, show_default=True, help="The longest pause, in seconds.")
@click.option("--dump", is_flag=True, help="Print all it showed, as text, and end.")
def replay(file: Path, speed: float, idle: float, dump: bool) -> None:
    """Play a console's recording (asciicast v2) in this terminal."""
    from tui.headless_replay import replay as play

    if speed <= 0:
        raise click.BadParameter("must be above 0", param_hint="--speed")
    raise SystemExit(play(file, speed=speed, longest_s=max(0.0, idle), dump=dump))


@click.command()
@click.argument(
    "file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)
)
@click.option("--json", "as_json", is_flag=True, help="As one JSON document.")
def diagnose(file: Path, as_json: bool) -> None:
    """What known failures a journal shows: a file, or - for stdin; no fleet is needed.

    Reads `journalctl -o export`, -o short or short-iso, beamdeck's own tail, and plain text.
    Exit status 0: nothing known was found; 1: there are cards; 2: wrong usage.
    """
    from tui.headless_diagnose import print_diagnosis

    raise SystemExit(print_diagnosis(file, as_json=as_json))
