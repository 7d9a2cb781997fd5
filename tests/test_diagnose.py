"""`beamdeck diagnose`: real exports, journalctl's text, plain text; exit status and memory."""

from __future__ import annotations

import io
import json
import tracemalloc
from pathlib import Path

import pytest
from click.testing import CliRunner

from tui.cli import commands
from tui.diagnosis_rules import own_rules
from tui.operations.diagnose_file import LINE_CAP, diagnose

TRANSCRIPTS = Path(__file__).parent / "transcripts"
NOW = 1_795_392_000.0  # 2026-11-23


@pytest.fixture(autouse=True)
def _no_rules_of_this_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def ids(data: bytes) -> dict[str, int]:
    """Rules found in a text, with their counts."""
    cards = diagnose(io.BytesIO(data), own_rules(), "file", NOW)
    return {card.rule.id: card.count for card in cards}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("loop", {"start-limit": 1, "module-missing": 5}),
        ("sigkill", {"stop-timeout": 1}),
        ("suppressed", {"suppressed": 1}),
        ("probe", {"cut-by-journald": 1}),
        ("restart", {}),
        # Two deploys, a rollback with its migrations, six restarts in a minute, each awaited.
        ("deploy", {}),
    ],
)
def test_real_exports(name: str, found: dict[str, int]) -> None:
    data = (TRANSCRIPTS / f"journal_{name}.export").read_bytes()
    assert ids(data) == found
    assert ids(b"Welcome to web1\n" + data) == found


class Slow:
    """A source that gives a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data = io.BytesIO(data)
        self._size = size

    def read(self, _size: int, /) -> bytes:
        """The next bytes."""
        return self._data.read(self._size)


@pytest.mark.parametrize("size", [97, 4096])
def test_blocks_may_end_anywhere(size: int) -> None:
    data = (TRANSCRIPTS / "journal_loop.export").read_bytes()
    cards = diagnose(Slow(data, size), own_rules(), "file", NOW)
    assert {c.rule.id: c.count for c in cards} == {"start-limit": 1, "module-missing": 5}


SHORT = """\
-- Journal begins at Mon 2026-11-23 --
Nov 23 00:33:35 web1 systemd[1]: Stopping billing_prod.service - billing service (prod)...
Nov 23 00:33:41 web1 systemd[1]: Stopping billing_prod.service - billing service (prod)...
Nov 23 00:33:42 web1 billing[42]: [notice] Application telemetry exited: exited in: :telemetry_app.start(:normal, [])
Nov 23 00:33:42 web1 billing[42]:     ** (EXIT) an exception was raised:
Nov 23 00:33:42 web1 billing[42]:         ** (UndefinedFunctionError) function :telemetry_app.start/2 is undefined (module :telemetry_app is not available)
Nov 23 00:33:42 web2 systemd-journald[9]: Suppressed 250 messages from flood.service
Nov 23 00:33:43 web2 billing[43]: systemd said: Start request repeated too quickly.
Nov 23 00:33:59 web1 billing[43]: [info] fine
"""  # noqa: E501


def test_journalctls_text() -> None:
    found = ids(SHORT.encode())
    assert found == {"module-missing": 1, "double-restart": 1, "suppressed": 1}
    iso = SHORT.replace("Nov 23 ", "2026-11-23T").replace(" web", "+0000 web")
    assert ids(iso.encode()) == found
    card = diagnose(io.BytesIO(SHORT.encode()), own_rules(), "file", NOW)[0]
    assert (card.host, card.first_us) == ("web1", 1_795_394_022_000_000)


def test_a_dead_service_says_nothing_more() -> None:
    text = SHORT.splitlines()[3].replace("telemetry exited", "billing exited")
    assert "exited in" in text
    assert ids(text.encode()) == {"application-failed": 1}
    assert ids(SHORT.encode()).get("application-failed") is None


def test_our_own_tail() -> None:
    text = (
        "2026-11-23T03:07:41.180Z web1 info  [info] request_id=1 GET / Sent 200 in 1ms\n"
        "2026-11-23T03:07:41.204Z web2 UNIT  looper.service: Start request repeated too quickly.\n"
        "2026-11-23T03:07:41.204Z web2 info  Start request repeated too quickly.\n"
    )
    assert ids(text.encode()) == {"start-limit": 1}


def test_plain_text_has_no_spans_and_no_speakers() -> None:
    text = "Stopping a...\nStopping a...\n{:error, :eaddrinuse}\n"
    text += "x: Start request repeated too quickly."
    assert ids(text.encode()) == {"port-in-use": 1, "start-limit": 1}


def test_memory_does_not_grow_with_the_file() -> None:
    line = b"[error] {:error, :eaddrinuse} " + b"x" * 200 + b"\n"

    class Endless:
        def __init__(self, blocks: int) -> None:
            self.blocks = blocks

        def read(self, _size: int, /) -> bytes:
            self.blocks -= 1
            if self.blocks <= 0:
                return b""
            # Many findings, then a line that does not end.
            return b"y" * LINE_CAP if self.blocks % 40 else line * 100

    def peak(blocks: int) -> int:
        tracemalloc.start()
        diagnose(Endless(blocks), own_rules(), "file", NOW)
        result = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return result

    peak(2)
    assert peak(100) < peak(5) + 400_000


def run(*args: str, text: bytes | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(commands, ["diagnose", *args], input=text)
    return result.exit_code, result.output


def test_the_command_and_its_status(tmp_path: Path) -> None:
    export = TRANSCRIPTS / "journal_loop.export"
    code, said = run(str(export))
    assert code == 1
    assert "module :telemetry_app is not available" in said
    assert "next   " in said
    code, said = run("-", "--json", text=export.read_bytes())
    assert code == 1
    assert [(card["rule"], card["count"]) for card in json.loads(said)] == [
        ("start-limit", 1),
        ("module-missing", 5),
    ]
    healthy = tmp_path / "healthy.txt"
    healthy.write_text("[info] all is well\n")
    assert run(str(healthy)) == (0, f"nothing that {len(own_rules())} rules know\n")
    assert run(str(healthy), "--json") == (0, "[]\n")
    assert run(str(tmp_path / "none"))[0] == 2


def test_secrets_and_escapes_of_a_file_do_not_get_out(tmp_path: Path) -> None:
    text = b"\x1b[31mERROR\x1b]0;x\x07 postgres://u:topsecret@db eaddrinuse -setcookie SESAMEOPEN"
    said = run("-", text=text)[1]
    assert "topsecret" not in said
    assert "SESAMEOPEN" not in said
    assert "\x1b" not in said


def test_a_broken_rule_of_the_user_is_said_on_stderr(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "beamdeck" / "rules"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text("[[rules]]\nid = 3\n")
    result = CliRunner().invoke(commands, ["diagnose", "-"], input=b"well\n")
    assert result.exit_code == 0
    assert "mine.toml:2: rules[0].id: must be a text" in result.stderr
