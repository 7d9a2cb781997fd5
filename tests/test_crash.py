"""R5: what a crash says: no locals, no control characters, no secrets; kept in a private file."""

from __future__ import annotations

from pathlib import Path

from textual.app import App

from tui.app import BeamdeckApp
from tui.crash import report_of, write_report
from tui.model.fleet import Config

SECRET = "hunter2-Zq9"


def crashed() -> Exception:
    password = SECRET + "-local"
    try:
        raise RuntimeError(f"ecto://billing:{SECRET}@db1/x said \x1b]52;c;aGk=\x07 {len(password)}")
    except RuntimeError as error:
        return error


def test_a_report_has_the_place_and_no_locals_no_secret_no_escape() -> None:
    report = report_of(crashed())
    assert "test_crash.py" in report
    assert "RuntimeError" in report
    assert SECRET not in report
    assert "-local\n" not in report
    assert "\x1b" not in report
    assert "\x07" not in report


def test_the_report_is_a_private_file_and_the_sentence_names_it(tmp_path: Path) -> None:
    said = write_report(tmp_path / "state", crashed())
    (written,) = (tmp_path / "state").glob("crash-*.txt")
    assert str(written) in said
    assert written.stat().st_mode & 0o777 == 0o600
    assert SECRET not in said + written.read_text()
    assert "\x1b" not in said


def test_without_a_place_to_write_the_report_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    said = write_report(tmp_path / "state", crashed())
    assert "test_crash.py" in said
    assert SECRET not in said


def test_nothing_known_is_said_so() -> None:
    assert "does not know" in report_of(None)


async def test_the_app_leaves_by_a_report_and_not_by_textuals_traceback(tmp_path: Path) -> None:
    app = BeamdeckApp(Config(), tmp_path)
    app._exception = crashed()
    app._exit_renderables.clear()
    # Only the way out is tried: nothing runs.
    app._close_messages_no_wait = lambda: None  # type: ignore[method-assign]
    app.bell = lambda: None  # type: ignore[method-assign]
    app._fatal_error()
    shown = [str(part) for part in app._exit_renderables]
    assert len(shown) == 1
    assert "holds no local variables" in shown[0]
    assert SECRET not in shown[0]
    assert App._fatal_error is not BeamdeckApp._fatal_error
