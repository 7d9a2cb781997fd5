"""`beamdeck timeline` after a restart that was carried out, notes and an incident around it."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from tests.test_headless import config, run, state

__all__ = ["config", "state"]


def test_what_was_done_and_said_is_one_stream_and_exported(
    config: str, state: Path, tmp_path: Path
) -> None:
    def beamdeck(*args: str) -> str:
        done = run(config, state, *args)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    beamdeck("note", "before it all")
    beamdeck("incident", "open", "the 500s")
    beamdeck("note", "ann says password=correct-horse | <b>")
    asked = ("restart", "billing", "--host", "web1")
    plan = json.loads(beamdeck("plan", *asked, "--json"))["plan"]
    beamdeck("run", "--plan-hash", plan, *asked)
    beamdeck("incident", "close", "the 500s")
    beamdeck("note", "after it all")

    told = json.loads(beamdeck("timeline", "--format", "json"))["entries"]
    kinds = [entry["kind"] for entry in told]
    assert kinds[:3] == ["note", "incident opened", "note"]
    assert kinds[-2:] == ["incident closed", "note"]
    assert {"plan", "command", "outcome"} <= set(kinds)
    commands = [entry["text"] for entry in told if entry["kind"] == "command"]
    assert any("systemctl --job-mode=fail restart billing_prod.service" in c for c in commands)
    assert [entry["at"] for entry in told] == sorted(entry["at"] for entry in told)

    page = tmp_path / "incident.html"
    words = ("timeline", "--incident", "the 500s", "--format", "html", "-o", str(page))
    assert beamdeck(*words) == f"{page}: written\n"
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    text = page.read_text()
    assert "billing_prod.service" in text
    assert "it all" not in text, "only what lies between its begin and its end"
    assert "correct-horse" not in text
    again = run(config, state, *words)
    assert again.returncode == 1
    assert "exists" in again.stderr

    only = beamdeck("timeline", "--kind", "note", "--grep", "AFTER")
    assert only.count("note  ") == 1
    refused = run(config, state, "incident", "close", "the 500s")
    assert refused.returncode == 1
    assert "no open incident" in refused.stderr
    assert run(config, state, "incident", "open", "x").returncode == 0
    assert "open already" in run(config, state, "incident", "open", "x").stderr
    # A name is kept without what is secret in it, and found as it was typed.
    beamdeck("incident", "open", "password=correct-horse  leaked")
    beamdeck("timeline", "--incident", "password=correct-horse leaked")
    beamdeck("incident", "close", "password=correct-horse leaked")
    unknown = run(config, state, "timeline", "--incident", "nothing")
    assert unknown.returncode == 1
    assert "no incident is called" in unknown.stderr
